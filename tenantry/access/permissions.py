"""The one registry of permissions, and the one map from roles to them.

Pure Python, no database: pages, API, documents and the hot path of ``access/check`` decide by the same sets.
A room registers its permissions here with the roles that hold them; a role that is not named doesn't hold it,
whatever its rank.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Role:
    """A built-in role of an organization. ``rank`` decides order and "highest mapped group", nothing else."""

    name: str
    label: str
    rank: int
    letter: str
    seat: str
    meaning: str


ROLES: Final = {
    role.name: role
    for role in (
        Role("owner", "Owner", 100, "O", "seat:admin", "Everything, including who else may own, spend and be removed."),
        Role("maintainer", "Maintainer", 80, "M", "seat:admin", "Runs the organization: people, settings, programs. No money."),
        Role("billing_admin", "Billing admin", 70, "B", "seat:admin", "Money: invoices, purchase orders, payment. No people, no settings."),
        Role("manager", "Manager", 60, "G", "seat:member", "Sees people and use, assigns programs. Changes no roles."),
        Role("expert", "Expert", 40, "E", "seat:member", "Delivers sessions; sees only their own arrangement."),
        Role("learner", "Learner", 20, "L", "seat:member", "Takes part in what is bought for them."),
        Role("support", "Support", 10, "S", "seat:member", "Helps members; sees operations, never money."),
    )
}
STAFF_ROLES: Final = {
    "admin": "Everything in the tenant.",
    "finance": "Money and contracts of every organization; reads the rest.",
    "csm": "Looks after organizations: members, settings, limits.",
    "support": "Reads what support needs; never money.",
    "auditor": "Reads everything, changes nothing.",
}
ADMIN_ROLES: Final = frozenset(role.name for role in ROLES.values() if role.seat == "seat:admin")
ASSIGNABLE_BY: Final = {
    "members:grant_governance": ADMIN_ROLES,
    "members:grant_operational": frozenset({"manager", "support", "expert", "learner"}),
}


# A key's scope that comes with smaller ones, without which its operations make no sense: who may see a member's address sees
# their name, and who may read the record of an organization sees which one it is. Every role that holds one holds the others.
INCLUDES: Final = {
    "members:read": ("members:directory",),
    "members:write": ("organization:read",),
    "settings:read": ("organization:read",),
    **dict.fromkeys(
        ("settings:write", "settings:write_owner_fields", "settings:write_billing_fields"), ("settings:read", "organization:read")
    ),
    **dict.fromkeys(("audit:read_operations", "audit:read_money", "audit:export"), ("organization:read",)),
}


# What staff may do while they look at the portal as somebody else: a short list, so that what comes later is closed. Nothing of
# money, keys, secrets, identity, export or erasure; changes only once they raised it (people/impersonation/).
OPEN_TO_IMPERSONATION: Final = frozenset({
    "organization:read", "settings:read", "settings:write", "verification:resubmit", "roles:read", "members:directory", "members:read",
    "members:write", "members:grant_operational", "invitations:read", "invitations:write", "webhooks:read", "entitlements:read",
    "usage:read", "usage:write", "audit:read_operations", "maintenance:read",
})  # fmt: skip
# Of these, what only shows something: the rest isn't theirs before they raised it, so no page offers it either.
OPEN_TO_LOOKING: Final = OPEN_TO_IMPERSONATION & frozenset({
    "organization:read", "settings:read", "roles:read", "members:directory", "members:read", "invitations:read", "webhooks:read",
    "entitlements:read", "usage:read", "audit:read_operations", "maintenance:read",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Permission:
    """``name`` is ``resource:action``. ``staff`` are the staff roles that hold it in every organization."""

    name: str
    meaning: str
    roles: frozenset[str]
    staff: frozenset[str]


_registry: dict[str, Permission] = {}
_LETTERS: Final = {role.letter: role.name for role in ROLES.values()}
_STAFF_LETTERS: Final = {"a": "admin", "f": "finance", "c": "csm", "s": "support", "u": "auditor"}


def permission(name: str, holders: str, staff: str, meaning: str) -> None:
    """Register one permission.

    ``holders``: letters of the organization roles (``"OMG"``, ``"*"`` for all); ``staff``: a(dmin) f(inance) c(sm)
    s(upport) a(u)ditor as ``"afcsu"``. Raises ValueError when the name is taken.
    """
    if name in _registry:
        raise ValueError(f"permission {name} is registered twice")
    roles = frozenset(ROLES) if holders == "*" else frozenset(_LETTERS[letter] for letter in holders)
    _registry[name] = Permission(name, meaning, roles, frozenset(_STAFF_LETTERS[letter] for letter in staff))


def registered() -> dict[str, Permission]:
    """All permissions by name."""
    return _registry


def role_holds(role: str, name: str) -> bool:
    """Whether a member with this role holds a built-in permission: two hash look-ups, however many there are."""
    found = _registry.get(name)
    return found is not None and role in found.roles


def staff_holds(staff_role: str, name: str) -> bool:
    """Whether staff with this role hold a permission, in the tenant and in each of its organizations."""
    found = _registry.get(name)
    return found is not None and staff_role in found.staff


def with_included(scopes: Iterable[str]) -> frozenset[str]:
    """Scopes, and those that come with them."""
    given = frozenset(scopes)
    return given.union(*(INCLUDES.get(scope, ()) for scope in given))


def permissions_of(role: str) -> list[str]:
    """What a role holds, by name."""
    return sorted(name for name, found in _registry.items() if role in found.roles)


def seat_of(role: str) -> str:
    """The bucket in which a role's seat counts: ``seat:admin`` or ``seat:member``."""
    return ROLES[role].seat
