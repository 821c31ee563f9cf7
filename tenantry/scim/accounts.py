"""What a directory's word means for accounts and memberships. All of it goes through the organization's one door, ``settle``.

A directory speaks for its organization: it gives and takes memberships there. Over an account it has a say only where the account is
its own: it made it, or the organization holds the domain of its address (``speaks_for``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db.models import Q, QuerySet

from tenantry.audit.services import Actor
from tenantry.kit.problems import Problem
from tenantry.organizations.authority import SYSTEM_AUTHORITY
from tenantry.organizations.domains import queries as domain_queries
from tenantry.organizations.membership import ADD, CHANGE_ROLE, REACTIVATE, SUSPEND, Act, settle, settle_all
from tenantry.organizations.models import Membership, Organization
from tenantry.people.models import Staff, User
from tenantry.people.sessions import end_sessions, signed_in
from tenantry.people.users import change_address, ensure_user, rename_all
from tenantry.tenancy.scope import everywhere

from . import alerts
from .models import ScimAddress, ScimUser
from .refusals import gone, uniqueness
from .settings import Settings
from .settings import of as settings_of


def speaks_for(organization: Organization, row: ScimUser, user: User) -> bool:
    """Whether the directory may change this account itself: its name, its address, its sessions elsewhere. Never that of staff."""
    if _is_staff(user):
        return False
    return row.made_user or domain_queries.covers(organization.id, user.email)


def join(*, organization: Organization, row: ScimUser, address: str, name: str, role: str | None, settings: Settings, actor: Actor) -> None:
    """Make the person a member, or a member again; ``role`` is what their groups give. Sets the row's fields, and doesn't save it.

    Who is a member already stays what they are, but for a role that their groups give. Raises Problem 402, 403, 409, 410, 422.
    """
    if row.user_id is None:
        if not address:
            return  # nobody to let in yet: an address may follow
        row.user, row.made_user = ensure_user(email=address, name=name, actor=actor)
        if not row.made_user:
            _inherit(row)
    user = row.user
    assert user is not None
    if user.status == User.Status.ERASED:
        raise gone()
    member = Membership.objects.filter(organization=organization, user=user).first()
    status = member.status if member else None
    if status == Membership.Status.ERASED:
        raise gone()
    if status == Membership.Status.ACTIVE:
        give_role(organization=organization, row=row, role=role, settings=settings, actor=actor)
        return
    if status == Membership.Status.SUSPENDED:
        if row.suspended_here:  # what a person suspended, a person lifts
            _settle(REACTIVATE, organization, user, "", actor)
            row.suspended_here = False
            give_role(organization=organization, row=row, role=role, settings=settings, actor=actor)
        return
    row.given_role = role or settings.default_role
    _settle(ADD, organization, user, row.given_role, actor)
    row.suspended_here = False


def _inherit(row: ScimUser) -> None:
    """Somebody who was deleted and comes again: what the directory did before, it may undo."""
    rows = ScimUser.objects.filter(organization_id=row.organization_id, user=row.user, deleted_at__isnull=False)
    before = rows.order_by("-deleted_at").first()
    if before is not None:
        row.made_user, row.given_role, row.suspended_here = before.made_user, before.given_role, before.suspended_here


def inactive(organization_id: UUID, email: str) -> bool:
    """Whether the directory says that whoever has this address is not to come in: for the ways in that nobody else decides."""
    key = email.casefold()
    further = ScimAddress.objects.filter(organization_id=organization_id, key=key).values("holder_id")
    theirs = Q(user__email=email) | Q(user_name_key=key) | Q(address_key=key) | Q(id__in=further)
    rows = ScimUser.objects.filter(theirs, organization_id=organization_id, active=False, deleted_at__isnull=True)
    if not rows.exists():
        return False
    settings = settings_of(organization_id)
    return settings.enabled and settings.deprovision


def forget_suspensions(organization_id: UUID, user_ids: Collection[UUID]) -> None:
    """Somebody suspended these people anew: who did it may lift it. Where that is the directory, ``leave`` says so afterwards."""
    ScimUser.objects.filter(organization_id=organization_id, user_id__in=user_ids, suspended_here=True).update(suspended_here=False)


def leave(*, organization: Organization, row: ScimUser, address: str = "", actor: Actor, reason: str) -> None:
    """Suspend the person's membership: the seat is free, sessions and keys end. Nothing happens to who isn't an active member.
    ``address`` finds a member of whom the directory hasn't spoken before, and sets the row's ``user``.

    Raises Problem 409 ``last_owner``, of which the owners are told.
    """
    user = row.user or (_unclaimed(organization, address) if address else None)
    if user is None or not Membership.objects.filter(organization=organization, user=user, status="active").exists():
        return
    _settle(SUSPEND, organization, user, "", actor, reason)
    row.user, row.suspended_here = user, True
    _end_sessions(organization, row, user, actor, reason)


def leave_all(*, organization: Organization, rows: Sequence[ScimUser], actor: Actor, reason: str) -> None:
    """``leave`` for many of different people, each with a ``user`` who isn't an owner here: in some statements."""
    people = {row.user_id: row for row in rows if row.user_id}
    members = Membership.objects.filter(organization=organization, user_id__in=list(people), status=Membership.Status.ACTIVE)
    active = list(members.values_list("user_id", flat=True))
    if not active:
        return
    settle_all(SUSPEND, dict.fromkeys(active, ""), organization=organization, authority=SYSTEM_AUTHORITY, actor=actor, reason=reason)
    for user_id in active:
        people[user_id].suspended_here = True
    for user_id in signed_in(active):
        row = people[user_id]
        assert row.user is not None
        _end_sessions(organization, row, row.user, actor, reason)


