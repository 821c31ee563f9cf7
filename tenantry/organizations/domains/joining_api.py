"""Joining by the domain of one's address, over the API: what it opens, asking, and who decides."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from tenantry.access.guards import actor_of, guard, not_in_maintenance, person, signed_in
from tenantry.kit.ids import encode
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Listing, Paging, Strict, TypeId, listing, moment
from tenantry.organizations.api.shapes import OrganizationRef
from tenantry.organizations.authority import authority_of
from tenantry.organizations.models import JoinRequest, Membership
from tenantry.people.sessions import acknowledge

from . import joining

router = Router()
JoinRequestRef = Annotated[UUID, TypeId("jrq")]


class JoinRequestOut(Schema):
    """``status``: ``pending``, ``approved``, ``refused`` or ``withdrawn``."""

    id: str
    organization: str
    user: str
    email: str
    name: str
    domain: str
    status: str
    reason: str
    created_at: str | None
    decided_at: str | None
    decided_by: str


class JoinRequestsWanted(Paging):
    status: str = ""


class Refusal(Strict):
    reason: str = Field("", max_length=500, description="The person reads it.")


def _request(row: JoinRequest) -> dict[str, Any]:
    return {
        "id": row.public_id, "organization": encode("org", row.organization_id), "user": row.user.public_id, "email": row.user.email,
        "name": row.user.name, "domain": row.domain, "status": row.status, "reason": row.reason, "created_at": moment(row.created_at),
        "decided_at": moment(row.decided_at), "decided_by": row.decided_by_label,
    }  # fmt: skip


@router.get("/organizations/{organization_id}/join-requests", response=Listing[JoinRequestOut], summary="Who asks to join",
           **needs("invitations:read"))  # fmt: skip
def list_requests(request: HttpRequest, organization_id: OrganizationRef, wanted: Query[JoinRequestsWanted]) -> dict[str, Any]:
    """The latest first; ``?status=pending`` for those that wait."""
    organization = guard(request, "invitations:read", organization_id)
    return listing(joining.list_requests(organization, cursor=wanted.cursor, limit=wanted.limit, status=wanted.status), _request)


@router.post("/organizations/{organization_id}/join-requests/{request_id}/approval", response=JoinRequestOut, summary="Take somebody in",
            **needs("members:write", entitlement="seat:member, seat:total"))  # fmt: skip
def approve_request(request: HttpRequest, organization_id: OrganizationRef, request_id: JoinRequestRef) -> dict[str, Any]:
    """They become a learner, and are told by mail."""
    organization = guard(request, "members:write", organization_id)
    authority = authority_of(signed_in(request), organization.id)
    return _request(joining.approve(organization=organization, request_id=request_id, authority=authority, actor=actor_of(request)))


@router.post("/organizations/{organization_id}/join-requests/{request_id}/refusal", response=JoinRequestOut, summary="Say no",
            **needs("members:write"))  # fmt: skip
def refuse_request(request: HttpRequest, organization_id: OrganizationRef, request_id: JoinRequestRef, body: Refusal) -> dict[str, Any]:
    """They are told by mail, and can ask again after 30 days."""
    organization = guard(request, "members:write", organization_id)
    return _request(joining.refuse(organization=organization, request_id=request_id, reason=body.reason, actor=actor_of(request)))


class JoinOffer(Schema):
    """``how``: ``allow`` (at once) or ``ask``. ``request``: one's own that waits, or was refused less than 30 days ago."""

    organization: str
    name: str
    domain: str
    how: str
    request: str | None
    request_status: str | None


class JoinOffers(Schema):
    data: list[JoinOffer]


class JoinIn(Strict):
    organization: OrganizationRef


class Joined(Schema):
    """``outcome``: ``joined`` (``member`` is there) or ``asked`` (``request`` is)."""

    outcome: str
    member: str | None
    request: str | None


@router.get("/me/join-offers", response=JoinOffers, summary="What one's address opens", **needs("person"))
def list_offers(request: HttpRequest) -> dict[str, Any]:
    """Organizations that hold the domain of one's proven address and let its people join or ask to."""
    return {
        "data": [
            {
                "organization": offer.organization.public_id, "name": offer.organization.name, "domain": offer.domain, "how": offer.how,
                "request": offer.request.public_id if offer.request else None,
                "request_status": offer.request.status if offer.request else None,
            }
            for offer in joining.offers_of(person(request))
        ]
    }  # fmt: skip


@router.post(
    "/me/join-requests", response={201: Joined}, summary="Join, or ask to", **needs("person", entitlement="seat:member, seat:total")
)
def join(request: HttpRequest, body: JoinIn) -> tuple[int, dict[str, Any]]:
    """By the domain of one's proven address. Asked twice, there is one request."""
    user = person(request)
    not_in_maintenance(request, body.organization)
    done = joining.join(user=user, organization_id=body.organization, actor=actor_of(request))
    if isinstance(done, Membership):
        acknowledge(user.id)
        return 201, {"outcome": "joined", "member": done.public_id, "request": None}
    return 201, {"outcome": "asked", "member": None, "request": done.public_id}


@router.delete("/me/join-requests/{request_id}", response={204: None}, summary="Take one's request back", **needs("person"))
def withdraw(request: HttpRequest, request_id: JoinRequestRef) -> tuple[int, None]:
    """While it waits."""
    joining.withdraw(user=person(request), request_id=request_id, actor=actor_of(request))
    return 204, None
