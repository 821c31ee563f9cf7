"""The invitations of the signed-in person: theirs by their address, without the link that was mailed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from tenantry.access.guards import actor_of, person
from tenantry.access.limits import count, told
from tenantry.kit.operations import needs
from tenantry.kit.schemas import moment

from .. import invitations
from .shapes import InvitationRef, MemberOut, member

router = Router()


class OwnInvitation(Schema):
    id: str
    organization: str
    inviter: str
    role: str
    expires_at: str | None


class OwnInvitations(Schema):
    data: list[OwnInvitation]


@router.get("/me/invitations", response=OwnInvitations, summary="Invitations of one's own address", **needs("person"))
def list_own(request: HttpRequest) -> dict[str, Any]:
    """Open ones, the latest first."""
    return {
        "data": [
            {
                "id": row.public_id,
                "organization": row.organization.name,
                "inviter": row.inviter_label,
                "role": row.role,
                "expires_at": moment(row.expires_at),
            }
            for row in invitations.of_person(person(request))
        ]
    }


@router.post("/me/invitations/{invitation_id}/acceptance", response=MemberOut, summary="Accept one's own invitation",
             **needs("person", attempts=told("invitation_accept")))  # fmt: skip
def accept_own(request: HttpRequest, invitation_id: InvitationRef) -> dict[str, Any]:
    """As with the link: two at once make one membership."""
    user = person(request)
    count("invitation_accept")
    invitations.require_own(user, invitation_id)
    return member(invitations.accept(token=invitation_id, user=user, actor=actor_of(request)))


@router.post("/me/invitations/{invitation_id}/refusal", response={204: None}, summary="Decline one's own invitation", **needs("person"))
def decline_own(request: HttpRequest, invitation_id: InvitationRef) -> tuple[int, None]:
    """Its seat is free again."""
    user = person(request)
    invitations.require_own(user, invitation_id)
    invitations.decline(token=invitation_id, actor=actor_of(request))
    return 204, None
