"""Django's settings, all of them consequences of ``environment.py``."""

from __future__ import annotations

import warnings

import django_stubs_ext

from tenantry.kit import crypto

from . import logs
from .database import django_databases
from .environment import environment

django_stubs_ext.monkeypatch()

ENVIRONMENT = environment()
SECRETS_KEYS = ENVIRONMENT.secrets_keys()
SECRET_KEY = crypto.derive(SECRETS_KEYS[0], "django").hex()
SECRET_KEY_FALLBACKS = [crypto.derive(key, "django").hex() for key in SECRETS_KEYS[1:]]
DEBUG = False  # pages of tracebacks show settings and locals; the log has the traceback
ALLOWED_HOSTS = [host.strip() for host in ENVIRONMENT.allowed_hosts.split(",")]

INSTALLED_APPS = [
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "procrastinate.contrib.django",
    "tenantry.tenancy",
    "tenantry.audit",
    "tenantry.jobs",
    "tenantry.webhooks",
    "tenantry.mail",
    "tenantry.access",
    "tenantry.entitlements",
    "tenantry.people",
    "tenantry.organizations",
    "tenantry.sso",
    "tenantry.scim",
    "tenantry.workspaces",
    "tenantry.maintenance",
    "tenantry.portal",
    "tenantry.api",
    "tenantry.install",
]
MIDDLEWARE = [
    "tenantry.portal.middleware.SecurityHeaders",
    "tenantry.portal.middleware.RequestRecord",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tenantry.install.middleware.FirstRun",
    "tenantry.tenancy.middleware.TenantScope",
    "tenantry.people.middleware.Authentication",
    "tenantry.maintenance.middleware.Maintenance",
    "tenantry.access.middleware.RateLimits",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "tenantry.portal.middleware.AccessNotice",
    "django_htmx.middleware.HtmxMiddleware",
    "tenantry.portal.middleware.ProblemPages",
    "tenantry.api.idempotency.Idempotency",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "tenantry.portal.shell.shell",
            ],
            "builtins": ["tenantry.portal.templatetags.portal"],
        },
    }
]

DATABASES = django_databases(ENVIRONMENT)
DATABASE_ROUTERS = ["tenantry.tenancy.routing.Planes"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Django's own check wants AUTH_PASSWORD_VALIDATORS on a user model; ours are called in people/passwords.py.
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]

MESSAGE_STORAGE = "tenantry.portal.toasts.Toasts"
SECURE_COOKIES = ENVIRONMENT.base_url.startswith("https://")
CSRF_COOKIE_NAME = f"{'__Host-' if SECURE_COOKIES else ''}tenantry_csrf"  # as kit/cookies.py names the others
CSRF_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_HTTPONLY = True  # pages carry the token themselves
CSRF_FAILURE_VIEW = "tenantry.portal.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [ENVIRONMENT.base_url] if ENVIRONMENT.public_url else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.trusted_proxies else None

LOGIN_URL = "sign_in"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
APPEND_SLASH = False
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_AUTOREFRESH = ENVIRONMENT.mode == "development"
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024

PROCRASTINATE_DATABASE_ALIAS = "default"

LOGGING_CONFIG = None
# WhiteNoise hands its files over synchronously; they are small and the browser keeps them. Our own streams are asynchronous.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
logs.configure(ENVIRONMENT)
