"""Groups of a directory: made, renamed, filled, deleted. Ten thousand members cost some statements, not ten thousand."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F

from tenantry.audit.services import Actor, record
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.kit.clock import now
from tenantry.organizations.models import Organization

from . import roles
from .mappings import key_of as mapping_key
from .mappings import roles_by_key
from .models import ScimGroup, ScimGroupMember, ScimUser
from .protocol.attributes import GROUPS
from .protocol.filters import Compare, Filter, Or
from .protocol.matching import element_test
from .protocol.patch import Operation, apply, pathless
from .protocol.values import read_resource
from .refusals import invalid_value, mutability, uniqueness, unknown
from .resources import group_attributes, members_of, read_id
from .settings import Settings

_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of the members. ``who`` None: all of them."""

    op: str
    who: tuple[UUID, ...] | None = None
    where: Filter | None = None


def load(organization_id: UUID, identifier: str, *, lock: bool = False) -> ScimGroup:
    """A group by the id that the directory knows. Raises Problem 404."""
    row_id = read_id(ScimGroup.PREFIX, identifier)
    rows = ScimGroup.objects.select_for_update() if lock else ScimGroup.objects
    row = rows.filter(organization_id=organization_id, id=row_id).first() if row_id else None
    if row is None:
        raise unknown("group", identifier)
    return row


def create(*, organization: Organization, body: dict[str, Any], settings: Settings, actor: Actor) -> ScimGroup:
    """A new group, perhaps with members. Raises Problem 409 ``uniqueness``, 400, and what a change of roles does."""
    wanted, members = _read(body)
    limits.lock(organization.id, SEATS)
    row = ScimGroup(organization_id=organization.id)
    _fill(row, wanted)
    row.save(force_insert=True)
    touched = _carry_out(row, [_Change("add", members)])
    changes: dict[str, Any] = {
        "displayName": {"before": None, "after": row.display_name}, "members": {"before": 0, "after": len(touched)},
    }  # fmt: skip
    record("scim_group.created", actor=actor, organization_id=organization.id, target=row, label=row.display_name, changes=changes)
    _settle(organization, row, touched, settings, actor)
    return row


def replace(*, organization: Organization, row: ScimGroup, body: dict[str, Any], settings: Settings, actor: Actor) -> ScimGroup:
    """PUT: exactly these members from now on. Raises what ``create`` does."""
    wanted, members = _read(body)
    return _change(organization, row, wanted, [_Change("replace", members)], settings, actor)


def patch(
    *, organization: Organization, row: ScimGroup, operations: list[Operation], settings: Settings, actor: Actor
) -> ScimGroup:  # fmt: skip
    """PATCH: all operations in their order, or none. Raises what ``create`` does."""
    own, changes = _split(operations)
    wanted = apply(group_attributes(row), own, GROUPS)
    return _change(organization, row, wanted, changes, settings, actor)


def delete(*, organization: Organization, row: ScimGroup, settings: Settings, actor: Actor) -> None:
    """The group goes; its members lose the role that it gave. Raises Problem 409 ``last_owner``."""
    touched = _carry_out(row, [_Change("remove")])
    record("scim_group.deleted", actor=actor, organization_id=organization.id, target=row, label=row.display_name)
    ScimGroup.objects.filter(id=row.id).delete()
    _settle(organization, row, touched, settings, actor)


def leave_all(members: Collection[ScimUser]) -> None:
    """Whoever leaves the directory is in no group: their groups have other members now, and so another version."""
    rows = ScimGroupMember.objects.filter(member__in=members)
    left = set(rows.values_list("group_id", flat=True))
    if left:
        ScimGroup.objects.filter(id__in=left).update(version=F("version") + 1, changed_at=now())
        rows.delete()


