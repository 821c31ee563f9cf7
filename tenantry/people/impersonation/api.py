"""Looking at a customer's portal as one of its members; and what the organization says to it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from tenantry.access.guards import actor_of, guard, guard_tenant, person, require_recent, signed_in
from tenantry.audit.names import organization_names
from tenantry.kit.ids import encode
from tenantry.kit.operations import needs
from tenantry.kit.problems import Problem, conflict
from tenantry.kit.schemas import Listing, Paging, Strict, TypeId, listing, moment

from ..models import Impersonation, User
from ..proof import own_session
from . import services

router = Router()
OrganizationRef = Annotated[UUID, TypeId("org")]
ImpersonationRef = Annotated[UUID, TypeId("imp")]


class Somebody(Schema):
    id: str
    email: str
    name: str


class ImpersonationOut(Schema):
    id: str
    state: str = Field(description="requested, approved, declined, live, ended or expired.")
    staff: Somebody
    user: Somebody
    organization: str
    organization_name: str
    reason: str
    requested_at: str | None
    started_at: str | None
    expires_at: str | None
    raised_at: str | None
    ended_at: str | None


class ImpersonationIn(Strict):
    user: Annotated[UUID, TypeId("usr")]
    organization: OrganizationRef
    reason: str = Field(max_length=500)


class RaiseIn(Strict):
    reason: str = Field(max_length=500)


class Consent(Strict):
    consent: Literal["always", "ask", "never"] = Field(description="Whether staff may, must ask each time, or may not.")


def _somebody(user: User) -> dict[str, str]:
    return {"id": user.public_id, "email": user.email, "name": user.name}


def _shape(row: Impersonation, name: str = "") -> dict[str, Any]:
    return {
        "id": row.public_id,
        "state": services.state_of(row),
        "staff": _somebody(row.staff),
        "user": _somebody(row.user),
        "organization": encode("org", row.organization_id),
        "organization_name": name,
        "reason": row.reason,
        "requested_at": moment(row.created_at),
        "started_at": moment(row.started_at),
        "expires_at": moment(row.expires_at),
        "raised_at": moment(row.raised_at),
        "ended_at": moment(row.ended_at),
    }


def owners_alone(request: HttpRequest, organization: Any) -> None:
    """What an organization says to being looked at isn't for those to say who look. Raises Problem 403 ``permission_denied``."""
    if signed_in(request).staff_role:
        raise Problem(403, "permission_denied", f"That is for the owners of {organization.name} to say.", permission="identity:write")


@router.post(
    "/impersonations", response={201: ImpersonationOut, 202: ImpersonationOut}, summary="Look as a member", **needs("impersonation:write")
)
def begin(request: HttpRequest, body: ImpersonationIn) -> tuple[int, dict[str, Any]]:
    """201: from the next request on this session speaks as that member, for 30 minutes at most. 202: the owners were asked first."""
    guard_tenant(request, "impersonation:write")
    staff, organization = person(request), guard(request, "impersonation:write", body.organization)
    require_recent(request)
    row = services.begin(
        session=own_session(request), staff=staff, user_id=body.user, organization=organization, reason=body.reason, actor=actor_of(request)
    )
    return (201 if row.started_at else 202), _shape(row, organization.name)


@router.get("/impersonations", response=Listing[ImpersonationOut], summary="Who looked as a member", **needs("impersonation:write"))
def list_all(request: HttpRequest, paging: Query[Paging]) -> dict[str, Any]:
    """The latest first, of all organizations."""
    guard_tenant(request, "impersonation:write")
    page = services.listed(cursor=paging.cursor, limit=paging.limit)
    names = organization_names({row.organization_id for row in page.rows})
    return listing(page, lambda row: _shape(row, names.get(row.organization_id, "")))


@router.post("/impersonations/{impersonation_id}/raise", response=ImpersonationOut, summary="Make changes, too", **needs("signed_in"))
def raise_it(request: HttpRequest, impersonation_id: ImpersonationRef, body: RaiseIn) -> dict[str, Any]:
    """For the session that looks as a member: an act of its own on the record."""
    if signed_in(request).impersonation_id != impersonation_id:
        guard_tenant(request, "impersonation:write")
        raise conflict("state_conflict", "This session doesn't look as that member; the one that does can raise it.")
    return _shape(services.raise_it(impersonation_id=impersonation_id, reason=body.reason, actor=actor_of(request)))


@router.delete("/impersonations/{impersonation_id}", response={204: None}, summary="Look as oneself again", **needs("signed_in"))
def stop(request: HttpRequest, impersonation_id: ImpersonationRef) -> tuple[int, None]:
    """By the session that looks as a member; or by staff, for anybody's."""
    if signed_in(request).impersonation_id != impersonation_id:
        guard_tenant(request, "impersonation:write")
    services.stop(impersonation_id=impersonation_id, actor=actor_of(request))
    return 204, None


@router.get("/organizations/{organization_id}/impersonations", response=Listing[ImpersonationOut], summary="Who of the staff looked",
            **needs("identity:read"))  # fmt: skip
def list_of_organization(request: HttpRequest, organization_id: OrganizationRef, paging: Query[Paging]) -> dict[str, Any]:
    """As one of its members: asked for, under way and over, the latest first."""
    organization = guard(request, "identity:read", organization_id)
    page = services.listed(organization_id=organization.id, cursor=paging.cursor, limit=paging.limit)
    return listing(page, lambda row: _shape(row, organization.name))


@router.post("/organizations/{organization_id}/impersonations/{impersonation_id}/approval", response=ImpersonationOut,
             summary="Let staff look", **needs("identity:write"))  # fmt: skip
def approve(request: HttpRequest, organization_id: OrganizationRef, impersonation_id: ImpersonationRef) -> dict[str, Any]:
    """They have 24 hours to begin. For owners, and not for staff, whatever they hold."""
    organization = guard(request, "identity:write", organization_id)
    owners_alone(request, organization)
    row = services.approve(organization=organization, impersonation_id=impersonation_id, actor=actor_of(request))
    return _shape(row, organization.name)


@router.delete("/organizations/{organization_id}/impersonations/{impersonation_id}", response=ImpersonationOut,
               summary="Refuse it, or end it", **needs("identity:write"))  # fmt: skip
def refuse(request: HttpRequest, organization_id: OrganizationRef, impersonation_id: ImpersonationRef) -> dict[str, Any]:
    """At once: the staff's next request is their own."""
    organization = guard(request, "identity:write", organization_id)
    row = services.refuse(organization=organization, impersonation_id=impersonation_id, actor=actor_of(request))
    return _shape(row, organization.name)


@router.get("/organizations/{organization_id}/impersonation-consent", response=Consent, summary="Whether staff may look",
            **needs("identity:read"))  # fmt: skip
def get_consent(request: HttpRequest, organization_id: OrganizationRef) -> dict[str, str]:
    """``always`` until an owner decides otherwise."""
    organization = guard(request, "identity:read", organization_id)
    return {"consent": services.consent_of(organization.id)}


@router.put("/organizations/{organization_id}/impersonation-consent", response=Consent, summary="Decide whether staff may look",
            **needs("identity:write"))  # fmt: skip
def put_consent(request: HttpRequest, organization_id: OrganizationRef, body: Consent) -> dict[str, str]:
    """``never`` also ends what is under way. For owners, and not for staff, whatever they hold."""
    organization = guard(request, "identity:write", organization_id)
    owners_alone(request, organization)
    return {"consent": services.decide(organization=organization, answer=body.consent, actor=actor_of(request))}