def return_all(*, organization: Organization, rows: Sequence[ScimUser], actor: Actor) -> None:
    """Lift what ``leave`` did to these people, who keep their roles. Raises Problem 402, 409; nothing has then happened."""
    people = {row.user_id: "" for row in rows if row.user_id}
    kept = settle_all(REACTIVATE, people, organization=organization, authority=SYSTEM_AUTHORITY, actor=actor)
    for _, problem in kept:
        raise problem
    for row in rows:
        row.suspended_here = False


def _end_sessions(organization: Organization, row: ScimUser, user: User, actor: Actor, reason: str) -> None:
    """Of somebody who has left: where the directory may, or where nobody else has a say."""
    if speaks_for(organization, row, user) or not (_is_staff(user) or _active_elsewhere(user, organization)):
        end_sessions(user=user, actor=actor, reason=reason)


def _unclaimed(organization: Organization, address: str) -> User | None:
    """A member with this address who is no other person of the directory."""
    rows = ScimUser.objects.filter(organization_id=organization.id, user__isnull=False, deleted_at__isnull=True)
    members = Membership.objects.filter(organization=organization, user__email=address).exclude(user__in=rows.values("user_id"))
    found = members.select_related("user").first()
    return found.user if found else None


def give_role(*, organization: Organization, row: ScimUser, role: str | None, settings: Settings, actor: Actor) -> None:
    """The role that the groups give, ``role``; without one, the default role to whom the directory gave their role before.

    Raises Problem 402, 409 ``last_owner``, ``transition_forbidden``. Sets ``given_role``, and doesn't save it.
    """
    member = Membership.objects.filter(organization=organization, user_id=row.user_id, status="active").first() if row.user_id else None
    if member is None:
        return
    if role is None:
        if not row.given_role or row.given_role != member.role:
            return  # given by a person: theirs to change
        role = settings.default_role
    if role != member.role:
        _settle(CHANGE_ROLE, organization, member.user, role, actor)
    row.given_role = role


