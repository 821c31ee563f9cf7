"""How connections look from outside, and what is sent to make or change one."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Schema

from tenantry.kit.clock import now
from tenantry.kit.schemas import Strict, TypeId, moment

from . import troubles
from .connections import missing
from .models import Certificate, Connection
from .parties import our_side
from .saml.names import BINDINGS

ConnectionRef = Annotated[UUID, TypeId("con")]
OrganizationRef = Annotated[UUID, TypeId("org")]


class SsoGroupRole(Strict):
    """Members of this group get this role; of several the highest."""

    group: str = Field(max_length=300)
    role: str = Field(max_length=20)


class SsoSettings(Strict):
    """What can be set. A SAML provider comes by ``metadata_url`` or ``metadata_xml`` (parsed into fields, not kept), or field by
    field; an OpenID provider by its ``issuer``. ``mapping`` names the provider's attributes for ``email``, ``name``, ``first_name``,
    ``last_name`` and ``groups``, and as ``custom`` any others; what it leaves out is looked for under the usual names."""

    name: str | None = Field(None, max_length=80)
    metadata_url: str | None = Field(None, max_length=2000)
    metadata_xml: str | None = Field(None, max_length=1_000_000)
    idp_entity_id: str | None = Field(None, max_length=1024)
    sso_url: str | None = Field(None, max_length=2000)
    sso_binding: Literal["redirect", "post"] | None = Field(None, description="How requests for a sign-in are sent to ``sso_url``.")
    slo_url: str | None = Field(None, max_length=2000)
    slo_binding: Literal["redirect", "post"] | None = Field(None, description="How messages about signing out are sent to ``slo_url``.")
    certificates: list[str] | None = Field(None, max_length=10)
    issuer: str | None = Field(None, max_length=1024)
    client_id: str | None = Field(None, max_length=300)
    client_secret: str | None = Field(None, max_length=2000)
    client_authentication: Literal["client_secret", "private_key_jwt"] | None = Field(
        None, description="How we say who we are: ``private_key_jwt`` is by a key of ours, whose public half is at ``ours.jwks_url``."
    )
    idp_initiated: bool | None = None
    require_signed_response: bool | None = None
    sign_requests: bool | None = None
    single_logout: bool | None = None
    mapping: dict[str, str | dict[str, str]] | None = None
    group_roles: list[SsoGroupRole] | None = Field(None, max_length=200)


class SsoConnectionIn(SsoSettings):
    """With ``kind`` alone it is a draft that has our addresses for the provider. ``preset`` is ``okta``, ``entra``, ``google``,
    ``onelogin``, ``jumpcloud``, ``keycloak`` or ``generic``; in sandbox workspaces also ``test``, the built-in provider."""

    kind: Literal["saml", "oidc"]
    preset: str = Field("generic", max_length=12)


class SsoOurSide(Schema):
    """What the provider is told of us."""

    entity_id: str
    metadata_url: str
    acs_url: str
    callback_url: str
    slo_url: str
    start_url: str
    jwks_url: str
    certificate_url: str


class SsoCertificate(Schema):
    """``state`` is ``valid``, ``ending`` (within 30 days), ``critical`` (within 7), ``expired`` or ``not_yet_valid``."""

    fingerprint: str
    subject: str
    not_before: str | None
    not_after: str | None
    state: str


class SsoTrouble(Schema):
    """``code`` is ``certificate_expired``, ``certificate_critical`` (within 7 days), ``certificate_ending`` (within 30),
    ``metadata_unreadable`` or ``answer_refused``; ``at`` when the certificate ends, or since when."""

    code: str
    detail: str
    at: str | None


class SsoTroubled(Schema):
    """A connection with which something is wrong; ``mode`` is that of its organization's policy."""

    organization: str
    organization_name: str
    connection: str
    name: str
    kind: str
    mode: str
    troubles: list[SsoTrouble]


class SsoConnectionOut(Schema):
    """``state`` is ``draft`` while something of ``missing`` is unknown, then ``ready``. ``tested_at`` is the last test sign-in that would
    have let an owner in. ``refresh_error`` says why metadata or discovery couldn't be read the last time."""

    id: str
    kind: str
    preset: str
    name: str
    state: str
    missing: list[str]
    ours: SsoOurSide
    idp_entity_id: str
    sso_url: str
    sso_binding: str
    slo_url: str
    slo_binding: str
    metadata_url: str
    certificates: list[SsoCertificate]
    issuer: str
    client_id: str
    has_client_secret: bool
    client_authentication: str
    idp_initiated: bool
    require_signed_response: bool
    sign_requests: bool
    single_logout: bool
    mapping: dict[str, Any]
    group_roles: list[SsoGroupRole]
    refreshed_at: str | None
    refresh_error: str
    tested_at: str | None
    last_test: dict[str, Any] | None
    last_used_at: str | None
    troubles: list[SsoTrouble]
    created_at: str | None


def binding_name(binding: str) -> str:
    """``redirect`` or ``post``; by redirect where nothing was said."""
    return next((name for name, value in BINDINGS.items() if value == binding), "redirect")


def state_of(certificate: Certificate) -> str:
    """How a certificate stands today."""
    today = now()
    if certificate.not_after <= today:
        return "expired"
    if certificate.not_before > today:
        return "not_yet_valid"
    left = certificate.not_after - today
    return "critical" if left <= troubles.CRITICAL else "ending" if left <= troubles.WARN else "valid"


def trouble_shape(trouble: troubles.Trouble) -> dict[str, Any]:
    """What is wrong, as the API shows it."""
    return {"code": trouble.code, "detail": trouble.detail, "at": moment(trouble.at)}


def troubled_shape(row: dict[str, Any]) -> dict[str, Any]:
    """An entry of the staff's list."""
    connection = row["connection"]
    return {
        "organization": connection.organization.public_id, "organization_name": connection.organization.name,
        "connection": connection.public_id, "name": connection.name, "kind": connection.kind, "mode": row["mode"],
        "troubles": [trouble_shape(one) for one in row["troubles"]],
    }  # fmt: skip


def connection_shape(connection: Connection) -> dict[str, Any]:
    """One connection as the API shows it; secrets only as that they are there."""
    rows = list(Certificate.objects.filter(connection=connection).order_by("not_after"))
    plain = (
        "kind preset name state idp_entity_id sso_url slo_url metadata_url issuer client_id client_authentication idp_initiated "
        "require_signed_response sign_requests single_logout mapping group_roles refresh_error"
    ).split()
    return {name: getattr(connection, name) for name in plain} | {
        "id": connection.public_id,
        "missing": missing(connection, certificates=len(rows)),
        "ours": our_side(connection),
        "sso_binding": binding_name(connection.sso_binding),
        "slo_binding": binding_name(connection.slo_binding),
        "certificates": [
            {
                "fingerprint": row.fingerprint, "subject": row.subject, "not_before": moment(row.not_before),
                "not_after": moment(row.not_after), "state": state_of(row),
            }
            for row in rows
        ],
        "has_client_secret": bool(connection.sealed_client_secret),
        "refreshed_at": moment(connection.refreshed_at),
        "tested_at": moment(connection.tested_at),
        "last_test": connection.last_test,
        "last_used_at": moment(connection.last_used_at),
        "troubles": [trouble_shape(one) for one in troubles.of(connection, rows[-1].not_after if rows else None)],
        "created_at": moment(connection.created_at),
    }  # fmt: skip
