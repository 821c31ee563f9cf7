"""Whom somebody may appoint, and so whom they may touch."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from tenantry.access.permissions import ASSIGNABLE_BY, ROLES
from tenantry.access.principal import Principal
from tenantry.kit.problems import Problem, invalid

ALL_ROLES = frozenset(ROLES)


@dataclass(frozen=True, slots=True)
class Authority:
    """The roles that somebody may give and take in one organization. ``user_id``: themself, to whom it never extends."""

    grants: frozenset[str]
    user_id: UUID | None = None


SYSTEM_AUTHORITY = Authority(ALL_ROLES)


def authority_of(principal: Principal, organization_id: UUID) -> Authority:
    """What the permissions of this principal let it grant. Nobody grants a role above their own: the map sees to it."""
    grants: set[str] = set()
    for permission, roles in ASSIGNABLE_BY.items():
        if principal.may(permission, organization_id):
            grants |= roles
    return Authority(frozenset(grants), principal.user.id if principal.user else None)


def known_role(role: str, *, pointer: str = "/role") -> str:
    """The role, if there is one of that name. Raises Problem 422 ``role_unknown``."""
    if role not in ROLES:
        raise invalid(f"There is no role {role[:40]!r}; there are {', '.join(ROLES)}.", pointer=pointer, code="role_unknown")
    return role


def require_grant(authority: Authority, role: str) -> None:
    """Raises Problem 403 ``role_not_grantable`` when the role is beyond this authority."""
    if role not in authority.grants:
        raise Problem(
            HTTPStatus.FORBIDDEN, "role_not_grantable", f"You may not give, take or change the role {ROLES[role].label}.", role=role
        )
