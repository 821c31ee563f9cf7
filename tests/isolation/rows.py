"""What stands in a tenant, row by row, so that a later look can tell whether anything was touched."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection

from tenantry.tenancy.isolation import organization_column
from tenantry.tenancy.models import TenantModel

from ..people import Tenant

# What merely being there changes: when somebody was last seen, and how often somebody tried.
VOLATILE = {"last_used_at", "refused_at", "last_seen_at", "generation"}
UNCOUNTED = {"access_attempt", "audit_pending", "audit_link"}  # the sealer's work goes on meanwhile
# {(table, id): (organization, {column: value as text})}
Rows = dict[tuple[str, UUID], tuple[UUID | None, dict[str, str | None]]]


def models() -> list[Any]:
    """Every table of a tenant."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]


def snapshot(tenant: Tenant) -> Rows:
    """Everything in a tenant."""
    found: Rows = {}
    with tenant.scope(), connection.cursor() as cursor:
        for model in models():
            table = model._meta.db_table
            if table in UNCOUNTED:
                continue
            columns = [field.column for field in model._meta.concrete_fields if field.column not in VOLATILE]
            owner = organization_column(model)
            chosen = ", ".join(f'"{column}"::text' for column in columns)
            cursor.execute(f'select id, {owner or "null::uuid"}, {chosen} from "{table}"')
            for row_id, organization_id, *values in cursor.fetchall():
                found[table, row_id] = organization_id, dict(zip(columns, values, strict=True))
    return found


def touched(before: Rows, after: Rows, *, organizations: Iterable[UUID], own: Iterable[UUID] = ()) -> list[str]:
    """What was changed or has gone of what was there, and what is new in the name of one of these organizations.

    ``own``: users who may change what is theirs alone (their name, their password, their sessions).
    """
    watched, mine, faults = set(organizations), {str(user_id) for user_id in own}, []
    for (table, row_id), (owner, values) in before.items():
        if owner is None and {values.get("user_id"), str(row_id)} & mine:
            continue
        if (table, row_id) not in after:
            faults.append(f"{table} {row_id} has gone")
        elif (now := after[table, row_id][1]) != values:
            faults.append(f"{table} {row_id}: { ({name: (values[name], now[name]) for name in values if values[name] != now[name]}) }")
    faults += [
        f"{table} {row_id} is new"
        for (table, row_id), (owner, values) in after.items()
        if (table, row_id) not in before and owner in watched and not _knock(table, values)
    ]
    return faults


def _knock(table: str, values: dict[str, str | None]) -> bool:
    """What knocking at a door that is open to everybody leaves: that somebody was sent to the provider, and that they were refused."""
    return table == "sso_flow" or (table == "audit_event" and values["action"] in ("sso.sign_in_refused", "sso.logout_refused"))