def change_roles(*, organization: Organization, roles: Mapping[UUID, str], who: str, actor: Actor) -> list[tuple[UUID, Problem]]:
    """``give_role`` for many at once, by user id; returns whose role stays, and why. Raises Problem 402, 409 ``last_owner``, of which the
    owners are told; ``who`` is how their mail calls these people."""
    try:
        kept = settle_all(CHANGE_ROLE, roles, organization=organization, authority=SYSTEM_AUTHORITY, actor=actor)
    except Problem as problem:
        _alert(problem, organization, who)
        raise
    return [(member.user_id, problem) for member, problem in kept]


def update_profiles(*, organization: Organization, names: Sequence[tuple[ScimUser, str]], actor: Actor) -> None:
    """Carry the directory's names over to the accounts, where the directory may (``speaks_for``)."""
    wanted = [
        (row, row.user, name)
        for row, name in names
        if row.user and name and name != row.user.name and row.user.status == User.Status.ACTIVE
    ]
    if not wanted:
        return
    staff = set(_staff().filter(user__in=[user for _, user, _ in wanted]).values_list("user_id", flat=True))
    others = [user.email for row, user, _ in wanted if not row.made_user]
    ours = domain_queries.covered(organization.id, others) if others else set()
    allowed = {user.id: name for row, user, name in wanted if user.id not in staff and (row.made_user or user.email in ours)}
    rename_all(allowed, actor=actor)


def move(*, organization: Organization, row: ScimUser, address: str, actor: Actor) -> None:
    """Carry a new address over to the account, where it is the directory's own and nobody else's way in.

    That is: the organization holds the domains of both addresses, or the directory made the account, it was never of another
    organization, and nobody has signed in to it. Else the account keeps its address: with a password or a passkey of its own it
    would await, under somebody else's address, the one who comes to prove that. Raises Problem 409 ``uniqueness`` when the address
    is another person's.
    """
    user = row.user
    if user is None or address == user.email or user.status != User.Status.ACTIVE:
        return
    if _is_staff(user):
        return
    with_domains = domain_queries.covers(organization.id, user.email) and domain_queries.covers(organization.id, address)
    if not with_domains and (not row.made_user or user.last_seen_at is not None or belongs_elsewhere(user, organization)):
        return
    if User.objects.filter(email=address).exists():
        raise uniqueness(f"The address {address} belongs to another account of this workspace.")
    change_address(user=user, address=address, actor=actor)


def _settle(act: Act, organization: Organization, user: User, role: str, actor: Actor, reason: str = "") -> None:
    try:
        settle(act, organization=organization, user=user, role=role, authority=SYSTEM_AUTHORITY, actor=actor, reason=reason)
    except Problem as problem:
        _alert(problem, organization, user.email)
        raise


def _alert(problem: Problem, organization: Organization, who: str) -> None:
    if problem.code == "entitlement_limit_reached":
        alerts.tell("seats", organization_id=organization.id, who=who)
    elif problem.code == "last_owner":
        alerts.tell("last_owner", organization_id=organization.id, who=who)


def erased(organization_id: UUID, user: User | None) -> bool:
    """Whether somebody was erased, as a whole or in this organization."""
    if user is None:
        return False
    return (
        user.status == User.Status.ERASED
        or Membership.objects.filter(organization_id=organization_id, user=user, status=Membership.Status.ERASED).exists()
    )


def belongs_elsewhere(user: User, organization: Organization) -> bool:
    """Whether somebody is, or ever was, of another organization."""
    with everywhere():
        return Membership.objects.filter(user=user).exclude(organization=organization).exists()


def _active_elsewhere(user: User, organization: Organization) -> bool:
    with everywhere():
        return Membership.objects.filter(user=user, status=Membership.Status.ACTIVE).exclude(organization=organization).exists()


def _is_staff(user: User) -> bool:
    return _staff().filter(user=user).exists()


def _staff() -> QuerySet[Staff]:
    return Staff.objects.filter(status=Staff.Status.ACTIVE)
