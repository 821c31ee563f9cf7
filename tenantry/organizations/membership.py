"""``settle``: the one function through which anybody gets into, through or out of an organization.

Add, accept, promote, suspend, reactivate, remove, leave (and later SSO and SCIM) all end here. It holds the
organization's seat lock, checks state, authority, transition, last owner and seats, changes the row and its
``seat_assigned_at``, settles an open invitation, and records the event: all in the caller's transaction. No other code
writes a membership (tests/house/test_one_door.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import F

from tenantry.access.keys import owners_of_keys, revoke_keys_beyond
from tenantry.access.permissions import seat_of
from tenantry.access.scopes import member_may_grant
from tenantry.audit.services import Actor, difference, record, record_all
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem, conflict, not_found
from tenantry.people.models import User
from tenantry.people.users import ensure_user, touch_generation, touch_generations

from .authority import Authority, known_role, require_grant
from .models import Invitation, Membership, Organization
from .states import TAKING_AWAY, refusal

_suspended: Callable[[UUID, Collection[UUID]], None] = lambda organization_id, user_ids: None  # noqa: E731  # replaced at start-up

LIVE = (Membership.Status.ACTIVE, Membership.Status.SUSPENDED)
DISJOINT = ({"learner", "expert"},)


@dataclass(frozen=True, slots=True)
class Act:
    """One way to change a membership: from which statuses, to which, and how it is recorded."""

    event: str
    before: frozenset[str | None]
    after: str


_OUT = frozenset({None, "removed"})
ADD = Act("member.added", _OUT, "active")
JOIN = Act("member.joined", _OUT, "active")
CHANGE_ROLE = Act("member.role_changed", frozenset({"active"}), "active")
SUSPEND = Act("member.suspended", frozenset({"active"}), "suspended")
REACTIVATE = Act("member.reactivated", frozenset({"suspended"}), "active")
REMOVE = Act("member.removed", frozenset({"active", "suspended"}), "removed")
LEAVE = Act("member.left", frozenset({"active"}), "removed")


def settle(
    act: Act,
    *,
    organization: Organization,
    user: User,
    role: str = "",
    authority: Authority,
    actor: Actor,
    reason: str = "",
    team: str | None = None,
    service: bool = False,
    expected_version: int | None = None,
) -> Membership:
    """Carry out one act on one person's membership; ``role`` is the new role where the act gives one.

    Raises Problem 403 (state, authority), 404, 409 (``already_member``, ``state_conflict``, ``last_owner``, ``own_role``,
    ``transition_forbidden``, ``user_suspended``), 412 ``version_stale``, 402 ``entitlement_limit_reached``; nothing has then happened.
    """
    limits.lock(organization.id, SEATS)  # the seat lock: from here on nobody else changes this organization's members
    _state_allows(organization, _permission(act))
    member = Membership.objects.select_for_update().filter(organization=organization, user=user).first()
    if expected_version is not None and member is not None and member.version != expected_version:
        raise Problem(HTTPStatus.PRECONDITION_FAILED, "version_stale", "Somebody changed this member meanwhile. Load it again.")
    _status_allows(act, member)
    new_role = known_role(role) if act in (ADD, JOIN, CHANGE_ROLE) else (member.role if member else "")
    _authority_allows(act, member, user, new_role, authority)
    _transition_allows(act, member, new_role)
    if act is CHANGE_ROLE and member and member.role == new_role:
        return member  # asked twice, changed once
    if member and member.role == "owner" and member.status == "active" and (new_role != "owner" or act.after != "active"):
        _another_owner(organization, member)
    _user_allows(act, user)

    before = {"role": member.role, "status": member.status} if member else {}
    held = seat_of(member.role) if member and member.seat_assigned_at else None
    if member is None:
        member = Membership(organization=organization, user=user, service=service)
    elif act in (ADD, JOIN):
        member.service = service
    wants = seat_of(new_role) if act.after == "active" and not member.service else None
    _move_seat(organization, user, held, wants, settle_invitation=act in (ADD, JOIN))

    member.role, member.status, member.reason = new_role, act.after, reason.strip()
    if team is not None:
        member.team = team.strip()[:120]
    if wants is None:
        member.seat_assigned_at = None
    elif held != wants:
        member.seat_assigned_at = now()
    member.version += 1
    member.save()
    touch_generation(user.id)
    if act is SUSPEND:
        _suspended(organization.id, [user.id])
    if before.get("status") == "active":
        _end_keys(member, actor)
    changes = difference(before, {"role": member.role, "status": member.status})
    record(act.event, actor=actor, organization_id=organization.id, target=member, label=user.email, changes=changes, reason=reason)
    return member


def add_by_address(
    *, organization: Organization, email: str, name: str, role: str, team: str, service: bool, authority: Authority, actor: Actor
) -> Membership:
    """``ADD`` somebody, who is made known first when new. Raises what ``settle`` does, and Problem 422."""
    limits.lock(organization.id, SEATS)  # before the person, as a directory does: the other way round the two would wait in a circle
    user, _ = ensure_user(email=email, name=name, actor=actor)
    return settle(ADD, organization=organization, user=user, role=role, team=team, service=service, authority=authority, actor=actor)


def use_suspended(hears: Callable[[UUID, Collection[UUID]], None]) -> None:
    """The room of directories hears who is suspended, by whomever: what it did to them before is no longer its own to lift."""
    global _suspended
    _suspended = hears


def settle_all(
    act: Act, people: Mapping[UUID, str], *, organization: Organization, authority: Authority, actor: Actor, reason: str = ""
) -> list[tuple[Membership, Problem]]:
    """``CHANGE_ROLE``, ``SUSPEND`` or ``REACTIVATE`` for many at once, by user id: with the new roles, or with the empty text, for a role
    that stays. As many statements for ten thousand people as for ten.

    Who isn't in the status of the act, or has the role already, is passed over. Returns who stays as they are because they can't have
    that (``transition_forbidden``, ``user_suspended``). Raises Problem 403, 409 ``own_role``, ``last_owner``, 402; then
    nothing has happened.
    """
    limits.lock(organization.id, SEATS)
    _state_allows(organization, _permission(act))
    members = Membership.objects.select_for_update(of=("self",)).select_related("user").order_by("id")
    moved: list[_Moved] = []
    kept: list[tuple[Membership, Problem]] = []
    for member in members.filter(organization=organization, user_id__in=list(people), status__in=act.before):
        role = known_role(people[member.user_id] or member.role)
        if (role, act.after) == (member.role, member.status):
            continue
        _authority_allows(act, member, member.user, role, authority)
        try:
            _transition_allows(act, member, role)
            _user_allows(act, member.user)
        except Problem as problem:
            kept.append((member, problem))
        else:
            moved.append(_Moved(member, {"role": member.role, "status": member.status}, {"role": role, "status": act.after}))
    if not moved:
        return kept
    _owner_remains(organization, moved)
    _move_all(organization, moved, reason.strip())
    if act is SUSPEND:
        _suspended(organization.id, [each.member.user_id for each in moved])
    makers = owners_of_keys(organization.id, [each.member.user_id for each in moved])
    for each in moved:
        if each.member.user_id in makers:
            _end_keys(each.member, actor)
    record_all(
        act.event, actor=actor, organization_id=organization.id, reason=reason,
        entries=[(each.member, each.member.user.email, difference(each.before, each.after)) for each in moved],
    )  # fmt: skip
    return kept


@dataclass(frozen=True, slots=True)
class _Moved:
    """One of many: the membership, and its role and status before and now."""

    member: Membership
    before: dict[str, str]
    after: dict[str, str]

    def owns(self, when: dict[str, str]) -> bool:
        return when == {"role": "owner", "status": "active"}


def _owner_remains(organization: Organization, moved: Sequence[_Moved]) -> None:
    leaving = [each.member for each in moved if each.owns(each.before)]
    if not leaving or any(each.owns(each.after) for each in moved):
        return
    others = Membership.objects.filter(organization=organization, role="owner", status=Membership.Status.ACTIVE)
    if not others.exclude(id__in=[member.id for member in leaving]).exists():
        raise _no_other_owner()


def _move_all(organization: Organization, moved: Sequence[_Moved], reason: str) -> None:
    """Seats, rows and generations of many, with one statement for each role and what becomes of its seat."""
    seats: Counter[str] = Counter()
    groups: dict[tuple[str, str, bool, bool], list[Membership]] = {}
    for each in moved:
        member, (role, status) = each.member, (each.after["role"], each.after["status"])
        held = seat_of(member.role) if member.seat_assigned_at else None
        wants = seat_of(role) if status == "active" and not member.service else None
        seats.update(limits.seats(held, wants))
        groups.setdefault((role, status, wants is not None, held != wants), []).append(member)
    limits.move(organization.id, seats)
    moment = now()
    for (role, status, seated, another), members in groups.items():
        changes: dict[str, Any] = {"role": role, "status": status, "reason": reason}
        if another:
            changes["seat_assigned_at"] = moment if seated else None
        for member in members:
            member.version += 1
            for name, value in changes.items():
                setattr(member, name, value)
        Membership.objects.filter(id__in=[member.id for member in members]).update(version=F("version") + 1, **changes)
    touch_generations([each.member.user_id for each in moved])


def _end_keys(member: Membership, actor: Actor) -> None:
    """Keys that this person made here and could no longer make end now."""

    def may(scope: str) -> bool:
        return member.status == "active" and member_may_grant(member.role, scope)

    reason = f"Their maker is {member.role} now." if member.status == "active" else f"Their maker is {member.status}."
    revoke_keys_beyond(owner=member.user_id, may=may, organization_id=member.organization_id, actor=actor, reason=reason)


def _permission(act: Act) -> str:
    return TAKING_AWAY if act is SUSPEND else "members:write"


def _state_allows(organization: Organization, permission: str) -> None:
    state = Organization.objects.values_list("state", flat=True).get(id=organization.id)  # as it is now, under the lock
    if code := refusal(state, permission):
        raise Problem(HTTPStatus.FORBIDDEN, code, "In its present state this organization's members can't be changed.")


def _status_allows(act: Act, member: Membership | None) -> None:
    status = member.status if member else None
    if status in act.before:
        return
    if act in (ADD, JOIN):
        if status == "erased":
            raise Problem(HTTPStatus.GONE, "member_erased", "This person's data was erased; they can't be added again.")
        raise conflict("already_member", f"This person is a member already ({status}).", member_status=status)
    if member is None or status in ("removed", "erased"):
        raise not_found("member")
    raise conflict("state_conflict", f"This member is {status}.", member_status=status)


def _authority_allows(act: Act, member: Membership | None, user: User, new_role: str, authority: Authority) -> None:
    """Who may appoint somebody may touch them; nobody changes themself; leaving is everybody's own."""
    if act is LEAVE or act is JOIN:  # joining: the inviter's authority was checked when they invited
        return
    if authority.user_id == user.id and member is not None:
        raise conflict("own_role", "Nobody changes their own membership; ask another owner, or leave.")
    if member is not None and member.status in LIVE:
        require_grant(authority, member.role)
    require_grant(authority, new_role)


