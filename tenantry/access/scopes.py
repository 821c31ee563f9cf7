"""What keys may be narrowed to: the registry's permissions, bundles of them, and who may hand out which.

Whoever makes a key can't give it what they don't hold. A bundle may name permissions of rooms that are still to come
(``announced``): such a scope is kept, does nothing until its room registers it, and is only for whoever holds
everything in that place, so that it can't turn out to be more than its maker had.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from tenantry.kit.problems import Problem, invalid

from .permissions import Permission, registered, role_holds, staff_holds, with_included
from .principal import Principal


@dataclass(frozen=True, slots=True)
class Preset:
    """A bundle of scopes for one purpose; its name may stand among a key's scopes and is replaced by them."""

    name: str
    label: str
    meaning: str
    scopes: tuple[str, ...]


PRESETS: Final = {
    preset.name: preset
    for preset in (
        Preset("integration", "Integration", "Automation tools such as Zapier and n8n: they subscribe to events and send their own.",
               ("events:write", "partners:read", "partners:write", "commissions:read", "webhooks:write")),
        Preset("product", "Your product", "Asks who may do what, and counts what is used.",
               ("access:check", "entitlements:read", "usage:read", "usage:write")),
        Preset("people", "People and invitations", "A personnel system that adds, changes and removes members.",
               ("organization:read", "members:directory", "members:read", "members:write", "members:grant_operational",
                "invitations:read", "invitations:write")),
        Preset("reporting", "Reporting", "Reads people, limits and use; changes nothing.",
               ("organization:read", "settings:read", "members:directory", "members:read", "invitations:read", "entitlements:read",
                "usage:read")),
        Preset("audit", "Audit", "Copies the record to where you watch it.",
               ("audit:read_operations", "audit:read_money", "audit:export")),
    )
}  # fmt: skip
# An organization's key may ask this about its own organization, though no member's role holds it (guards.require_access_check).
ALSO_FOR_ORGANIZATIONS: Final = frozenset({"access:check"})
MAKES_KEYS: Final = "keys:write"


def announced() -> set[str]:
    """Scopes that a preset names and no room registers yet."""
    return {scope for preset in PRESETS.values() for scope in preset.scopes} - registered().keys()


def member_may_grant(role: str, scope: str) -> bool:
    """Whether a member with this role can give the scope to a key of their organization."""
    if scope in ALSO_FOR_ORGANIZATIONS:
        return role_holds(role, MAKES_KEYS)
    return role_holds(role, scope) or (role == "owner" and scope in announced())


def staff_may_grant(staff_role: str, scope: str) -> bool:
    """Whether staff with this role can give the scope to a key."""
    return staff_holds(staff_role, scope) or (staff_role == "admin" and scope in announced())


def may_grant(principal: Principal, scope: str, organization_id: UUID | None) -> bool:
    """Whether this principal can give the scope to a key of the organization, or of the tenant (None)."""
    if principal.scopes is not None and scope not in principal.scopes:
        return False
    if principal.staff_role and staff_may_grant(principal.staff_role, scope):
        return True
    if organization_id is None:
        return False
    role = "owner" if principal.key_organization_id == organization_id else principal.role_in(organization_id)
    return member_may_grant(role, scope)


def usable(scope: str, *, by_organization: bool) -> bool:
    """Whether a key of this kind could ever do anything with the scope."""
    return not by_organization or member_may_grant("owner", scope)


def offered(*, by_organization: bool) -> list[Permission]:
    """The permissions that a key of this kind can be narrowed to, in the order of the registry."""
    return [found for found in registered().values() if usable(found.name, by_organization=by_organization)]


def settled(given: Iterable[str], *, principal: Principal, organization_id: UUID | None) -> list[str]:
    """The scopes that a new key gets: names as they are, presets as far as this principal can grant them.

    Raises Problem 422 ``permission_unknown`` / ``scope_unusable`` / ``scopes_missing``, 403 ``scope_not_grantable``.
    """
    names = list(dict.fromkeys(scope.strip() for scope in given))
    chosen = [name for name in names if name not in PRESETS]
    require_known(chosen, by_organization=organization_id is not None)
    require_grantable(chosen, principal=principal, organization_id=organization_id)
    bundled = [scope for name in names if name in PRESETS for scope in PRESETS[name].scopes]
    found = {
        *chosen,
        *(
            scope
            for scope in bundled
            if usable(scope, by_organization=organization_id is not None) and may_grant(principal, scope, organization_id)
        ),
    }
    if not found:
        detail = "Nothing of these presets is yours to give here." if names else "Choose at least one scope."
        raise invalid(detail, pointer="/scopes", code="scopes_missing")
    return in_order(found)


def unbundled(given: Iterable[str], *, by_organization: bool) -> list[str]:
    """Names with presets replaced by what a key of this kind can use of them: for the operator, who may give everything."""
    return in_order(
        scope
        for name in given
        for scope in ([s for s in PRESETS[name].scopes if usable(s, by_organization=by_organization)] if name in PRESETS else [name])
    )


def in_order(scopes: Iterable[str]) -> list[str]:
    """In the order of the registry, what is to come at the end."""
    place = {name: index for index, name in enumerate(registered())}
    return sorted(set(scopes), key=lambda name: (place.get(name, len(place)), name))


def require_known(scopes: Iterable[str], *, by_organization: bool) -> None:
    """Raises Problem 422 ``permission_unknown``, ``scope_unusable`` for what no organization's key can do."""
    waiting = announced()
    for scope in scopes:
        if scope not in registered() and scope not in waiting:
            raise invalid(f"There is no permission or preset {scope[:60]}.", pointer="/scopes", code="permission_unknown")
        if not usable(scope, by_organization=by_organization):
            detail = f"No organization's key reaches {scope}: it is the vendor's own."
            raise invalid(detail, pointer="/scopes", code="scope_unusable")


def require_grantable(scopes: Sequence[str] | None, *, principal: Principal, organization_id: UUID | None) -> None:
    """Raises Problem 403 ``scope_not_grantable`` for what the principal doesn't hold; None is everything that there is."""
    if scopes is None:
        scopes = [found.name for found in offered(by_organization=organization_id is not None)]
    beyond = [scope for scope in scopes if not may_grant(principal, scope, organization_id)]
    if beyond:
        detail = f"A key gets no more than its maker holds, and you don't hold {', '.join(beyond[:5])}{' and more' * (len(beyond) > 5)}."
        raise Problem(403, "scope_not_grantable", detail, scopes=beyond, errors=[{"pointer": "/scopes", "detail": detail}])


@dataclass(frozen=True, slots=True)
class Reach:
    """What one key may do (``may``), what its role could do and its scopes leave out (``withheld``), what no key of its kind
    with that role reaches (``beyond``), and scopes that do nothing yet, or no longer (``idle``)."""

    may: list[Permission]
    withheld: list[Permission]
    beyond: list[Permission]
    idle: list[str]


def reach_of(scopes: Sequence[str] | None, *, staff_role: str) -> Reach:
    """Worked out from the registry, by the same questions that guards ask. Without a staff role it is an organization's key."""
    held = [p for p in registered().values() if (staff_holds(staff_role, p.name) if staff_role else usable(p.name, by_organization=True))]
    names = {found.name for found in held}
    given = names if scopes is None else with_included(scopes)
    return Reach(
        may=[found for found in held if found.name in given],
        withheld=[found for found in held if found.name not in given],
        beyond=[found for found in registered().values() if found.name not in names],
        idle=[scope for scope in scopes or () if scope not in names],
    )
