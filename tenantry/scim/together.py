"""Many changes of a directory's people in some statements: what ``users.patch``, ``replace`` and ``delete`` do for one.

It does what is plain: nobody new comes in by it, nobody gets another userName, address or role, and no owner goes. Of whoever isn't plain
nothing is done: the long way does it, or says why not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections

from tenantry.audit.services import Actor, record_all
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem
from tenantry.organizations.models import Membership, Organization
from tenantry.organizations.states import refusal
from tenantry.people.models import User

from . import accounts, groups, users
from .mappings import roles_by_key
from .models import ScimUser
from .protocol.values import display_of
from .resources import attributes_of, read_id
from .settings import Settings

_WRITE = """
update scim_scimuser s set data = n.data, active = n.active, suspended_here = n.suspended_here, version = n.version,
       changed_at = n.changed_at, deleted_at = n.deleted_at
  from jsonb_to_recordset(%s::jsonb) n
       (id uuid, data jsonb, active boolean, suspended_here boolean, version integer, changed_at timestamptz, deleted_at timestamptz)
 where s.id = n.id
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of one person, by the id that the directory knows. ``wanted`` makes their new attributes of the row, and may raise
    Problem; None deletes. ``is_met`` says whether the version is the one that the directory has seen.
    """

    identifier: str
    wanted: Callable[[ScimUser], dict[str, Any]] | None
    is_met: Callable[[int], bool]


def change_all(wishes: Sequence[Wish], *, organization: Organization, settings: Settings, actor: Actor) -> list[ScimUser | None]:
    """The rows as they are now, of different people; None where nothing was done. Raises Problem; then nothing was done at all."""
    limits.lock(organization.id, SEATS)  # before the rows, as every change does
    rows = _rows(organization, settings, [wish.identifier for wish in wishes])
    done: list[ScimUser | None] = []
    changed: list[_Change] = []
    for wish in wishes:
        row, returns = rows.get(wish.identifier, (None, False))
        change = _plain(wish, row, organization, settings, returns=returns) if row and wish.is_met(row.version) else None
        done.append(row if change else None)
        if change and change.before != change.after:
            changed.append(change)
    _carry_out(changed, organization, settings, actor)
    return done


@dataclass(frozen=True, slots=True)
class _Change:
    row: ScimUser
    before: dict[str, Any]
    after: dict[str, Any] | None  # None: deleted


def _rows(organization: Organization, settings: Settings, identifiers: Sequence[str]) -> dict[str, tuple[ScimUser, bool]]:
    """Those of some people who have an account that is neither an owner's nor erased, locked; and whether they may simply return."""
    ids = {row_id: name for name in identifiers if (row_id := read_id(ScimUser.PREFIX, name))}
    found = ScimUser.objects.select_for_update(of=("self",)).select_related("user").order_by("id")
    found = found.filter(organization_id=organization.id, id__in=list(ids), deleted_at__isnull=True, user__isnull=False)
    rows = list(found.exclude(user__status=User.Status.ERASED))
    people = Membership.objects.filter(organization=organization, user_id__in=[row.user_id for row in rows])
    members = {member.user_id: member for member in people}
    groups_give = bool(roles_by_key(organization.id))
    listed: dict[str, tuple[ScimUser, bool]] = {}
    for row in rows:
        assert row.user_id is not None
        member = members.get(row.user_id)
        if member is None:
            listed[ids[row.id]] = (row, False)
        elif member.role != "owner" and member.status != Membership.Status.ERASED:
            put_aside = member.status == Membership.Status.SUSPENDED and row.suspended_here
            stays = member.role == settings.default_role or member.role != row.given_role  # as accounts.give_role has it
            listed[ids[row.id]] = (row, settings.provision and put_aside and stays and not groups_give)
    return listed


def _plain(wish: Wish, row: ScimUser, organization: Organization, settings: Settings, *, returns: bool) -> _Change | None:
    before = attributes_of(row)
    if wish.wanted is None:
        return _Change(row, before, None)
    try:
        after = wish.wanted(row)
    except Problem:
        return None
    if any(before.get(name) != after.get(name) for name in ("userName", "externalId", "emails")):
        return None
    if after["active"]:
        allowed = (row.active or returns) and not refusal(organization.state, "members:write")
        return _Change(row, before, after) if allowed else None
    return None if before == after and settings.deprovision else _Change(row, before, after)


def _carry_out(changed: Sequence[_Change], organization: Organization, settings: Settings, actor: Actor) -> None:
    deleted = [each.row for each in changed if each.after is None]
    inactive = [each.row for each in changed if each.after is not None and not each.after["active"]]
    if settings.deprovision:
        for rows, reason in ((inactive, users.DEACTIVATED), (deleted, users.DELETED)):
            accounts.leave_all(organization=organization, rows=rows, actor=actor, reason=reason)
    returning = [each.row for each in changed if each.after is not None and each.after["active"] and not each.before["active"]]
    if returning:
        accounts.return_all(organization=organization, rows=returning, actor=actor)
    if settings.update_profile:
        names = [(each.row, display_of(each.after)) for each in changed if each.after is not None]
        accounts.update_profiles(organization=organization, names=names, actor=actor)
    groups.leave_all(deleted)
    moment = now()
    for each in changed:
        each.row.version += 1
        each.row.changed_at = moment
        if each.after is None:
            each.row.active, each.row.deleted_at = False, moment
        else:
            users.fill(each.row, each.after)
    _write([each.row for each in changed])
    entries = [(each.row, each.row.user_name, users.changes_of(each.before, attributes_of(each.row))) for each in changed if each.after]
    record_all("scim_user.changed", actor=actor, organization_id=organization.id, entries=entries)
    gone: list[tuple[ScimUser, str, dict[str, Any]]] = [(row, row.user_name, {}) for row in deleted]
    record_all("scim_user.deleted", actor=actor, organization_id=organization.id, entries=gone)


def _write(rows: Sequence[ScimUser]) -> None:
    names = ("data", "active", "suspended_here", "version")
    sent = [
        {
            "id": str(row.id), **{name: getattr(row, name) for name in names}, "changed_at": row.changed_at.isoformat(),
            "deleted_at": row.deleted_at.isoformat() if row.deleted_at else None,
        }
        for row in rows
    ]  # fmt: skip
    with connections[ScimUser.objects.db].cursor() as cursor:
        cursor.execute(_WRITE, [json.dumps(sent)])
