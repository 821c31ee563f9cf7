"""Invitations: from inside, and for who holds the link."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from tenantry.access.guards import actor_of, authenticate, guard, person, signed_in
from tenantry.access.limits import count, told
from tenantry.access.principal import principal_of
from tenantry.entitlements import limits
from tenantry.kit.operations import needs
from tenantry.kit.problems import Problem
from tenantry.kit.schemas import Listing, Paging, Strict, listing, moment
from tenantry.people.cookies import set_cookie
from tenantry.people.models import User
from tenantry.tenancy.scope import everywhere

from .. import bulk, invitations, queries
from ..authority import authority_of
from .shapes import InvitationOut, InvitationRef, MemberOut, OrganizationRef, invitation, member

router = Router()
RESENDING = "once a minute for each invitation"
SEATS = "seat:member, seat:admin, seat:total"
CREATING, ACCEPTING = told("invitation_create"), told("invitation_accept")


class InvitationIn(Strict):
    email: str
    role: str
    name: str = Field("", max_length=120)
    team: str = Field("", max_length=120)


class BulkRows(Schema):
    rows: list[dict[str, Any]]


class BulkReport(Schema):
    created: int
    refused: int
    not_notified: int = Field(description="Invited, but no mail goes; the rows say why in notified_reason.")
    rows: list[dict[str, Any]]


class Offer(Schema):
    """What the holder of a link may know before accepting, and nothing else."""

    organization: str
    inviter: str
    role: str
    email: str
    has_account: bool
    seats_free: bool
    expires_at: str | None


class Token(Strict):
    token: str = Field(max_length=200)


class InvitationsWanted(Paging):
    status: str = ""
    email: str = ""
    search: str = ""


@router.get("/organizations/{organization_id}/invitations", response=Listing[InvitationOut], summary="Invitations",
            **needs("invitations:read"))  # fmt: skip
def list_invitations(request: HttpRequest, organization_id: OrganizationRef, wanted: Query[InvitationsWanted]) -> dict[str, Any]:
    """The latest first; ``?status=pending``, ``?email=`` exactly."""
    organization = guard(request, "invitations:read", organization_id)
    page = queries.list_invitations(organization, **wanted.dict())
    told = invitations.outcomes(page.rows)
    return listing(page, lambda row: invitation(row, told[row.id]))


@router.post("/organizations/{organization_id}/invitations", response={200: InvitationOut, 201: InvitationOut}, summary="Invite somebody",
             **needs("invitations:write", entitlement=SEATS, attempts=f"{CREATING}; {RESENDING}"))  # fmt: skip
def create_invitation(request: HttpRequest, organization_id: OrganizationRef, body: InvitationIn) -> tuple[int, dict[str, Any]]:
    """201 for a new one; 200 when one was open and is sent again. A pending invitation holds its seat."""
    organization = guard(request, "invitations:write", organization_id)
    count("invitation_create", organization.id)
    authority = authority_of(signed_in(request), organization.id)
    made, new = invitations.invite(organization=organization, authority=authority, actor=actor_of(request), **body.dict())
    return (201 if new else 200), invitation(made)


_BULK: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "email,role,name,team\nada@contoso.example,learner,Ada,Plant\n"},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["rows"],
                    "properties": {
                        "rows": {
                            "type": "array",
                            "maxItems": bulk.MAX_ROWS,
                            "items": {
                                "type": "object",
                                "required": ["email"],
                                "properties": {name: {"type": "string"} for name in ("email", "role", "name", "team")},
                            },
                        }
                    },
                }
            },
        },
    }
}


@router.post("/organizations/{organization_id}/invitations/bulk", response=BulkReport, summary="Invite many",
             **needs("invitations:write", entitlement=SEATS, attempts=CREATING, **_BULK))  # fmt: skip
def create_invitations(request: HttpRequest, organization_id: OrganizationRef) -> dict[str, Any]:
    """``text/csv`` (a header with ``email``, and ``role``, ``name``, ``team`` if you like) or JSON ``{"rows": […]}``; up to 5,000.

    Good rows go in though others are refused; the report names each. Doing it again changes nothing.
    """
    organization = guard(request, "invitations:write", organization_id)
    if request.content_type == "text/csv":
        rows = bulk.parse_csv(request.body)
    elif request.content_type == "application/json":
        rows = bulk.checked(_json_rows(request.body))
    else:
        raise Problem(415, "media_type_unsupported", "Send text/csv or application/json.")
    count("invitation_create", organization.id)  # once, however long the list is
    authority = authority_of(signed_in(request), organization.id)
    return bulk.report(bulk.invite_many(organization=organization, rows=rows, authority=authority, actor=actor_of(request)))


def _json_rows(body: bytes) -> list[dict[str, Any]]:
    try:
        return BulkRows.model_validate_json(body).rows
    except ValueError as error:
        raise Problem(422, "validation_failed", 'Send {"rows": [{"email": …, "role": …}, …]}.') from error


@router.post("/organizations/{organization_id}/invitations/{invitation_id}/resend", response=InvitationOut, summary="Send again",
             **needs("invitations:write", attempts=RESENDING))  # fmt: skip
def resend(request: HttpRequest, organization_id: OrganizationRef, invitation_id: InvitationRef) -> dict[str, Any]:
    """With a new link, which ends the old one; at most once a minute."""
    organization = guard(request, "invitations:write", organization_id)
    authority = authority_of(signed_in(request), organization.id)
    return invitation(
        invitations.resend(invitation=invitations.load(organization, invitation_id), authority=authority, actor=actor_of(request))
    )


@router.delete("/organizations/{organization_id}/invitations/{invitation_id}", response=InvitationOut, summary="Revoke",
               **needs("invitations:write"))  # fmt: skip
def revoke(request: HttpRequest, organization_id: OrganizationRef, invitation_id: InvitationRef) -> dict[str, Any]:
    """Takes the offer back and frees its seat."""
    organization = guard(request, "invitations:write", organization_id)
    authority = authority_of(signed_in(request), organization.id)
    return invitation(
        invitations.revoke(invitation=invitations.load(organization, invitation_id), authority=authority, actor=actor_of(request))
    )


@router.get("/invitations/verify", response=Offer, auth=None, summary="What a link offers", **needs("public"))
def verify(request: HttpRequest, token: str) -> dict[str, Any]:
    """Looking doesn't use it up."""
    return offer(token)


