"""Whom somebody may appoint, and so whom they may touch."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from tenantry.access.guards import insufficient_scope, is_recent, reauthentication
from tenantry.access.permissions import ASSIGNABLE_BY, ROLES
from tenantry.access.principal import Principal
from tenantry.kit.problems import Problem, invalid

ALL_ROLES = frozenset(ROLES)


@dataclass(frozen=True, slots=True)
class Authority:
    """The roles that somebody may give and take in one organization. ``user_id``: themself, to whom it never extends.
    ``scopes`` are those of a key that was narrowed to some. ``stale``: their last proof of identity is too old for owners."""

    grants: frozenset[str]
    user_id: UUID | None = None
    scopes: frozenset[str] | None = None
    stale: bool = False


SYSTEM_AUTHORITY = Authority(ALL_ROLES)


def authority_of(principal: Principal, organization_id: UUID) -> Authority:
    """What the permissions of this principal let it grant. Nobody grants a role above their own: the map sees to it."""
    grants: set[str] = set()
    for permission, roles in ASSIGNABLE_BY.items():
        if principal.may(permission, organization_id):
            grants |= roles
    return Authority(frozenset(grants), principal.user.id if principal.user else None, principal.scopes, not is_recent(principal))


def known_role(role: str, *, pointer: str = "/role") -> str:
    """The role, if there is one of that name. Raises Problem 422 ``role_unknown``."""
    if role not in ROLES:
        raise invalid(f"There is no role {role[:40]!r}; there are {', '.join(ROLES)}.", pointer=pointer, code="role_unknown")
    return role


def require_grant(authority: Authority, role: str) -> None:
    """Raises Problem 403 when the role is beyond this authority: ``insufficient_scope`` for a key, ``role_not_grantable``; for an
    owner's also ``reauthentication_required``."""
    if role not in authority.grants:
        needed = next(permission for permission, roles in ASSIGNABLE_BY.items() if role in roles)
        if authority.scopes is not None and needed not in authority.scopes:
            raise insufficient_scope(needed)
        raise Problem(
            HTTPStatus.FORBIDDEN, "role_not_grantable", f"You may not give, take or change the role {ROLES[role].label}.", role=role
        )
    if role == "owner" and authority.stale:
        raise reauthentication()
