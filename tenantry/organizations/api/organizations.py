"""Create, read, change, delete."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from tenantry.access.guards import actor_of, guard, lacking, not_impersonated, require_recent, signed_in
from tenantry.kit.etags import expected_version, set_etag
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Listing, Paging, Strict, listing
from tenantry.people.models import User
from tenantry.people.users import ensure_user

from .. import queries, services
from ..directory import page
from ..models import Organization
from .shapes import OrganizationOut, OrganizationRef, brief, full

router = Router()


class FirstInvitation(Strict):
    email: str = Field(max_length=254)
    role: str


class OrganizationIn(Strict):
    """``plan`` and ``owner_email`` are staff's; a person who founds one is its owner."""

    name: str
    country: str
    default_currency: str
    slug: str | None = None
    owner_email: str | None = None
    plan: str = ""
    legal_name: str | None = None
    size: str | None = None
    industry: str | None = None
    time_zone: str | None = None
    description: str | None = None
    website: str | None = None
    brand_colour: str | None = None
    can_sponsor: bool | None = None
    can_host: bool | None = None
    funding_mode: str | None = None
    billing_email: str | None = None
    billing_address: dict[str, str] | None = None
    tax_ids: dict[str, str] | None = None
    invitations: list[FirstInvitation] = Field([], max_length=20)


class OrganizationChange(Strict):
    """Each field asks for its own permission; one that the caller may not touch is 403 ``field_forbidden``."""

    name: str | None = None
    legal_name: str | None = None
    size: str | None = None
    industry: str | None = None
    description: str | None = None
    website: str | None = None
    brand_colour: str | None = None
    slug: str | None = None
    country: str | None = None
    time_zone: str | None = None
    default_currency: str | None = None
    can_sponsor: bool | None = None
    can_host: bool | None = None
    public: bool | None = None
    tax_ids: dict[str, str] | None = None
    requires_purchase_order: bool | None = None
    billing_email: str | None = None
    billing_address: dict[str, str] | None = None
    payment_terms_days: int | None = None
    funding_mode: str | None = None


class OrganizationsWanted(Paging):
    search: str = ""
    state: str = ""


class DirectoryEntry(Schema):
    name: str
    slug: str
    industry: str
    country: str
    website: str
    description: str
    has_logo: bool
    has_banner: bool


@router.post("/organizations", response={201: OrganizationOut}, summary="Create an organization",
             **needs("signed_in", entitlement="seat:admin"))  # fmt: skip
def create_organization(request: HttpRequest, response: HttpResponse, body: OrganizationIn) -> tuple[int, dict[str, Any]]:
    """Founded whole in one transaction. Staff (``organizations:create``) name an owner by address; a person founds their own."""
    principal, actor = signed_in(request), actor_of(request)
    not_impersonated(request)
    values = body.dict(exclude={"owner_email", "plan", "invitations"}, exclude_none=True)
    owner: User | None = principal.user
    if principal.may("organizations:create"):
        owner = ensure_user(email=body.owner_email, actor=actor)[0] if body.owner_email else None
    elif principal.user is None or body.owner_email or body.plan:
        raise lacking(principal, "organizations:create")
    invitations = [row.dict() for row in body.invitations]
    made = services.found(values=values, owner=owner, plan=body.plan, invitations=invitations, actor=actor)
    set_etag(response, made.version)
    return 201, full(made, lambda permission: True)


@router.get("/organizations", response=Listing[OrganizationOut], exclude_unset=True, summary="Organizations", **needs("signed_in"))
def list_organizations(request: HttpRequest, wanted: Query[OrganizationsWanted]) -> dict[str, Any]:
    """Staff: all of the tenant's. Others: those they belong to."""
    principal = signed_in(request)
    ids = None if principal.may("organizations:list") else principal.reach
    if ids == "*":  # a key of staff whose scopes don't reach the list
        raise lacking(principal, "organizations:list")
    page = queries.list_organizations(**wanted.dict(), ids=None if ids is None else list(ids))
    return listing(page, brief)


@router.get("/directory", response=Listing[DirectoryEntry], summary="The public directory", auth=None, **needs("public"))
def directory(request: HttpRequest, wanted: Query[Paging], search: str = "") -> dict[str, Any]:
    """Verified organizations that chose to be seen."""
    return listing(page(cursor=wanted.cursor, limit=wanted.limit, search=search), dict)


@router.get("/organizations/{organization_id}", response=OrganizationOut, exclude_unset=True, summary="One organization",
            **needs("organization:read"))  # fmt: skip
def get_organization(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef) -> dict[str, Any]:
    """As far as the caller may see it."""
    organization = guard(request, "organization:read", organization_id)
    set_etag(response, organization.version)
    return full(organization, _may(request, organization))


@router.patch("/organizations/{organization_id}", response=OrganizationOut, exclude_unset=True, summary="Change settings",
              **needs("settings:read", versioned=True))  # fmt: skip
def change_organization(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, body: OrganizationChange
) -> dict[str, Any]:
    """Send only what changes. ``If-Match`` keeps two editors from undoing each other (412)."""
    organization = guard(request, "settings:read", organization_id)
    queries.require_state(organization, "settings:write", bool(signed_in(request).staff_role))
    changed = services.update(
        organization=organization,
        values=body.dict(exclude_unset=True),
        may=_may(request, organization),
        expected_version=expected_version(request),
        actor=actor_of(request),
    )
    set_etag(response, changed.version)
    return full(changed, _may(request, changed))


@router.delete("/organizations/{organization_id}", response={204: None}, summary="Delete an organization",
               **needs("organization:delete"))  # fmt: skip
def delete_organization(request: HttpRequest, organization_id: OrganizationRef) -> tuple[int, None]:
    """Out of sight at once; staff can undo it for 30 days."""
    organization = guard(request, "organization:delete", organization_id)
    require_recent(request)
    services.delete(organization=organization, actor=actor_of(request))
    return 204, None


def _may(request: HttpRequest, organization: Organization) -> Any:
    principal = signed_in(request)
    return lambda permission: principal.may(permission, organization.id)
