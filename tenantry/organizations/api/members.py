"""Members: every change goes through ``settle``."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from tenantry.access.guards import actor_of, guard, guard_tenant, lacking, not_impersonated, require, signed_in
from tenantry.kit.etags import expected_version, set_etag
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Listing, Paging, Strict, TypeId, listing
from tenantry.people.users import load as load_user

from .. import queries
from ..authority import authority_of
from ..membership import CHANGE_ROLE, LEAVE, REACTIVATE, REMOVE, SUSPEND, Act, add_by_address, settle
from ..models import Membership, Organization
from .shapes import MemberOut, MemberRef, OrganizationRef, Reason, member, name_only

router = Router()
UserRef = Annotated[UUID, TypeId("usr")]


class MemberIn(Strict):
    email: str
    name: str = Field("", max_length=120)
    role: str
    team: str = Field("", max_length=120)
    service_account: bool = False


class MemberChange(Strict):
    role: str


class MembersWanted(Paging):
    email: str = ""
    search: str = ""
    role: str = ""
    seat: str = ""
    status: str = ""


class Memberships(Schema):
    data: list[dict[str, Any]]


@router.get("/organizations/{organization_id}/members", response=Listing[MemberOut], exclude_unset=True, summary="Members",
            **needs("members:directory"))  # fmt: skip
def list_members(request: HttpRequest, organization_id: OrganizationRef, wanted: Query[MembersWanted]) -> dict[str, Any]:
    """In the order of their joining; ``?email=`` is exact. With ``members:directory`` alone: names of active members, no filters."""
    organization = guard(request, "members:directory", organization_id)
    if signed_in(request).may("members:read", organization.id):
        page = queries.list_members(organization, **wanted.dict())
        told = queries.attributes_of(organization.id, [row.user_id for row in page.rows])
        return listing(page, lambda row: member(row) | {"attributes": told.get(row.user_id, {})})
    return listing(queries.list_members(organization, cursor=wanted.cursor, limit=wanted.limit, status="active"), name_only)


@router.post("/organizations/{organization_id}/members", response={201: MemberOut}, summary="Add a member",
             **needs("members:write", entitlement="seat:member, seat:admin, seat:total"))  # fmt: skip
def add_member(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, body: MemberIn
) -> tuple[int, dict[str, Any]]:
    """By address, without an invitation: for staff keys and owners. The user is made when new."""
    organization = guard(request, "members:write", organization_id)
    principal, actor = signed_in(request), actor_of(request)
    if not principal.staff_role:
        require(principal, "members:grant_governance", organization.id)
    added = add_by_address(
        organization=organization, email=body.email, name=body.name, role=body.role, team=body.team, service=body.service_account,
        authority=authority_of(principal, organization.id), actor=actor,
    )  # fmt: skip
    set_etag(response, added.version)
    return 201, member(added)


@router.get("/organizations/{organization_id}/members/{membership_id}", response=MemberOut, exclude_unset=True, summary="One member",
            **needs("members:read"))  # fmt: skip
def get_member(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, membership_id: MemberRef) -> dict[str, Any]:
    """Removed ones too."""
    organization = guard(request, "members:read", organization_id)
    found = queries.load_member(organization, membership_id)
    set_etag(response, found.version)
    return member(found) | {"attributes": queries.attributes_of(organization.id, [found.user_id]).get(found.user_id, {})}


@router.patch("/organizations/{organization_id}/members/{membership_id}", response=MemberOut, summary="Change a role",
              **needs("members:write", entitlement="seat:member, seat:admin", versioned=True))  # fmt: skip
def change_role(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, membership_id: MemberRef, body: MemberChange
) -> dict[str, Any]:
    """Nobody changes their own role, nobody gives one above their own; between buckets a seat must be free."""
    organization = guard(request, "members:write", organization_id)
    return _settled(request, response, CHANGE_ROLE, organization, membership_id, role=body.role)


@router.delete("/organizations/{organization_id}/members/{membership_id}", response=MemberOut, summary="Remove a member, or leave",
               **needs("organization:read", versioned=True))  # fmt: skip
def remove_member(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, membership_id: MemberRef, reason: str = ""
) -> dict[str, Any]:
    """One's own membership: leaving, which everybody may but the last owner. Another's: ``members:write``."""
    organization = guard(request, "organization:read", organization_id)
    principal = signed_in(request)
    found = (
        queries.load_member(organization, membership_id)
        if _knows(principal, organization)
        else _own(principal, organization, membership_id)
    )
    if principal.user is not None and found.user_id == principal.user.id:
        not_impersonated(request)
        return _settled(request, response, LEAVE, organization, membership_id)
    guard(request, "members:write", organization_id)
    return _settled(request, response, REMOVE, organization, membership_id, reason=reason)


@router.post("/organizations/{organization_id}/members/{membership_id}/suspension", response=MemberOut, summary="Suspend a member",
             **needs("members:write", versioned=True))  # fmt: skip
def suspend_member(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, membership_id: MemberRef, body: Reason
) -> dict[str, Any]:
    """Keeps the membership, frees the seat."""
    organization = guard(request, "members:write", organization_id)
    return _settled(request, response, SUSPEND, organization, membership_id, reason=body.reason)


@router.delete("/organizations/{organization_id}/members/{membership_id}/suspension", response=MemberOut, summary="Reactivate a member",
               **needs("members:write", entitlement="seat:member, seat:admin", versioned=True))  # fmt: skip
def reactivate_member(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, membership_id: MemberRef
) -> dict[str, Any]:
    """Takes a seat again: 402 when none is free."""
    organization = guard(request, "members:write", organization_id)
    return _settled(request, response, REACTIVATE, organization, membership_id)


@router.get("/users/{user_id}/memberships", response=Memberships, summary="Where a user belongs", **needs("users:read"))
def list_memberships(request: HttpRequest, user_id: UserRef) -> dict[str, Any]:
    """All of a user's memberships, in every status but erased."""
    guard_tenant(request, "users:read")
    rows = Membership.objects.filter(user=load_user(user_id)).exclude(status="erased").select_related("user", "organization").order_by("id")
    return {"data": [{**member(row), "organization_name": row.organization.name} for row in rows[:200]]}


def _settled(
    request: HttpRequest, response: HttpResponse, act: Act, organization: Organization, membership_id: Any, role: str = "", reason: str = ""
) -> dict[str, Any]:
    found = queries.load_member(organization, membership_id)
    done = settle(
        act, organization=organization, user=found.user, role=role, reason=reason, expected_version=expected_version(request),
        authority=authority_of(signed_in(request), organization.id), actor=actor_of(request),
    )  # fmt: skip
    set_etag(response, done.version)
    return member(done)


def _knows(principal: Any, organization: Organization) -> bool:
    return bool(principal.may("members:read", organization.id) or principal.may("members:write", organization.id))


def _own(principal: Any, organization: Organization, membership_id: Any) -> Membership:
    """The caller's own membership; another's is refused like anything that needs a permission they lack."""
    mine = Membership.objects.filter(organization=organization, id=membership_id, user=principal.user).first() if principal.user else None
    if mine is None:
        raise lacking(principal, "members:write")
    return mine
