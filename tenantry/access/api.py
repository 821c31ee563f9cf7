"""Who asks, the registry of permissions, and the map of roles."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from tenantry.kit.ids import encode
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Strict

from .guards import actor_of, guard_tenant, signed_in
from .permissions import ROLES, permissions_of, registered
from .vendor import register_vendor_permissions, vendor_permissions

router = Router()


class MeMembership(Schema):
    organization: str
    name: str
    slug: str
    role: str
    permissions: list[str]


class Me(Schema):
    via: str
    user: dict[str, Any] | None
    impersonated_by: dict[str, str] | None = None
    staff_role: str | None
    key: dict[str, Any] | None
    memberships: list[MeMembership]


class PermissionOut(Schema):
    name: str
    description: str
    source: str
    roles: list[str]
    staff_roles: list[str]


class RoleOut(Schema):
    name: str
    label: str
    rank: int
    seat: str
    meaning: str
    permissions: list[str]


class Permissions(Schema):
    data: list[PermissionOut]


class Roles(Schema):
    data: list[RoleOut]


class VendorPermissionIn(Strict):
    name: str
    description: str = Field("", max_length=300)
    roles: list[str]


class VendorPermissionsIn(Strict):
    permissions: list[VendorPermissionIn]


@router.get("/me", response=Me, summary="Who asks", **needs("signed_in"))
def me(request: HttpRequest) -> dict[str, Any]:
    """The person or key behind this request, and what they may do where."""
    principal = signed_in(request)
    user, behind = principal.user, principal.impersonator
    return {
        "via": principal.via,
        "user": {"id": user.public_id, "email": user.email, "name": user.name} if user else None,
        "impersonated_by": {"id": behind.public_id, "email": behind.email, "name": behind.name} if behind else None,
        "staff_role": principal.staff_role or None,
        "key": {"name": principal.key_name, "scopes": sorted(principal.scopes) if principal.scopes is not None else None}
        if principal.key_id
        else None,
        "memberships": [
            {
                "organization": encode("org", m.organization_id),
                "name": m.name,
                "slug": m.slug,
                "role": m.role,
                "permissions": [name for name in permissions_of(m.role) if principal.may(name, m.organization_id)],
            }
            for m in principal.memberships
        ],
    }


def _in_rank(roles: Any) -> list[str]:
    return [name for name in ROLES if name in roles]


def _permissions() -> dict[str, Any]:
    built_in = [
        {"name": p.name, "description": p.meaning, "source": "built_in", "roles": _in_rank(p.roles), "staff_roles": sorted(p.staff)}
        for p in registered().values()
    ]
    vendors = [
        {"name": row.name, "description": row.description, "source": "vendor", "roles": row.roles, "staff_roles": []}
        for row in vendor_permissions()
    ]
    return {"data": [*built_in, *vendors]}


@router.get("/permissions", response=Permissions, summary="The registry of permissions", **needs("signed_in"))
def list_permissions(request: HttpRequest) -> dict[str, Any]:
    """Built-in permissions and those that the vendor's product registered, with the roles that hold them."""
    signed_in(request)
    return _permissions()


@router.put("/permissions", response=Permissions, summary="Register the vendor's permissions", **needs("permissions:write"))
def put_permissions(request: HttpRequest, body: VendorPermissionsIn) -> dict[str, Any]:
    """Make the vendor's permissions exactly these; built-in ones stay. Missing ones are withdrawn."""
    guard_tenant(request, "permissions:write")
    wanted = [(entry.name, entry.description, entry.roles) for entry in body.permissions]
    register_vendor_permissions(wanted=wanted, actor=actor_of(request))
    return _permissions()


@router.get("/roles", response=Roles, summary="The map of roles", **needs("signed_in"))
def list_roles(request: HttpRequest) -> dict[str, Any]:
    """The built-in roles with their rank, their bucket of seats, and every permission they hold."""
    signed_in(request)
    return {
        "data": [
            {"name": r.name, "label": r.label, "rank": r.rank, "seat": r.seat, "meaning": r.meaning, "permissions": permissions_of(r.name)}
            for r in ROLES.values()
        ]
    }
