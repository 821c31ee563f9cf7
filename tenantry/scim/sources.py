"""Where lists come from: each type's rows, the conditions that the database can answer by an index, and rows as resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import NullIf

from tenantry.organizations.models import Membership
from tenantry.people.models import User

from .models import ScimAddress, ScimGroup, ScimGroupMember, ScimUser
from .protocol.attributes import GROUPS, USERS, ResourceType
from .protocol.filters import And, Compare, Filter, Has, Or
from .protocol.paths import resolve
from .protocol.projection import Projection
from .resources import group_resource, groups_of, members_of, read_id, user_resource

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Source:
    """One type's rows. ``columns`` are attributes that the database can sort by; ``shown`` makes resources of rows."""

    kind: ResourceType
    rows: Callable[[UUID], QuerySet[Any]]
    columns: dict[str, str]
    shown: Callable[[Sequence[Any], Projection, str], list[dict[str, Any]]]
    condition: Callable[[str, Any, UUID], Q | None]


def _users(organization_id: UUID) -> QuerySet[Any]:
    rows = ScimUser.objects.filter(organization_id=organization_id, deleted_at__isnull=True)
    here = Membership.objects.filter(organization_id=organization_id, status=Membership.Status.ERASED).values("user_id")
    altogether = User.objects.filter(status=User.Status.ERASED).values("id")
    return rows.filter(Q(user_id__isnull=True) | (~Q(user_id__in=here) & ~Q(user_id__in=altogether)))


def _groups(organization_id: UUID) -> QuerySet[Any]:
    return ScimGroup.objects.filter(organization_id=organization_id)


def show_users(rows: Sequence[ScimUser], projection: Projection, prefix: str) -> list[dict[str, Any]]:
    """Users as resources; one query for their groups, unless nobody asks for them."""
    groups = groups_of([row.id for row in rows]) if rows and projection.wants("groups", USERS) else {}
    return [user_resource(row, groups.get(row.id, ()), prefix) for row in rows]


def show_groups(rows: Sequence[ScimGroup], projection: Projection, prefix: str) -> list[dict[str, Any]]:
    """Groups as resources; one query for their members, unless nobody asks for them."""
    wanted = projection.wants("members", GROUPS)
    named = projection.asks("members", "display", GROUPS)
    members = members_of([row.id for row in rows], named=named) if rows and wanted else {}
    return [group_resource(row, members.get(row.id, ()) if wanted else None, prefix) for row in rows]


def _user_condition(name: str, value: Any, organization_id: UUID) -> Q | None:
    """The index's condition for ``name eq value``, or None where there is no index."""
    if not isinstance(value, str):
        return None
    if name == "userName":
        return Q(user_name_key=value.casefold())
    if name == "externalId":
        return Q(external_id=value)
    if name == "id":
        return Q(id=read_id(ScimUser.PREFIX, value))
    if name == "emails.value":
        key = value.casefold()
        further = ScimAddress.objects.filter(organization_id=organization_id, key=key).values("holder_id")
        return Q(id__in=_ids(organization_id, key)) | Q(id__in=further)
    if name == "groups.value":
        return Q(id__in=ScimGroupMember.objects.filter(group_id=read_id(ScimGroup.PREFIX, value)).values("member_id"))
    return None


def _ids(organization_id: UUID, key: str) -> Any:
    return ScimUser.objects.filter(organization_id=organization_id, address_key=key).values("id")


def _group_condition(name: str, value: Any, organization_id: UUID) -> Q | None:
    if not isinstance(value, str):
        return None
    if name == "displayName":
        return Q(name_key=value.casefold())
    if name == "externalId":
        return Q(external_id=value)
    if name == "id":
        return Q(id=read_id(ScimGroup.PREFIX, value))
    if name == "members.value":
        return Q(id__in=ScimGroupMember.objects.filter(member_id=read_id(ScimUser.PREFIX, value)).values("group_id"))
    return None


_META = {"meta.created": "created_at", "meta.lastModified": "changed_at", "id": "id", "externalId": "external_id"}
_MAY_BE_EMPTY = ("external_id",)
USER_SOURCE = Source(USERS, _users, {"userName": "user_name_key", **_META}, show_users, _user_condition)
GROUP_SOURCE = Source(GROUPS, _groups, {"displayName": "name_key", **_META}, show_groups, _group_condition)


def narrowed(tree: Filter | None, source: Source, organization_id: UUID) -> tuple[Q, bool]:
    """What the database can say of a filter: a condition that everything which fits meets, and whether it says all of it."""
    if tree is None:
        return Q(), True
    if isinstance(tree, And):
        parts = [narrowed(part, source, organization_id) for part in tree.parts]
        found = Q()
        for condition, _ in parts:
            found &= condition
        return found, all(exact for _, exact in parts)
    if isinstance(tree, Or):
        parts = [narrowed(part, source, organization_id) for part in tree.parts]
        if any(not condition for condition, _ in parts):
            return Q(), False
        found = Q()
        for condition, _ in parts:
            found |= condition
        return found, all(exact for _, exact in parts)
    name = _named(tree, source.kind)
    if name and isinstance(tree, Compare) and tree.op == "eq" and (known := source.condition(name, tree.value, organization_id)):
        return known, True
    if isinstance(tree, Has) and name:  # emails[type eq "work"].value eq "x", members[value eq "x"]
        asked = tree.then if tree.then is not None else tree.inner
        for part in asked.parts if isinstance(asked, And) else (asked,):
            if isinstance(part, Compare) and part.op == "eq":
                known = source.condition(f"{name}.{part.path.lower()}", part.value, organization_id)
                if known:
                    return known, False
    return Q(), False


def _named(tree: Filter, kind: ResourceType) -> str:
    if not isinstance(tree, Compare | Has) or (target := resolve(tree.path, kind)) is None or target.attribute is None or target.extension:
        return ""
    name = target.attribute.name
    if isinstance(tree, Compare) and target.attribute.complex:
        return f"{name}.{target.sub.name if target.sub else 'value'}"
    return name


def each(source: Source, rows: QuerySet[Any], projection: Projection, prefix: str) -> Iterator[tuple[Any, dict[str, Any]]]:
    """All rows with their resources, some hundred at a time: a big organization is never in memory at once."""
    after: UUID | None = None
    rows = rows.order_by("id")
    while True:
        part = list((rows.filter(id__gt=after) if after else rows)[:AT_ONCE])
        yield from zip(part, source.shown(part, projection, prefix), strict=True)
        if len(part) < AT_ONCE:
            return
        after = part[-1].id


def ordered(rows: QuerySet[Any], column: str, *, descending: bool) -> QuerySet[Any]:
    """Rows by a column; the id decides between equal ones, so that the order is the same for every page size."""
    key = NullIf(F(column), Value("")) if column in _MAY_BE_EMPTY else F(column)  # PostgreSQL puts null last, and first of descending ones
    order = (key.desc(), F("id").desc()) if descending else (key.asc(), F("id").asc())
    return rows.order_by(*order)
