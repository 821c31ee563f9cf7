"""The tenant's mail settings, what became of its mails, and what providers report."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any
from uuid import UUID

from anymail.exceptions import AnymailError
from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from tenantry.access import limits
from tenantry.access.guards import actor_of, guard_tenant
from tenantry.kit.emails import normalize
from tenantry.kit.etags import expected_version, set_etag
from tenantry.kit.operations import needs
from tenantry.kit.problems import Problem, invalid, not_found
from tenantry.kit.schemas import Listing, Paging, Strict, TypeId, listing, moment
from tenantry.tenancy.addresses import address
from tenantry.tenancy.settings import Group, read_group

from . import queries, reports, routes, services, settings, suppressions
from .models import Message, Suppression
from .providers import PROVIDERS, events_of
from .tasks import confirm_subscription
from .trial import Trial, try_out

router = Router()
MessageRef = Annotated[UUID, TypeId("msg")]
SuppressionRef = Annotated[UUID, TypeId("sup")]


class InForce(Schema):
    """The way that mails take now. ``source``: whose choice it is, ``tenant``, ``environment``, ``development`` or ``none``."""

    source: str
    transport: str
    sender: str
    delivers: bool


class MailSettings(Schema):
    """Secrets are never shown: ``has_password`` and ``has_token`` say that they are kept."""

    transport: str
    from_email: str
    from_name: str
    reply_to: str
    host: str
    port: int | None
    tls: str
    username: str
    has_password: bool
    has_token: bool
    options: dict[str, str]
    reports_open: bool
    in_force: InForce
    version: int


class MailSettingsIn(Strict):
    """``password`` and ``token``, left out or empty, stay as they are while account and server stay the same."""

    transport: str = Field(max_length=40, description="smtp, a provider's name, environment or (development) console", examples=["smtp"])
    from_email: str = Field("", max_length=254, examples=["hello@northwind.example"])
    from_name: str = Field("", max_length=120)
    reply_to: str = Field("", max_length=254)
    host: str = Field("", max_length=253, examples=["smtp.northwind.example"])
    port: int | None = Field(None, examples=[587])
    tls: str = Field("starttls", max_length=10, description="starttls, implicit or none")
    username: str = Field("", max_length=254)
    password: str = Field("", max_length=1000)
    token: str = Field("", max_length=4000)
    options: dict[str, str] = Field({}, description="The provider's further fields, such as message_stream or api_url")


class TestIn(Strict):
    to: str = Field("", max_length=254, description="Your own address, if not said", examples=["ada@northwind.example"])


class TestOut(Schema):
    """``code`` is our word for what went wrong, ``server_said`` the server's own."""

    sent: bool
    to: str
    transport: str
    source: str
    code: str | None
    detail: str | None
    server_said: str | None
    ms: int


class ReportsOut(Schema):
    """Shown once. Providers take the secret in the address, as user name and password, or as ``?secret=``."""

    url: str
    username: str
    secret: str


class MessageOut(Schema):
    id: str
    to: str
    subject: str
    template: str
    about: str | None
    status: str
    code: str | None
    server_said: str | None
    can_retry: bool
    created_at: str | None
    sent_at: str | None


class SuppressionOut(Schema):
    id: str
    address: str
    reason: str
    provider: str
    detail: str
    created_at: str | None


class MessagesWanted(Paging):
    status: str = ""
    to: str = ""


class SuppressionsWanted(Paging):
    address: str = ""
    search: str = ""


class Taken(Schema):
    taken: int


