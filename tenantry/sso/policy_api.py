"""How an organization's people sign in by its provider, over the API; and where an address is sent."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from tenantry.access import limits
from tenantry.access.guards import actor_of, guard, person, require_recent, signed_in
from tenantry.kit.emails import normalize
from tenantry.kit.etags import expected_version, set_etag
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Strict, TypeId, moment
from tenantry.organizations.models import Organization
from tenantry.people.entry import route_of

from . import identities, policies, recovery
from .enforcing import open_window
from .models import Connection, Policy, RecoveryCode
from .shapes import ConnectionRef, OrganizationRef

router = Router()
IdentityRef = Annotated[UUID, TypeId("idn")]
AT = "/organizations/{organization_id}/sso-policy"


class SsoWindow(Schema):
    """While it is open owners may sign in otherwise."""

    opened_by: str
    reason: str
    until: str | None


class SsoPolicyOut(Schema):
    """``unmet`` is what enforcing still needs: ``organization_active``, ``connection_ready``, ``domain_verified``, ``owner_tested`` and
    ``recovery_codes``; empty when it can be done. ``primary`` null: the oldest connection that was tested."""

    mode: str
    default_role: str
    jit: bool
    primary: str | None
    enforced_at: str | None
    unmet: list[str]
    recovery_codes_left: int
    recovery_codes_made_at: str | None
    break_glass: SsoWindow | None


class SsoPolicyIn(Strict):
    """``mode``: ``off``, ``test`` (by the provider or otherwise) or ``enforced``. ``default_role`` is that of whoever joins by signing in,
    ``jit`` says whether anybody does. What is left out stays."""

    mode: Literal["off", "test", "enforced"] | None = None
    default_role: str | None = Field(None, max_length=20)
    jit: bool | None = None
    primary: ConnectionRef | None = None


class SsoRecoveryCodes(Schema):
    """Each opens one sign-in to an owner. They are in this answer and nowhere else."""

    codes: list[str]


class BreakGlassIn(Strict):
    hours: int = Field(recovery.USUAL_HOURS, ge=1, le=72)
    reason: str = Field(max_length=500)


class LiftReason(Strict):
    reason: str = Field(max_length=500)


class DomainCheckIn(Strict):
    email: str = Field(max_length=254)


class DomainCheckOut(Schema):
    """``sso`` false: by link, password or passkey. ``enforced``: in no other way than at ``url``."""

    sso: bool
    enforced: bool
    url: str | None


def policy_shape(organization: Organization, policy: Policy) -> dict[str, Any]:
    """A policy with what surrounds it."""
    window = open_window(organization.id)
    return {
        "mode": policy.mode,
        "default_role": policy.default_role,
        "jit": policy.jit,
        "primary": Connection.encode_id(policy.primary_id) if policy.primary_id else None,
        "enforced_at": moment(policy.enforced_at),
        "unmet": policies.unmet(organization),
        "recovery_codes_left": RecoveryCode.objects.filter(organization=organization, used_at__isnull=True).count(),
        "recovery_codes_made_at": moment(policy.codes_made_at),
        "break_glass": {"opened_by": window.opened_label, "reason": window.reason, "until": moment(window.until)} if window else None,
    }


@router.get(AT, response=SsoPolicyOut, summary="How people sign in by the provider", **needs("identity:read"))
def get_policy(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef) -> dict[str, Any]:
    """Off until it is changed."""
    organization = guard(request, "identity:read", organization_id)
    policy = policies.of(organization.id)
    set_etag(response, policy.version)
    return policy_shape(organization, policy)


@router.put(AT, response=SsoPolicyOut, summary="Change how people sign in by the provider", **needs("identity:write", versioned=True))
def put_policy(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, body: SsoPolicyIn) -> dict[str, Any]:
    """Of a person it needs that they proved lately who they are; enforcing needs all of ``unmet`` to be met. It ends the sessions that
    people of the verified domains have otherwise, but not the one that asks."""
    organization = guard(request, "identity:write", organization_id)
    require_recent(request)
    values = {name: value for name, value in body.dict(exclude_unset=True).items() if value is not None or name == "primary"}
    session = signed_in(request).session
    policy = policies.change(
        organization=organization, values=values, keep_session=session.id if session else None,
        expected_version=expected_version(request), actor=actor_of(request),
    )  # fmt: skip
    set_etag(response, policy.version)
    return policy_shape(organization, policy)


@router.post(f"{AT}/recovery-codes", response={201: SsoRecoveryCodes}, summary="Make recovery codes", **needs("identity:write"))
def make_codes(request: HttpRequest, organization_id: OrganizationRef) -> tuple[int, dict[str, list[str]]]:
    """Ten, in place of those that there were."""
    organization = guard(request, "identity:write", organization_id)
    require_recent(request)
    return 201, {"codes": recovery.make_codes(organization=organization, actor=actor_of(request))}


@router.post(f"{AT}/break-glass", response={201: SsoPolicyOut}, summary="Let owners in otherwise for some hours", **needs("identity:write"))
def open_break_glass(request: HttpRequest, organization_id: OrganizationRef, body: BreakGlassIn) -> tuple[int, dict[str, Any]]:
    """1 to 72 hours, 4 if left out. Every owner is told by mail, now and whenever somebody comes in by it."""
    organization = guard(request, "identity:write", organization_id)
    require_recent(request)
    recovery.open_break_glass(
        organization=organization, hours=body.hours, reason=body.reason, opener=signed_in(request).user, actor=actor_of(request)
    )
    return 201, policy_shape(organization, policies.of(organization.id))


@router.delete(f"{AT}/break-glass", response={204: None}, summary="Close that window", **needs("identity:write"))
def close_break_glass(request: HttpRequest, organization_id: OrganizationRef) -> tuple[int, None]:
    """Sessions that were begun meanwhile go on."""
    organization = guard(request, "identity:write", organization_id)
    recovery.close_break_glass(organization=organization, actor=actor_of(request))
    return 204, None


@router.post(f"{AT}/lift", response=SsoPolicyOut, summary="Lift enforcement", **needs("identity:lift"))
def lift(request: HttpRequest, organization_id: OrganizationRef, body: LiftReason) -> dict[str, Any]:
    """For staff, when nobody of the organization can get in. Its owners are told by mail."""
    organization = guard(request, "identity:lift", organization_id)
    require_recent(request)
    return policy_shape(organization, policies.lift(organization=organization, reason=body.reason, actor=actor_of(request)))


@router.post("/auth/sso/domain-check", response=DomainCheckOut, auth=None, summary="Where an address signs in",
             **needs("public", attempts=limits.told("domain_check")))  # fmt: skip
def domain_check(request: HttpRequest, body: DomainCheckIn) -> dict[str, Any]:
    """By its domain alone: the answer is the same whether or not there is such a person."""
    limits.count("domain_check")
    found = route_of(normalize(body.email))
    return {"sso": found is not None, "enforced": bool(found and found.enforced), "url": found.url if found else None}


class LinkedAccount(Schema):
    """``by_person``: linked by oneself while signed in; then the provider vouches for one whatever one's domain."""

    id: str
    connection: str
    name: str
    organization: str
    subject: str
    by_person: bool
    last_used_at: str | None


class LinkedAccounts(Schema):
    data: list[LinkedAccount]


@router.get("/me/sso-identities", response=LinkedAccounts, summary="Accounts at providers that are linked to oneself", **needs("person"))
def list_identities(request: HttpRequest) -> dict[str, Any]:
    """The oldest first. Linking one takes a browser: the page of one's account begins it."""
    return {
        "data": [
            {
                "id": row.public_id, "connection": row.connection.public_id, "name": row.connection.name,
                "organization": row.organization.public_id, "subject": row.subject, "by_person": row.by_person,
                "last_used_at": moment(row.last_used_at),
            }
            for row in identities.of(person(request))
        ]
    }  # fmt: skip


@router.delete("/me/sso-identities/{identity_id}", response={204: None}, summary="Unlink an account at a provider", **needs("person"))
def unlink_identity(request: HttpRequest, identity_id: IdentityRef) -> tuple[int, None]:
    """The provider vouches for one no more, until the account is linked again."""
    identities.unlink(user=person(request), identity_id=identity_id, actor=actor_of(request))
    return 204, None
