"""From groups to roles: the highest role that is mapped to any of a person's groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from tenantry.audit.services import Actor
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.organizations.models import Membership, Organization

from . import accounts, errors
from .mappings import highest, role_for, roles_by_key
from .models import ScimGroupMember, ScimUser
from .settings import Settings
from .settings import of as settings_of

_AT_ONCE = 2_000
_NOTED = 50  # of one act: each is a transaction of its own


def role_of(organization_id: UUID, row: ScimUser) -> str | None:
    """What a person's groups give, or None when none of them is mapped."""
    names = ScimGroupMember.objects.filter(member=row).values_list("group__display_name", flat=True)
    return role_for(organization_id, list(names))


def recompute(
    *, organization: Organization, members: Sequence[UUID], mapped: dict[str, str], settings: Settings, actor: Actor
) -> int:  # fmt: skip
    """Give these people the roles that their groups give now; returns how many have another one. All at once: some statements for ten
    thousand people.

    A learner whose groups make an expert of them (or the other way round) stays what they are: that is noted among the errors, and
    the directory can go on. Raises Problem 402 when no seat is free, 409 ``last_owner``; then nothing has changed.
    """
    rows: dict[UUID, ScimUser] = {}  # by user
    given: dict[UUID, str] = {}  # the role that the directory gives now, by user
    for start in range(0, len(members), _AT_ONCE):
        part = members[start : start + _AT_ONCE]
        for row, role in _given(organization, part, mapped, settings):
            assert row.user_id is not None
            rows[row.user_id], given[row.user_id] = row, role
    if not given:
        return 0
    who = f"{len(given):,} people of a group" if len(given) > 1 else next(iter(rows.values())).user_name
    kept = accounts.change_roles(organization=organization, roles=given, who=who, actor=actor)
    for index, (user_id, problem) in enumerate(kept):
        name = rows[user_id].user_name
        if index < _NOTED:
            errors.note(organization_id=organization.id, problem=problem, status=problem.status, method="", path="", user_name=name)
        del given[user_id]
    changed = {rows[user_id].id: role for user_id, role in given.items() if rows[user_id].given_role != role}
    for role in set(changed.values()):
        ScimUser.objects.filter(id__in=[row_id for row_id, new in changed.items() if new == role]).update(given_role=role)
    return len(changed)


def _given(
    organization: Organization, members: Sequence[UUID], mapped: dict[str, str], settings: Settings
) -> Iterator[tuple[ScimUser, str]]:
    """Those of some people whose role is the directory's to say, and the role. Who got theirs from a person keeps it."""
    names: dict[UUID, list[str]] = {}
    for member, name in ScimGroupMember.objects.filter(member_id__in=members).values_list("member_id", "group__display_name"):
        names.setdefault(member, []).append(name)
    rows = ScimUser.objects.filter(id__in=members, active=True, deleted_at__isnull=True, user_id__isnull=False).order_by("id")
    people = Membership.objects.filter(organization=organization, status=Membership.Status.ACTIVE, user_id__in=rows.values("user_id"))
    held = dict(people.values_list("user_id", "role"))
    for row in rows:
        wanted = highest(names.get(row.id, ()), mapped)
        if row.user_id not in held or (wanted is not None and wanted == row.given_role):
            continue
        if wanted is not None or (row.given_role and row.given_role == held[row.user_id]):
            yield row, wanted or settings.default_role


def recompute_all(*, organization_id: UUID, actor: Actor) -> None:
    """After the mappings have changed: everybody's role (mappings.py calls it). Raises what ``recompute`` does."""
    organization = Organization.objects.get(id=organization_id)
    limits.lock(organization_id, SEATS)  # before it looks: a directory that changes its groups meanwhile waits, or has been
    rows = ScimUser.objects.filter(organization_id=organization_id, deleted_at__isnull=True, user_id__isnull=False)
    members = list(rows.values_list("id", flat=True))
    recompute(
        organization=organization, members=members, mapped=roles_by_key(organization_id), settings=settings_of(organization_id), actor=actor
    )
