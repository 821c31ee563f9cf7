"""What the world outside hears of organizations and their people: the shapes of the payloads, and how they are made.

A payload says what a receiver needs to go on without asking back; anything else is a GET away by the ids in it.
"""

from __future__ import annotations

from typing import Any

from ninja import Schema

from tenantry.audit.catalogue import publish
from tenantry.audit.models import Event
from tenantry.kit.schemas import moment

from .models import Domain, Invitation, JoinRequest, Membership, Organization


class OrganizationData(Schema):
    """``state`` is ``pending_verification``, ``active``, ``suspended`` or ``deactivated``; ``deleted`` while it can be brought back."""

    id: str
    name: str
    slug: str
    state: str
    deleted: bool
    country: str


class OrganizationStateChange(Schema):
    """``change`` is how the record calls it, without the noun: ``approved``, ``suspended``, ``suspension_lifted``…"""

    organization: OrganizationData
    change: str
    reason: str


class MemberData(Schema):
    """``status`` is ``active``, ``suspended`` or ``removed``."""

    id: str
    user: str
    email: str
    name: str
    role: str
    status: str
    team: str


class RoleChange(MemberData):
    previous_role: str


class InvitationData(Schema):
    """Its token is in the mail alone."""

    id: str
    email: str
    role: str
    status: str
    expires_at: str | None


class DomainData(Schema):
    """``state`` is ``verified`` or ``lapsed``; ``method`` says how it was proven: ``dns``, ``file`` or ``staff``."""

    id: str
    domain: str
    state: str
    method: str


class JoinRequestData(Schema):
    """``status`` is ``pending``, ``approved`` or ``refused``."""

    id: str
    user: str
    email: str
    name: str
    domain: str
    status: str


ORGANIZATION = {
    "id": "org_01kxyzc9m4e8pvq2h5t7r3s0ab", "name": "Adatum", "slug": "adatum", "state": "active", "deleted": False, "country": "DE",
}  # fmt: skip
MEMBER = {
    "id": "mem_01kxyzd2f8g6htk4c1w9x7v5na", "user": "usr_01kxyzd0j3q5rnm8b2e6y4z1pc", "email": "ada@adatum.example", "name": "Ada Byron",
    "role": "manager", "status": "active", "team": "Research",
}  # fmt: skip
INVITATION = {
    "id": "inv_01kxyze7a5b3cdf9g8h6j4k2mn", "email": "ada@adatum.example", "role": "manager", "status": "pending",
    "expires_at": "2026-12-05T09:30:00.000Z",
}  # fmt: skip

DOMAIN = {"id": "dom_01kxyzf3d1e8rtb5m7n9p2q4ks", "domain": "adatum.example", "state": "verified", "method": "dns"}
JOIN_REQUEST = {
    "id": "jrq_01kxyzf8w6c4hvd2j0s5t3x1ye", "user": "usr_01kxyzd0j3q5rnm8b2e6y4z1pc", "email": "ada@adatum.example", "name": "Ada Byron",
    "domain": "adatum.example", "status": "pending",
}  # fmt: skip


def _organization(row: Organization, *, deleted: bool = False) -> dict[str, Any]:
    return {
        "id": row.public_id, "name": row.name, "slug": row.slug, "state": row.state, "deleted": deleted, "country": row.country,
    }  # fmt: skip


def _founded(event: Event, target: Organization) -> dict[str, Any]:
    return _organization(target)


def _changed(event: Event, target: Organization) -> dict[str, Any]:
    return {
        "organization": _organization(target, deleted=event.action == "organization.deleted"),
        "change": event.action.partition(".")[2],
        "reason": event.reason,
    }


def _member(event: Event, target: Membership) -> dict[str, Any]:
    user = target.user
    return {
        "id": target.public_id, "user": user.public_id, "email": user.email, "name": user.name, "role": target.role,
        "status": target.status, "team": target.team,
    }  # fmt: skip


def _role(event: Event, target: Membership) -> dict[str, Any]:
    return {**_member(event, target), "previous_role": event.changes["role"]["before"]}


