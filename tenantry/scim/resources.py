"""Rows as SCIM resources."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from tenantry.kit.ids import decode
from tenantry.tenancy.scope import current

from .models import ScimGroup, ScimGroupMember, ScimUser
from .protocol.attributes import GROUPS, USERS
from .protocol.values import schemas_of


def base() -> str:
    """The address of /scim/v2 in the present tenant, from settings alone: a forged Host header reaches no resource."""
    prefix = f"/t/{current().slug}" if settings.ENVIRONMENT.multi else ""
    return f"{settings.ENVIRONMENT.base_url}{prefix}/scim/v2"


def moment(at: datetime) -> str:
    """RFC 7643 §2.3.5, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def etag(version: int) -> str:
    """A weak one: two answers of one version say the same, if not byte by byte."""
    return f'W/"{version}"'


def _meta(kind: str, row: ScimUser | ScimGroup, location: str) -> dict[str, Any]:
    return {
        "resourceType": kind, "created": moment(row.created_at), "lastModified": moment(row.changed_at), "location": location,
        "version": etag(row.version),
    }  # fmt: skip


def attributes_of(row: ScimUser) -> dict[str, Any]:
    """What the directory has set: what a PATCH changes."""
    found: dict[str, Any] = {"userName": row.user_name, **row.data, "active": row.active}
    if row.external_id:
        found["externalId"] = row.external_id
    return found


def user_resource(row: ScimUser, groups: Collection[tuple[UUID, str]], prefix: str) -> dict[str, Any]:
    """A whole User; ``groups`` are the ids and names of those it is in, ``prefix`` is ``base()``."""
    found = attributes_of(row)
    shown = {"schemas": schemas_of(found, USERS), "id": row.public_id, **found}
    if groups:
        shown["groups"] = [
            {
                "value": (identifier := ScimGroup.encode_id(group)),
                "$ref": f"{prefix}/Groups/{identifier}",
                "display": name,
                "type": "direct",
            }
            for group, name in groups
        ]
    shown["meta"] = _meta("User", row, f"{prefix}/Users/{row.public_id}")
    return shown


def group_attributes(row: ScimGroup) -> dict[str, Any]:
    """What the directory has set, the members left out."""
    return {"displayName": row.display_name} | ({"externalId": row.external_id} if row.external_id else {})


def group_resource(row: ScimGroup, members: Iterable[tuple[UUID, str]] | None, prefix: str) -> dict[str, Any]:
    """A whole Group; ``members`` are ids and names, None where they aren't asked for."""
    shown = {"schemas": [GROUPS.core.urn], "id": row.public_id, **group_attributes(row)}
    if members is not None:
        shown["members"] = [
            {"value": (identifier := ScimUser.encode_id(member)), "$ref": f"{prefix}/Users/{identifier}", "type": "User"}
            | ({"display": name} if name else {})
            for member, name in members
        ]
    shown["meta"] = _meta("Group", row, f"{prefix}/Groups/{row.public_id}")
    return shown


def groups_of(members: Collection[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """The groups of these people. One query."""
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    rows = ScimGroupMember.objects.filter(member_id__in=members).order_by("group_id")
    for member, group, name in rows.values_list("member_id", "group_id", "group__display_name"):
        found.setdefault(member, []).append((group, name))
    return found


def members_of(groups: Collection[UUID], *, named: bool) -> dict[UUID, list[tuple[UUID, str]]]:
    """The people of these groups, by id and, when ``named``, the name to show. One query."""
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    rows = ScimGroupMember.objects.filter(group_id__in=groups).order_by("member_id")
    if not named:
        for group, member in rows.values_list("group_id", "member_id"):
            found.setdefault(group, []).append((member, ""))
        return found
    for group, member, name, shown in rows.values_list("group_id", "member_id", "member__user_name", "member__data__displayName"):
        found.setdefault(group, []).append((member, str(shown or name)))
    return found


def read_id(prefix: str, text: str) -> UUID | None:
    """The row's id behind a resource's, or None for what is none of ours."""
    try:
        return decode(prefix, text)
    except ValueError:
        return None
