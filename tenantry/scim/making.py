"""The short way to a new person: one statement, when nothing stands against it (migrations/0003_make.py)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections

from tenantry.access.permissions import seat_of
from tenantry.audit.models import Event
from tenantry.audit.services import Actor, tell_all
from tenantry.kit.context import request_info
from tenantry.kit.ids import new_id
from tenantry.organizations.models import Membership
from tenantry.people.models import User
from tenantry.tenancy.scope import current

from .models import ScimUser

_MAKE = """
select made.user_id, made.made, made.heard
  from jsonb_array_elements(%s::jsonb) with ordinality as sent (entry, place)
  left join lateral scim_make(%s, sent.entry, %s, %s, %s, %s::jsonb, sent.entry->'ids') made on true
 order by sent.place
"""


@dataclass(frozen=True, slots=True)
class Fresh:
    """Somebody new: their row, which is active, the address of their account, and their name."""

    row: ScimUser
    address: str
    name: str


def make_all(people: Sequence[Fresh], *, role: str, moment: datetime, actor: Actor) -> list[bool]:
    """Make these people of one organization: accounts, memberships, seats, record. False: nothing was done of this one, and the long way
    says why. The rows' own ``user_id`` and the like are set afterwards. Raises IntegrityError where something else was faster.
    """
    if not people:
        return []
    sent = [sent_of(each) for each in people]
    with connections[current().using].cursor() as cursor:
        cursor.execute(_MAKE, [json.dumps(sent), people[0].row.organization_id, role, seat_of(role), moment, json.dumps(_actor(actor))])
        found = cursor.fetchall()
    heard = []
    for each, entry, (user_id, made, told) in zip(people, sent, found, strict=True):
        if user_id is not None:
            row = each.row
            row.user_id, row.made_user, row.given_role, row.created_at, row.changed_at = user_id, made, role, moment, moment
            if told:
                heard.append((UUID(entry["ids"]["member_event"]), UUID(entry["ids"]["membership"])))
    _publish(heard)
    return [user_id is not None for user_id, _, _ in found]


def sent_of(each: Fresh) -> dict[str, Any]:
    """What ``scim_make`` takes of a person, the ids of all rows that it makes among it."""
    ids = {name: new_id() for name in ("user", "user_event", "membership", "member_event", "row_event")}
    row = each.row
    return {
        "address": each.address, "name": each.name.strip()[:120], "user_name": row.user_name, "user_name_key": row.user_name_key,
        "external_id": row.external_id, "address_key": row.address_key, "data": row.data,
        "ids": {name: str(value) for name, value in ids.items()} | {
            "row": str(row.id), "row_public": row.public_id, "user_public": User.encode_id(ids["user"]),
            "membership_public": Membership.encode_id(ids["membership"]),
        },
    }  # fmt: skip


def _actor(actor: Actor) -> dict[str, Any]:
    info = request_info.get()
    return {
        "kind": actor.kind, "id": str(actor.id) if actor.id else None, "label": actor.label[:254], "source": actor.source,
        "request_id": info.request_id, "ip": info.ip, "user_agent": info.user_agent,
    }  # fmt: skip


def _publish(heard: list[tuple[UUID, UUID]]) -> None:
    """What endpoints hear of new members, as of all others."""
    if not heard:
        return
    events = {row.id: row for row in Event.objects.filter(id__in=[event for event, _ in heard])}
    members = {row.id: row for row in Membership.objects.select_related("user").filter(id__in=[member for _, member in heard])}
    tell_all([(events[event], members[member]) for event, member in heard])
