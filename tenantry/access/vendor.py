"""The vendor's own permissions, mapped to the built-in roles."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db import connection

from tenantry.audit.services import Actor, record
from tenantry.kit.problems import Problem

from .models import VendorPermission
from .permissions import ROLES, registered

NAME = re.compile(r"^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*$")
MAX = 1_000


def vendor_permissions() -> list[VendorPermission]:
    """Those registered, by name."""
    return list(VendorPermission.objects.order_by("name"))


def register_vendor_permissions(*, wanted: Sequence[tuple[str, str, list[str]]], actor: Actor) -> list[VendorPermission]:
    """Make the vendor's permissions exactly these ``(name, description, roles)``; what is missing is withdrawn.

    Raises Problem 422 naming each wrong entry: a bad name, a built-in's name, an unknown role, a name given twice.
    """
    _check(wanted)
    with connection.cursor() as cursor:  # the rows of a new permission can't be locked before they are there
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('vendor permissions ' || current_setting('app.tenant_id'), 0))")
    held = {row.name: row for row in VendorPermission.objects.select_for_update()}
    for name, description, roles in wanted:
        row, cleaned = held.pop(name, None), sorted(set(roles), key=lambda role: -ROLES[role].rank)
        before = {"roles": row.roles, "description": row.description} if row else {}
        after = {"roles": cleaned, "description": description}
        if before == after:
            continue
        row = row or VendorPermission(name=name)
        row.roles, row.description = cleaned, description
        row.save()
        changes = {"roles": {"before": before.get("roles"), "after": cleaned}}
        record("permission.registered", actor=actor, target=row, label=name, changes=changes)
    for name, row in held.items():
        row.delete()
        record("permission.withdrawn", actor=actor, label=name, changes={"roles": {"before": row.roles, "after": None}})
    return vendor_permissions()


def _check(wanted: Sequence[tuple[str, str, list[str]]]) -> None:
    errors, seen = [], set()
    for index, (name, _, roles) in enumerate(wanted[: MAX + 1]):
        if not NAME.fullmatch(name) or len(name) > 60:
            errors.append({"pointer": f"/permissions/{index}/name", "detail": "A permission looks like project:create."})
        elif name in registered():
            errors.append({"pointer": f"/permissions/{index}/name", "detail": f"{name} is built in."})
        elif name in seen:
            errors.append({"pointer": f"/permissions/{index}/name", "detail": f"{name} is given twice."})
        seen.add(name)
        for role in roles:
            if role not in ROLES:
                errors.append({"pointer": f"/permissions/{index}/roles", "detail": f"There is no role {role}."})
    if len(wanted) > MAX:
        errors.append({"pointer": "/permissions", "detail": f"At most {MAX} permissions."})
    if errors:
        raise Problem(422, "validation_failed", errors[0]["detail"], errors=errors)