def _invitation(event: Event, target: Invitation) -> dict[str, Any]:
    return {
        "id": target.public_id, "email": target.email, "role": target.role, "status": target.status,
        "expires_at": moment(target.expires_at),
    }  # fmt: skip


def _domain(event: Event, target: Domain) -> dict[str, Any]:
    return {"id": target.public_id, "domain": target.name, "state": target.state, "method": target.method}


def _join_request(event: Event, target: JoinRequest) -> dict[str, Any]:
    user = target.user
    return {
        "id": target.public_id, "user": user.public_id, "email": user.email, "name": user.name, "domain": target.domain,
        "status": target.status,
    }  # fmt: skip


publish(
    "organization.created", meaning="An organization was founded.", when="By a person, by staff or over the API.",
    data=OrganizationData, example={**ORGANIZATION, "state": "pending_verification"}, build=_founded,
)  # fmt: skip
publish(
    "organization.state_changed", meaning="What an organization may do has changed.",
    when="It was verified, rejected, suspended, released, deactivated, deleted or brought back.",
    recorded_as=tuple(
        f"organization.{step}" for step in "approved rejected suspended suspension_lifted deactivated deleted restored".split()
    ),
    data=OrganizationStateChange, example={"organization": ORGANIZATION, "change": "approved", "reason": ""}, build=_changed,
)  # fmt: skip
publish(
    "member.added", meaning="Somebody became a member.", when="They were added, or accepted an invitation; their seat is taken.",
    recorded_as=("member.added", "member.joined"), data=MemberData, example=MEMBER, build=_member, about_people=True,
)  # fmt: skip
publish(
    "member.removed", meaning="Somebody is no longer a member.", when="They were removed, or left; their seat is free.",
    recorded_as=("member.removed", "member.left"), data=MemberData, example={**MEMBER, "status": "removed"}, build=_member,
    about_people=True,
)  # fmt: skip
publish(
    "member.role_changed", meaning="A member has another role.", when="Somebody who may grant both roles changed it.",
    data=RoleChange, example={**MEMBER, "previous_role": "learner"}, build=_role, about_people=True,
)  # fmt: skip
publish(
    "member.suspended", meaning="A member lost access for now.", when="They were suspended; their seat is free.",
    data=MemberData, example={**MEMBER, "status": "suspended"}, build=_member, about_people=True,
)  # fmt: skip
publish(
    "member.reactivated", meaning="A suspended member has access again.", when="The suspension was lifted; they hold a seat.",
    data=MemberData, example=MEMBER, build=_member, about_people=True,
)  # fmt: skip
publish(
    "invitation.created", meaning="Somebody was invited.", when="One at a time or in a list; the invitation holds a seat.",
    data=InvitationData, example=INVITATION, build=_invitation, about_people=True,
)  # fmt: skip
publish(
    "invitation.accepted", meaning="An invitation was accepted.", when="Together with member.added.",
    data=InvitationData, example={**INVITATION, "status": "accepted"}, build=_invitation, about_people=True,
)  # fmt: skip
publish(
    "domain.verified", meaning="A domain became an organization's.", when="Its proof was found, was found again, or staff confirmed it.",
    data=DomainData, example=DOMAIN, build=_domain,
)  # fmt: skip
publish(
    "domain.lapsed", meaning="A domain brings its organization nothing any more.", when="Its proof was missing for 14 days.",
    data=DomainData, example={**DOMAIN, "state": "lapsed"}, build=_domain,
)  # fmt: skip
publish(
    "join_request.created", meaning="Somebody asks to join.", when="The domain of their address lets them; owners decide.",
    data=JoinRequestData, example=JOIN_REQUEST, build=_join_request, about_people=True,
)  # fmt: skip
publish(
    "join_request.decided", meaning="A request to join was answered.", when="Approved, together with member.added; or refused.",
    recorded_as=("join_request.approved", "join_request.refused"), data=JoinRequestData, example={**JOIN_REQUEST, "status": "approved"},
    build=_join_request, about_people=True,
)  # fmt: skip