@router.get("/settings/mail", response=MailSettings, summary="Mail settings", **needs("tenant:read"))
def get_mail_settings(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """What was saved, and which way rules: the tenant's own, or the installation's."""
    guard_tenant(request, "tenant:read")
    return _shown(response, read_group(routes.GROUP))


@router.put("/settings/mail", response=MailSettings, summary="Change the mail settings", **needs("tenant:write", versioned=True))
def put_mail_settings(request: HttpRequest, response: HttpResponse, body: MailSettingsIn) -> dict[str, Any]:
    """All of it; settings that can't work are refused with each field's pointer. ``environment`` goes back to the installation's."""
    guard_tenant(request, "tenant:write")
    wanted = settings.Wanted(**body.dict())
    return _shown(response, settings.change(wanted=wanted, expected_version=expected_version(request), actor=actor_of(request)))


def _shown(response: HttpResponse, group: Group) -> dict[str, Any]:
    set_etag(response, group.version)
    route, values = routes.route_of(group), group.values
    return {
        **{name: values.get(name, "") for name in ("from_email", "from_name", "reply_to", "host", "tls", "username")},
        "transport": values.get("transport", routes.ENVIRONMENT),
        "port": values.get("port"),
        "options": values.get("options", {}),
        "has_password": "password" in group.secrets,
        "has_token": "token" in group.secrets,
        "reports_open": reports.are_open(),
        "in_force": {"source": route.source, "transport": route.transport, "sender": route.sender, "delivers": route.reaches},
        "version": group.version,
    }


@router.post("/settings/mail/test", response=TestOut, summary="Send a test mail",
             **needs("tenant:write", attempts=limits.told("mail_test")))  # fmt: skip
def test_mail(request: HttpRequest, body: TestIn | None = None) -> dict[str, Any]:
    """By the settings that rule now, at once: 200 whatever the server said, with its own words."""
    principal = guard_tenant(request, "tenant:write")
    limits.count("mail_test", principal.caller)
    to = normalize(body.to if body and body.to else principal.user.email if principal.user else "", pointer="/to")
    return _tried(routes.present(), to, request)


def _tried(route: routes.Route, to: str, request: HttpRequest) -> dict[str, Any]:
    trial: Trial = try_out(route=route, to=to, actor=actor_of(request))
    return {
        "sent": trial.sent, "to": to, "transport": route.transport, "source": route.source, "code": trial.code or None,
        "detail": trial.words or None, "server_said": trial.said or None, "ms": trial.ms,
    }  # fmt: skip


@router.post("/settings/mail/reports", response={201: ReportsOut}, summary="Make the address for a provider's reports",
             **needs("tenant:write"))  # fmt: skip
def open_reports(request: HttpRequest) -> tuple[int, dict[str, Any]]:
    """Where the provider tells of bounces and complaints. An earlier secret stops working."""
    guard_tenant(request, "tenant:write")
    secret = reports.open_reports(actor=actor_of(request))
    return 201, {"url": reports_url("{provider}"), "username": reports.USER, "secret": secret}


def reports_url(provider: str) -> str:
    """Where a provider reports to, without the secret."""
    return address("api:mail_events", provider="provider").removesuffix("provider") + provider


@router.get("/mail/messages", response=Listing[MessageOut], summary="Mails", **needs("tenant:read"))
def list_messages(request: HttpRequest, wanted: Query[MessagesWanted]) -> dict[str, Any]:
    """The last 30 days, the latest first; ``?status=lost`` for those that didn't arrive, ``?to=`` exactly. Never their text."""
    guard_tenant(request, "tenant:read")
    return listing(queries.list_messages(**wanted.dict()), _message)


def _message(row: Message) -> dict[str, Any]:
    return {
        "id": row.public_id, "to": row.to, "subject": row.subject, "template": row.template, "about": row.about or None,
        "status": row.status, "code": row.code or None, "server_said": row.error or None,
        "can_retry": row.status == Message.Status.FAILED, "created_at": moment(row.created_at), "sent_at": moment(row.sent_at),
    }  # fmt: skip


@router.post("/mail/messages/{message_id}/retry", response=MessageOut, summary="Send a failed mail again", **needs("tenant:write"))
def retry_message(request: HttpRequest, message_id: MessageRef) -> dict[str, Any]:
    """By the settings that rule now. 409 ``state_conflict`` unless it has failed."""
    guard_tenant(request, "tenant:write")
    return _message(services.retry(message_id=message_id, actor=actor_of(request)))


@router.get("/mail/suppressions", response=Listing[SuppressionOut], summary="Addresses that get no mail", **needs("tenant:read"))
def list_suppressions(request: HttpRequest, wanted: Query[SuppressionsWanted]) -> dict[str, Any]:
    """The latest first; ``?address=`` exactly."""
    guard_tenant(request, "tenant:read")
    return listing(queries.list_suppressions(**wanted.dict()), _suppression)


def _suppression(row: Suppression) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in ("address", "reason", "provider", "detail")}
    return {"id": row.public_id, **shown, "created_at": moment(row.created_at)}


@router.delete("/mail/suppressions/{suppression_id}", response={204: None}, summary="Let an address have mail again",
               **needs("tenant:write"))  # fmt: skip
def lift_suppression(request: HttpRequest, suppression_id: SuppressionRef) -> tuple[int, None]:
    """What comes back next suppresses it anew."""
    guard_tenant(request, "tenant:write")
    suppressions.lift(suppression_id=suppression_id, actor=actor_of(request))
    return 204, None


@router.post("/mail/events/{provider}", response=Taken, auth=None, summary="A provider's report", url_name="mail_events",
             **needs("public", attempts=limits.told("mail_reports", "mail_reports_refused")))  # fmt: skip
def take_report(request: HttpRequest, provider: str, secret: str = "") -> dict[str, Any]:  # no default secret: none
    """Bounces and complaints in the provider's own form. Proved by the secret, as HTTP basic authentication or ``?secret=``."""
    if provider not in PROVIDERS or not PROVIDERS[provider].view:
        raise not_found("provider")
    limits.count("mail_reports")
    if not reports.is_ours(secret or _basic(request)):
        limits.count("mail_reports_refused")
        ask = {"WWW-Authenticate": 'Basic realm="reports"'}  # Amazon's SNS sends the secret only when it is asked for it
        raise Problem(401, "report_secret_wrong", "This is not the secret for reports. Make a new one in Settings, Mail.", headers=ask)
    try:
        events = events_of(provider, request)
    except (AnymailError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise invalid(f"That is no report of {PROVIDERS[provider].label}.", pointer="", code="report_unreadable") from error
    if provider == "ses" and (url := reports.subscription_of(request.body)):
        confirm_subscription.defer(url=url)
    return {"taken": reports.take(provider=provider, events=events)}


def _basic(request: HttpRequest) -> str:
    """The password of HTTP basic authentication (RFC 7617); the name before it doesn't matter."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
