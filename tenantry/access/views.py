"""Which role holds what: the one registry as a matrix."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from .guards import guard, signed_in
from .permissions import ROLES, registered
from .registry import grouped
from .vendor import vendor_permissions


@require_GET
def roles(request: HttpRequest, slug: str) -> HttpResponse:
    """Every permission that a member can hold, by role, and those of the vendor's product."""
    organization = guard(request, "roles:read", slug)
    columns = [{"name": role.name, "label": role.label, "rank": role.rank} for role in ROLES.values()]
    context = {
        "organization": organization,
        "columns": columns,
        "roles": [{"role": role, "seat": "Admin seat" if role.seat == "seat:admin" else "Member seat"} for role in ROLES.values()],
        "mine": signed_in(request).role_in(organization.id),
        "groups": _built_in(),
        "vendors": [_line(row.name, row.description, row.roles) for row in vendor_permissions()],
    }
    return render(request, "access/roles.html", context)


def _built_in() -> list[tuple[str, list[dict[str, Any]]]]:
    """The built-in permissions by what they are about, in the order of the registry; staff's own are left out."""
    groups = grouped(found for found in registered().values() if found.roles)
    return [(label, [_line(found.name, found.meaning, found.roles) for found in permissions]) for label, permissions in groups]


def _line(name: str, meaning: str, holders: Any) -> dict[str, Any]:
    return {"name": name, "meaning": meaning.rstrip("."), "held": [role in holders for role in ROLES]}
