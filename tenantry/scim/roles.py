"""From groups to roles: the highest role that is mapped to any of a person's groups."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tenantry.audit.services import Actor
from tenantry.kit.problems import Problem
from tenantry.organizations.models import Organization

from . import accounts, errors
from .mappings import highest, role_for, roles_by_key
from .models import ScimGroupMember, ScimUser
from .settings import Settings
from .settings import of as settings_of

_AT_ONCE = 2_000


def role_of(organization_id: UUID, row: ScimUser) -> str | None:
    """What a person's groups give, or None when none of them is mapped."""
    names = ScimGroupMember.objects.filter(member=row).values_list("group__display_name", flat=True)
    return role_for(organization_id, list(names))


def recompute(
    *, organization: Organization, members: Sequence[UUID], mapped: dict[str, str], settings: Settings, actor: Actor
) -> int:  # fmt: skip
    """Give these people the roles that their groups give now; returns how many have another one.

    A learner whose groups make an expert of them (or the other way round) stays what they are: that is noted among the errors, and
    the directory can go on. Raises Problem 402 when no seat is free, 409 ``last_owner``; then nothing has changed.
    """
    changed = 0
    for start in range(0, len(members), _AT_ONCE):
        changed += _recompute(organization, members[start : start + _AT_ONCE], mapped, settings, actor)
    return changed


def _recompute(organization: Organization, members: Sequence[UUID], mapped: dict[str, str], settings: Settings, actor: Actor) -> int:
    names: dict[UUID, list[str]] = {}
    for member, name in ScimGroupMember.objects.filter(member_id__in=members).values_list("member_id", "group__display_name"):
        names.setdefault(member, []).append(name)
    rows = ScimUser.objects.filter(id__in=members, active=True, deleted_at__isnull=True, user_id__isnull=False).select_related("user")
    changed = 0
    for row in sorted(rows, key=lambda each: each.id):
        given, wanted = row.given_role, highest(names.get(row.id, ()), mapped)
        if (wanted is not None and wanted == given) or (wanted is None and not given):
            continue
        try:
            accounts.give_role(organization=organization, row=row, role=wanted, settings=settings, actor=actor)
        except Problem as problem:
            if problem.code != "transition_forbidden":
                raise
            errors.note(
                organization_id=organization.id, problem=problem, status=problem.status, method="", path="", user_name=row.user_name
            )
        if row.given_role != given:
            ScimUser.objects.filter(id=row.id).update(given_role=row.given_role)
            changed += 1
    return changed


def recompute_all(*, organization_id: UUID, actor: Actor) -> None:
    """After the mappings have changed: everybody's role (mappings.py calls it). Raises what ``recompute`` does."""
    organization = Organization.objects.get(id=organization_id)
    rows = ScimUser.objects.filter(organization_id=organization_id, deleted_at__isnull=True, user_id__isnull=False)
    members = list(rows.values_list("id", flat=True))
    recompute(
        organization=organization, members=members, mapped=roles_by_key(organization_id), settings=settings_of(organization_id), actor=actor
    )