def offer(token: str) -> dict[str, Any]:
    """The offer behind a token. Raises Problem 404, 410."""
    with everywhere():
        found = invitations.by_token(token)
        total = limits.standing(found.organization_id, "seat:total")
        return {
            "organization": found.organization.name,
            "inviter": found.inviter_label,
            "role": found.role,
            "email": found.email,
            "has_account": User.objects.filter(email=found.email).exclude(status="erased").exists(),
            # The invitation itself holds the seat, so one is there unless the limit was forced below what is held.
            "seats_free": total.limit is None or total.used <= total.limit,
            "expires_at": moment(found.expires_at),
        }


@router.post("/invitations/accept", response=MemberOut, auth=None, summary="Accept",
             **needs("public", attempts=ACCEPTING))  # fmt: skip
def accept(request: HttpRequest, response: HttpResponse, body: Token) -> dict[str, Any]:
    """As the invited person: a session of another address is 403 ``invitation_for_another``.

    Without a session, an address that has no account yet gets one and is signed in (the cookie is set); one that has is 401
    ``sign_in_to_accept``.
    """
    count("invitation_accept")
    if principal_of(request).known:
        authenticate(request)
        return member(invitations.accept(token=body.token, user=person(request), actor=actor_of(request)))
    joined, session_token = invitations.join(token=body.token)
    set_cookie(request, response, session_token)
    return member(joined)


@router.post("/invitations/decline", response={204: None}, auth=None, summary="Decline", **needs("public"))
def decline(request: HttpRequest, body: Token) -> tuple[int, None]:
    """The link alone suffices; its seat is free again."""
    invitations.decline(token=body.token, actor=actor_of(request) if principal_of(request).known else None)
    return 204, None