def _change(
    organization: Organization, row: ScimGroup, wanted: dict[str, Any], changes: list[_Change], settings: Settings, actor: Actor
) -> ScimGroup:
    before, key_before = group_attributes(row), row.name_key
    _fill(row, wanted)
    touched = _carry_out(row, changes)
    renamed = before["displayName"] != row.display_name
    if before == group_attributes(row) and not touched:
        return row
    row.version += 1
    row.changed_at = now()
    row.save()
    told: dict[str, Any] = {"members": {"before": None, "after": f"{len(touched)} changed"}} if touched else {}
    if renamed:
        told["displayName"] = {"before": before["displayName"], "after": row.display_name}
    record("scim_group.changed", actor=actor, organization_id=organization.id, target=row, label=row.display_name, changes=told)
    if renamed:
        touched |= set(ScimGroupMember.objects.filter(group=row).values_list("member_id", flat=True))
    _settle(organization, row, touched, settings, actor, formerly=key_before)
    return row


def _settle(
    organization: Organization, row: ScimGroup, touched: set[UUID], settings: Settings, actor: Actor, *, formerly: str = ""
) -> None:
    """Give those whose groups have changed the role that follows, where this group has anything to say about that."""
    if not touched:
        return
    ids, moment = list(touched), now()
    for start in range(0, len(ids), _AT_ONCE):
        ScimUser.objects.filter(id__in=ids[start : start + _AT_ONCE]).update(version=F("version") + 1, changed_at=moment)
    mapped = roles_by_key(organization.id)
    if mapping_key(row.display_name) in mapped or mapping_key(formerly) in mapped:
        roles.recompute(organization=organization, members=ids, mapped=mapped, settings=settings, actor=actor)


def _fill(row: ScimGroup, wanted: dict[str, Any]) -> None:
    """Set name and externalId. Raises Problem 400, 409 ``uniqueness``."""
    name = wanted.get("displayName")
    if not isinstance(name, str) or not name.strip():
        raise invalid_value("displayName is required.")
    row.display_name, row.external_id = name.strip(), wanted.get("externalId", "")
    row.name_key = row.display_name.casefold()
    others = ScimGroup.objects.filter(organization_id=row.organization_id).exclude(id=row.id)
    if others.filter(name_key=row.name_key).exists():
        raise uniqueness(f"There is a group {row.display_name} already.")
    if row.external_id and others.filter(external_id=row.external_id).exists():
        raise uniqueness(f"The externalId {row.external_id} is taken by another group.")


def _read(body: dict[str, Any]) -> tuple[dict[str, Any], tuple[UUID, ...]]:
    members = next((value for name, value in body.items() if name.lower() == "members"), None)
    wanted = read_resource({name: value for name, value in body.items() if name.lower() != "members"}, GROUPS)
    return wanted, _ids(members)


def _ids(value: Any, *, unknown_too: bool = False) -> tuple[UUID, ...]:
    """Members as a client names them: ``{"value": id}``, ``{"$ref": …/Users/id}`` or the bare id; one, or a list.

    Raises Problem 400 for what is no member's id; with ``unknown_too`` that is left out.
    """
    found: list[UUID] = []
    for item in value if isinstance(value, list) else [] if value in (None, "") else [value]:
        text = item
        if isinstance(item, dict):
            parts = {name.lower(): part for name, part in item.items()}
            text = parts.get("value") or str(parts.get("$ref") or "").rpartition("/")[2]
        row_id = read_id(ScimUser.PREFIX, text) if isinstance(text, str) else None
        if row_id is not None:
            found.append(row_id)
        elif not unknown_too:
            raise invalid_value(f"There is no user {str(text)[:80]!r} to be a member. Groups within groups aren't taken.")
    return tuple(dict.fromkeys(found))


def _split(operations: list[Operation]) -> tuple[list[Operation], list[_Change]]:
    """The operations on the group's own attributes, and those on its members, each in their order."""
    own: list[Operation] = []
    members: list[_Change] = []
    for each in operations:
        if each.target is None:
            for key, value in pathless(each, GROUPS):
                part = Operation(each.op, key.target, key.where, key.sub, value)
                _sort_in(part, own, members)
        else:
            _sort_in(each, own, members)
    return own, members


