"""Which role a directory's groups give: the highest of those that are mapped wins, else the default role."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from tenantry.access.permissions import ADMIN_ROLES, ROLES
from tenantry.audit.services import Actor, record
from tenantry.kit.problems import Problem

from .models import ScimGroupMapping
from .settings import held

MOST: Final = 500
LONGEST: Final = 255


@dataclass(frozen=True, slots=True)
class Mapping:
    """One group by the name that the directory gives it, and its role."""

    group: str
    role: str


def key_of(group: str) -> str:
    """How names of groups are compared: directories differ in case and spaces only by accident."""
    return " ".join(group.split()).casefold()


def of(organization_id: UUID) -> list[Mapping]:
    """All mappings, the highest role first."""
    rows = ScimGroupMapping.objects.filter(organization_id=organization_id).values_list("group", "role")
    return sorted((Mapping(*row) for row in rows), key=lambda found: (-ROLES[found.role].rank, key_of(found.group)))


def roles_by_key(organization_id: UUID) -> dict[str, str]:
    """``{name in lower case: role}``, for many people at once: see ``highest``."""
    return dict(ScimGroupMapping.objects.filter(organization_id=organization_id).values_list("group_key", "role"))


def highest(groups: Iterable[str], mapped: dict[str, str]) -> str | None:
    """The highest role that these groups (by name) give, or None when none of them is mapped. Pure."""
    roles = {mapped[key] for group in groups if (key := key_of(group)) in mapped}
    return max(roles, key=lambda role: ROLES[role].rank, default=None)


def role_for(organization_id: UUID, groups: Iterable[str]) -> str | None:
    """``highest`` for one person. One query."""
    return highest(groups, roles_by_key(organization_id))


_recompute: Callable[..., None] = lambda **ignored: None  # noqa: E731  # replaced at start-up


def use_recompute(recompute: Callable[..., None]) -> None:
    """What gives everybody the role that their groups give now: ``recompute(organization_id=, actor=)``."""
    global _recompute
    _recompute = recompute


def change(
    *, organization_id: UUID, mappings: Sequence[Mapping], governance: bool, expected_version: int | None = None, actor: Actor
) -> list[Mapping]:
    """Make the mappings exactly these, and give everybody the role that follows, in the same transaction.

    ``governance``: whether the caller may give the roles owner, maintainer and billing_admin; without it, groups that are
    mapped to one stay as they are. Raises Problem 403 ``role_not_grantable``, 409 ``last_owner``, 402, 412, 422.
    """
    wanted = _checked(mappings)
    settings = held(organization_id, expected_version=expected_version)
    rows = {row.group_key: row for row in ScimGroupMapping.objects.filter(organization_id=organization_id)}
    touched = [
        (index, role)
        for index, (key, (_, role)) in enumerate(wanted.items())
        if key not in rows or rows[key].role != role
        for role in ({role} | ({rows[key].role} if key in rows else set())) & ADMIN_ROLES
    ]
    gone = [row for key, row in rows.items() if key not in wanted]
    if not governance and (touched or any(row.role in ADMIN_ROLES for row in gone)):
        role = touched[0][1] if touched else next(row.role for row in gone if row.role in ADMIN_ROLES)
        pointer = f"/{touched[0][0]}/role" if touched else ""
        detail = f"Only an owner maps a group to {ROLES[role].label}, or takes that back."
        raise Problem(403, "role_not_grantable", detail, role=role, errors=[{"pointer": pointer, "detail": detail}])
    before = {row.group: row.role for row in rows.values()}
    after = dict(wanted.values())
    if before == after:
        return of(organization_id)
    ScimGroupMapping.objects.filter(id__in=[row.id for row in rows.values()]).delete()
    ScimGroupMapping.objects.bulk_create(
        ScimGroupMapping(organization_id=organization_id, group=group, group_key=key, role=role) for key, (group, role) in wanted.items()
    )
    settings.version += 1
    settings.save(update_fields=["version"])
    changes = {"mappings": {"before": before, "after": after}}
    record("scim.mappings_changed", actor=actor, organization_id=organization_id, label="Directory sync", changes=changes)
    _recompute(organization_id=organization_id, actor=actor)
    return of(organization_id)


def _checked(mappings: Sequence[Mapping]) -> dict[str, tuple[str, str]]:
    """``{key: (group, role)}``. Raises Problem 422 that names every wrong one, 409 is nobody's: a group stands there once."""
    found: dict[str, tuple[str, str]] = {}
    errors = []
    for index, mapping in enumerate(mappings):
        group = " ".join(mapping.group.split())
        if not group or len(group) > LONGEST or not group.isprintable():
            errors.append({"pointer": f"/{index}/group", "detail": f"A group's name has 1 to {LONGEST} printable characters."})
        elif (key := key_of(group)) in found:
            errors.append({"pointer": f"/{index}/group", "detail": f"The group {group} stands there twice."})
        else:
            found[key] = (group, mapping.role)
        if mapping.role not in ROLES:
            errors.append({"pointer": f"/{index}/role", "detail": f"There is no role {mapping.role[:40]!r}."})
    if len(mappings) > MOST:
        errors.append({"pointer": "", "detail": f"At most {MOST} groups can be mapped."})
    if errors:
        raise Problem(422, "mapping_invalid", "Some of the mappings can't be used.", errors=errors)
    return found
