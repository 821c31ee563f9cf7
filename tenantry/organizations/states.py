"""What a state of an organization allows, and which transition leads where: the one table (docs/organizations.md).

Pure Python: pages, API, services and the hot path of ``access/check`` read it alike.
"""

from __future__ import annotations

from typing import Final

PENDING, ACTIVE, SUSPENDED, DEACTIVATED = "pending_verification", "active", "suspended", "deactivated"

# transition: (the states it may start from, the state it ends in)
TRANSITIONS: Final[dict[str, tuple[frozenset[str], str]]] = {
    "approve": (frozenset({PENDING}), ACTIVE),
    "reject": (frozenset({PENDING}), PENDING),
    "resubmit": (frozenset({PENDING}), PENDING),
    "suspend": (frozenset({ACTIVE}), SUSPENDED),
    "lift_suspension": (frozenset({SUSPENDED}), ACTIVE),
    "deactivate": (frozenset({PENDING, ACTIVE, SUSPENDED}), DEACTIVATED),
}
# Reading is allowed in every state in which the organization can be seen at all.
_READING: Final = frozenset({"read", "directory", "read_operations", "read_money", "read_tenant", "export", "list", "view"})
# A pending organization configures and invites, but touches no money and no one's identity.
_NOT_WHILE_PENDING: Final = frozenset(
    {"billing:write", "wallet:top_up", "invoices:pay", "identity:write", "scim_tokens:write", "domains:decide"}
)
# A funding mode may be chosen ahead, but nobody sends invoices to somebody unverified.
FUNDING_AFTER_VERIFICATION: Final = "invoice"
# What staff may still do to one that is suspended: mend what led to it.
_STAFF_WHILE_SUSPENDED: Final = frozenset({"entitlements:write"})


# What a directory may still do in one that is suspended: who has left the company must not keep their access because of a bill.
TAKING_AWAY: Final = "members:deprovision"


def is_reading(permission: str) -> bool:
    """Whether a permission only looks: ``members:read`` does, ``members:write`` does not."""
    return permission.partition(":")[2] in _READING


def refusal(state: str, permission: str, *, staff: bool = False) -> str | None:
    """The problem code with which a state refuses a permission, or None when it allows it."""
    if state == ACTIVE:
        return None
    if state == PENDING:
        return "organization_pending" if permission in _NOT_WHILE_PENDING else None
    if state == SUSPENDED:
        allowed = is_reading(permission) or permission == TAKING_AWAY or (staff and permission in _STAFF_WHILE_SUSPENDED)
        return None if allowed else "organization_suspended"
    return None if staff and is_reading(permission) else "organization_deactivated"
