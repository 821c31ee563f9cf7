"""The mail services that django-anymail speaks to: what each wants to know, and how it tells of bounces.

https://anymail.dev/en/stable/esps/ names the settings; here they are a tenant's own and are handed to a backend of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Option:
    """A plain field of one provider beside the token. ``name`` is ours and anymail's."""

    name: str
    label: str
    required: bool = False
    hint: str = ""


API_URL = Option("api_url", "API address", hint="Empty for the provider's usual one; an account in the EU may have another.")


@dataclass(frozen=True, slots=True)
class Provider:
    """``key`` and ``second`` are anymail's names of what we call ``token`` and ``password``; an empty one isn't asked for.

    ``view`` is anymail's reader of the provider's events, ``unused`` the key that it asks for though we know the sender already.
    """

    label: str
    key: str = "api_key"
    key_label: str = "API key"
    second: str = ""
    second_label: str = ""
    options: tuple[Option, ...] = (API_URL,)
    view: str = ""
    unused: dict[str, str] = field(default_factory=dict)

    @property
    def required(self) -> list[Option]:
        """The options without which it can't send."""
        return [option for option in self.options if option.required]


_OWN_API = Option("api_url", "API address", required=True)

PROVIDERS: dict[str, Provider] = {
    "postmark": Provider(
        "Postmark", key="server_token", key_label="Server token",
        options=(Option("message_stream", "Message stream", hint="Empty for “outbound”."), API_URL), view="PostmarkTracking",
    ),
    "ses": Provider(
        "Amazon SES", key="aws_secret_access_key", key_label="Secret access key",
        options=(Option("aws_access_key_id", "Access key id", required=True), Option("region_name", "Region", required=True)),
        view="AmazonSESTracking",
    ),
    "sendgrid": Provider("SendGrid", view="SendGridTracking"),
    "mailgun": Provider(
        "Mailgun", options=(Option("sender_domain", "Sending domain", hint="Empty for that of the sender's address."), API_URL),
        view="MailgunTracking", unused={"webhook_signing_key": "-"},
    ),
    "resend": Provider("Resend", view="ResendTracking"),
    "brevo": Provider("Brevo", view="BrevoTracking"),
    "mailersend": Provider(
        "MailerSend", key="api_token", key_label="API token", view="MailerSendTracking", unused={"signing_secret": "-"},
    ),
    "mailjet": Provider("Mailjet", second="secret_key", second_label="Secret key", view="MailjetTracking"),
    "mailtrap": Provider(
        "Mailtrap", key="api_token", key_label="API token", options=(Option("sandbox_id", "Sandbox id"), API_URL),
        view="MailtrapTracking",
    ),
    "mandrill": Provider("Mandrill", view="MandrillCombined", unused={"webhook_key": "-"}),
    "postal": Provider("Postal", options=(_OWN_API,), view="PostalTracking", unused={"webhook_key": "-"}),
    "scaleway": Provider(
        "Scaleway", key="secret_key", key_label="Secret key",
        options=(Option("project_id", "Project id", required=True), Option("region", "Region", hint="Empty for fr-par."), API_URL),
    ),
    "sparkpost": Provider("SparkPost", options=(Option("subaccount", "Subaccount"), API_URL), view="SparkPostTracking"),
    "unisender_go": Provider("Unisender Go", options=(_OWN_API,), view="UnisenderGoTracking", unused={"api_key": "-"}),
}  # fmt: skip
_MODULES = {"ses": "amazon_ses"}  # where anymail's name isn't ours
TIMEOUT_SECONDS = 15


def usable(name: str) -> bool:
    """Whether what the provider needs is installed: Amazon's own library isn't by itself."""
    return name != "ses" or find_spec("boto3") is not None


def backend(name: str, *, secrets: dict[str, str], options: dict[str, str]) -> BaseEmailBackend:
    """A connection with these credentials; nothing comes from Django's settings. ``secrets``: ``token``, ``password``."""
    provider = PROVIDERS[name]
    given: dict[str, Any] = {key: value for key, value in options.items() if value}
    for kept, theirs in (("token", provider.key), ("password", provider.second)):
        if theirs:
            given[theirs] = secrets.get(kept, "")
    if name == "ses":
        given = {"client_params": given}
    else:
        given["requests_timeout"] = TIMEOUT_SECONDS
    made: BaseEmailBackend = _module("backends", name).EmailBackend(ignore_unsupported_features=True, debug_api_requests=False, **given)
    return made


def events_of(name: str, request: HttpRequest) -> list[Any]:
    """A provider's report, of a request that is known to be its, as anymail's normalised events.

    Raises whatever its parser meets in a body that is none: ValueError, KeyError, TypeError, AttributeError, AnymailError.
    """
    provider = PROVIDERS[name]
    kind = getattr(_module("webhooks", name), f"{provider.view}WebhookView")
    view = kind.__new__(kind) if name == "ses" else kind(webhook_secret=["checked before"], **provider.unused)  # its __init__ wants boto3
    view.auto_confirm_enabled = False
    found: list[Any] = view.parse_events(request)
    return found


def _module(kind: str, name: str) -> Any:
    return import_module(f"anymail.{kind}.{_MODULES.get(name, name)}")