def _transition_allows(act: Act, member: Membership | None, new_role: str) -> None:
    if act is CHANGE_ROLE and member is not None and any({member.role, new_role} == pair for pair in DISJOINT):
        raise conflict(
            "transition_forbidden", "A learner can't become an expert, nor an expert a learner: they are on two sides of an engagement.",
            role=member.role, wanted=new_role,
        )  # fmt: skip


def _another_owner(organization: Organization, member: Membership) -> None:
    others = Membership.objects.filter(organization=organization, role="owner", status="active").exclude(id=member.id)
    if not others.exists():
        raise _no_other_owner()


def _no_other_owner() -> Problem:
    return conflict("last_owner", "This is the last owner. Make somebody else an owner first.")


def _user_allows(act: Act, user: User) -> None:
    if act.after == "active" and user.status != User.Status.ACTIVE:
        raise conflict("user_suspended", "This person is suspended in the whole workspace.")


def _move_seat(organization: Organization, user: User, held: str | None, wants: str | None, *, settle_invitation: bool) -> None:
    """Take the new seat and give back the old one, and that of the person's open invitation, in one step."""
    changes = limits.seats(held, wants)
    if settle_invitation:
        invitation = (
            Invitation.objects.select_for_update()
            .filter(organization=organization, email=user.email, status=Invitation.Status.PENDING)
            .first()
        )
        if invitation:
            for name, delta in limits.seats(seat_of(invitation.role), None).items():
                changes[name] = changes.get(name, 0) + delta
            invitation.status, invitation.answered_at = Invitation.Status.ACCEPTED, now()
            invitation.save(update_fields=["status", "answered_at"])
    limits.move(organization.id, changes)
