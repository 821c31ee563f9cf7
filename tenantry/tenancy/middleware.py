"""From an address to an open scope, and from a status to a commit or a roll-back."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve, set_script_prefix

from tenantry.kit.answers import problem_response
from tenantry.kit.problems import Problem

from .scope import scope
from .services import DEFAULT_SLUG, SLUG

# Addresses of the installation as a whole; everything else is a tenant's.
PLATFORM_PATHS = ("/static/", "/healthz", "/favicon.ico", "/csp-report")
# The same, with views of their own that open scopes; they answer nowhere below /t/<slug>.
INSTALLATION_PATHS = ("/health", "/metrics", "/install", "/signup", "/workspaces", "/api/v1/install", "/api/v1/signup")
# Also below a workspace's prefix: it touches nothing of any, and must not cost a transaction.
_OF_NOBODY = "/csp-report"


class TenantScope:
    """Open the tenant's scope around the request; status 400 and above rolls everything back.

    In multi mode ``/t/<slug>`` is taken off the path and becomes the script prefix, so that views, ``reverse`` and
    ``{% url %}`` know nothing of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(PLATFORM_PATHS) or of_installation(request.path_info):
            return self.get_response(request)
        try:
            return self._inside(request)
        except Problem as problem:
            return problem_response(request, problem)

    def _inside(self, request: HttpRequest) -> HttpResponseBase:
        slug, rest = split(request.path_info)
        set_prefix = ""
        if settings.ENVIRONMENT.multi:
            if not slug:
                raise _without_prefix(rest)
            request.path_info = rest
            if of_installation(rest):
                raise Problem(404, "not_found", "There is nothing at this address: it is the installation's, without /t/<slug>.")
            if not SLUG.fullmatch(slug):  # the database would also take an id, and choke on bytes that no slug has
                raise Problem(404, "tenant_not_found", "There is no workspace at this address.")
            if rest == _OF_NOBODY:
                return self.get_response(request)
            set_prefix = f"/t/{slug}/"
        elif slug:  # before anybody is asked who they are: no key and no sign-in would make it right
            request.path_info = rest
            raise Problem(404, "not_found", f"This installation hosts one workspace, so addresses have no /t/<slug>: {rest}")
        set_script_prefix(set_prefix or "/")
        request.cookie_path = set_prefix or "/"  # type: ignore[attr-defined]  # sessions of two tenants never meet
        with scope(slug or DEFAULT_SLUG, organizations=()) as opened:
            request.tenant = opened  # type: ignore[attr-defined]  # read by templates and the guard
            response = self.get_response(request)
            if response.status_code >= 400:
                transaction.set_rollback(True, using=opened.using)
        return response


def of_installation(path: str) -> bool:
    """Whether this is ``/install`` and its like, or below it."""
    return any(path == own or path.startswith(f"{own}/") for own in INSTALLATION_PATHS)


def split(path: str) -> tuple[str, str]:
    """``/t/acme/api/v1/me`` is ``("acme", "/api/v1/me")``; a path without the prefix has no slug."""
    if not path.startswith("/t/"):
        return "", path
    slug, _, rest = path[3:].partition("/")
    return slug, "/" + rest


def _without_prefix(path: str) -> Problem:
    try:
        resolve(path)
    except Resolver404:
        return Problem(404, "not_found", "There is nothing at this address.")
    return Problem(
        400,
        "tenant_slug_missing",
        f"This installation hosts several workspaces, so an address begins with one's slug: /t/<slug>{path}",
    )
