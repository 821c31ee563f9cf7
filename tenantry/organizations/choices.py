"""What may be chosen on a page right now, and why the rest may not.

The services decide (``membership.settle``, ``invitations.invite``); this says the same beforehand, from the same tables, so
that nobody fills in a form only to be refused. Between looking and asking things may change: then the service's word counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from tenantry.access.permissions import ROLES, seat_of
from tenantry.entitlements.limits import Standing

from .authority import Authority
from .membership import CHANGE_ROLE, DISJOINT, REACTIVATE, REMOVE, SUSPEND, Act
from .models import Membership, Organization
from .states import refusal

SEAT_WORDS = {"seat:admin": "Admin seat", "seat:member": "Member seat"}


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """A role as the ``choices`` component shows it. ``closed`` says why it can't be taken, or is empty."""

    value: str
    label: str
    hint: str
    badge: str
    closed: str = ""


@dataclass(frozen=True, slots=True)
class Closings:
    """Why each act on one member is closed; an empty text is an open one."""

    change_role: str = ""
    suspend: str = ""
    reactivate: str = ""
    remove: str = ""


def no_seat(bucket: str, standings: Mapping[str, Standing], *, more_in_all: bool = True) -> str:
    """Why no seat of this bucket is free: ``All 3 admin seats are taken.``; empty when one is."""
    for name in (bucket, "seat:total") if more_in_all else (bucket,):
        standing = standings.get(name)
        if standing is not None and standing.full:
            return standing.taken
    return ""


def free_seats(role: str, standings: Mapping[str, Standing]) -> str:
    """The badge of a role: its bucket, and how many are free where there is a limit."""
    bucket = seat_of(role)
    known = [found.free for name in (bucket, "seat:total") if (found := standings.get(name)) is not None and found.free is not None]
    return f"{SEAT_WORDS[bucket]} · {min(known):,} free" if known else SEAT_WORDS[bucket]


def out_of_reach(role: str) -> str:
    """Why somebody without the authority may not touch a role."""
    article = "an" if ROLES[role].label[0] in "AEIOU" else "a"
    return (
        f"Only an owner may appoint or change {article} {ROLES[role].label.lower()}."
        if seat_of(role) == "seat:admin"
        else "Not yours to give."
    )


def role_choices(authority: Authority, standings: Iterable[Standing], *, member: Membership | None = None) -> list[RoleChoice]:
    """Every role, the open ones first, else in the order of rank: for an invitation, or for a change of ``member``'s role."""
    seats = {found.resource_type: found for found in standings}
    options = [
        RoleChoice(role.name, role.label, role.meaning, free_seats(role.name, seats), _closed(role.name, authority, seats, member))
        for role in ROLES.values()
    ]
    return sorted(options, key=lambda option: bool(option.closed))


def _closed(role: str, authority: Authority, seats: Mapping[str, Standing], member: Membership | None) -> str:
    if member is not None and role == member.role:
        return "This is the present role."
    if role not in authority.grants:
        return out_of_reach(role)
    if member is None:
        return no_seat(seat_of(role), seats)
    if any({member.role, role} == pair for pair in DISJOINT):
        return "A learner can't become an expert, nor the other way round."
    if member.service or seat_of(role) == seat_of(member.role):
        return ""
    return no_seat(seat_of(role), seats, more_in_all=False)  # one bucket gives what the other takes


def closings(
    member: Membership, *, organization: Organization, authority: Authority, standings: Iterable[Standing], owners: int
) -> Closings:
    """Why each act on a member is closed to somebody who may change members. ``owners``: how many are active."""
    seats = {found.resource_type: found for found in standings}

    def why(act: Act) -> str:
        if refusal(organization.state, "members:write"):
            return f"The organization is {organization.get_state_display().lower()}."
        if authority.user_id == member.user_id:
            return "Nobody changes their own membership."
        if member.status not in act.before:
            return f"This member is {member.status}."
        if member.role not in authority.grants:
            return out_of_reach(member.role)
        if act is not REACTIVATE and last_owner(member, owners):
            return "The last owner stays."
        if act is REACTIVATE and not member.service:
            return no_seat(seat_of(member.role), seats)
        return ""

    return Closings(change_role=why(CHANGE_ROLE), suspend=why(SUSPEND), reactivate=why(REACTIVATE), remove=why(REMOVE))


def last_owner(member: Membership, owners: int) -> bool:
    """Whether this is the one active owner that is left."""
    return member.role == "owner" and member.status == "active" and owners < 2


def leaving_closed(member: Membership, *, organization: Organization, owners: int, themself: bool = True) -> str:
    """Why somebody can't leave; empty when they can. ``themself``: they ask, and not staff who look as them."""
    if not themself:
        return "Nobody leaves in the place of somebody else."
    if refusal(organization.state, "members:write"):
        return f"The organization is {organization.get_state_display().lower()}."
    if member.status != "active":
        return f"Your membership is {member.status}."
    return "You are the last owner. Make somebody else an owner first." if last_owner(member, owners) else ""


def own_membership(organization: Organization, user_id: UUID | None) -> Membership | None:
    """The live membership of whoever looks at the page."""
    if user_id is None:
        return None
    return Membership.objects.filter(organization=organization, user_id=user_id, status__in=["active", "suspended"]).first()