def _sort_in(each: Operation, own: list[Operation], members: list[_Change]) -> None:
    assert each.target is not None
    attribute = each.target.attribute
    if attribute is None or attribute.name != "members":
        own.append(each)
        return
    if each.target.sub is not None or each.sub:
        raise mutability("The parts of a member can't be changed. Add and remove members.")
    if each.op == "remove":
        if each.where is not None:
            named = _named(each.where)
            members.append(_Change("remove", named) if named is not None else _Change("remove", where=each.where))
        else:
            members.append(_Change("remove", None if each.value is None else _ids(each.value, unknown_too=True)))
        return
    if each.where is not None:
        members.append(_Change("add", _ids(each.value)))
    else:
        members.append(_Change(each.op, _ids(each.value)))


def _named(where: Filter) -> tuple[UUID, ...] | None:
    """The members that ``value eq "…" or value eq "…"`` names, or None for any other filter."""
    found: list[UUID] = []
    for part in where.parts if isinstance(where, Or) else (where,):
        if not isinstance(part, Compare) or part.op != "eq" or part.path.lower() != "value" or not isinstance(part.value, str):
            return None
        row_id = read_id(ScimUser.PREFIX, part.value)
        if row_id is not None:
            found.append(row_id)
    return tuple(found)


def _carry_out(row: ScimGroup, changes: Iterable[_Change]) -> set[UUID]:
    """Change the members; whose membership is another one now."""
    touched: set[UUID] = set()
    for each in changes:
        if each.op == "add":
            touched |= _add(row, each.who or ())
        elif each.op == "replace":
            wanted = set(each.who or ())
            held = set(ScimGroupMember.objects.filter(group=row).values_list("member_id", flat=True))
            touched |= _remove(row, held - wanted)
            touched |= _add(row, tuple(member for member in each.who or () if member not in held))
        else:
            who = set(each.who) if each.who is not None else _fitting(row, each.where)
            touched |= _remove(row, who)
    return touched


def _fitting(row: ScimGroup, where: Filter | None) -> set[UUID]:
    """The members that a filter means; all of them without one."""
    if where is None:
        return set(ScimGroupMember.objects.filter(group=row).values_list("member_id", flat=True))
    attribute = GROUPS.root["members"]
    test = element_test(where, attribute)
    held = members_of([row.id], named=True).get(row.id, [])
    return {member for member, name in held if test({"value": ScimUser.encode_id(member), "display": name, "type": "User"})}


def _add(row: ScimGroup, who: tuple[UUID, ...]) -> set[UUID]:
    """Raises Problem 400 for somebody whom the organization's directory never had; who was deleted is passed over."""
    added: set[UUID] = set()
    for start in range(0, len(who), _AT_ONCE):
        part = who[start : start + _AT_ONCE]
        known = dict(ScimUser.objects.filter(organization_id=row.organization_id, id__in=part).values_list("id", "deleted_at"))
        missing = next((member for member in part if member not in known), None)
        if missing is not None:
            raise invalid_value(f"There is no user {ScimUser.encode_id(missing)} to be a member.")
        held = set(ScimGroupMember.objects.filter(group=row, member_id__in=part).values_list("member_id", flat=True))
        fresh = [member for member in part if member not in held and known[member] is None]
        ScimGroupMember.objects.bulk_create(
            [ScimGroupMember(organization_id=row.organization_id, group=row, member_id=member) for member in fresh], batch_size=_AT_ONCE
        )
        added |= set(fresh)
    return added


def _remove(row: ScimGroup, who: set[UUID]) -> set[UUID]:
    removed: set[UUID] = set()
    ids = list(who)
    for start in range(0, len(ids), _AT_ONCE):
        rows = ScimGroupMember.objects.filter(group=row, member_id__in=ids[start : start + _AT_ONCE])
        held = set(rows.values_list("member_id", flat=True))
        if held:
            rows.delete()
        removed |= held
    return removed
