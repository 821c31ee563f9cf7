"""Events as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .catalogue import event_types
from .models import Event
from .queries import impersonators

_ICONS = {
    "member": "members", "settings": "settings", "access": "key", "system": "audit", "invoice": "contract", "payout": "contract",
    "wallet": "billing", "contract": "contract", "webhook": "webhook", "sso": "shield", "scim": "shield",
}  # fmt: skip
_GOOD = frozenset({"created", "added", "joined", "approved", "reactivated", "restored", "reinstated", "suspension_lifted"})
_BAD = frozenset({"suspended", "removed", "left", "rejected", "deleted", "deactivated", "revoked", "failed", "expired", "declined"})
_DOORS = {
    "portal": "in the portal", "api": "over the API", "cli": "at the command line", "scim": "by SCIM", "sso": "by single sign-on",
    "job": "by a job", "system": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Story:
    """One event with the sentence that it makes, its icon and its tone (``good``, ``bad`` or none); ``behind``: the staff who spoke as
    its actor."""

    event: Event
    said: str
    icon: str
    tone: str
    door: str
    behind: str = ""


def stories(events: Iterable[Event]) -> list[Story]:
    """The events in words. An action that a later version no longer knows is told by its name."""
    rows = list(events)
    behind = impersonators(rows)
    meanings = {kind.name: kind.meaning.rstrip(".") for kind in event_types()}
    return [
        Story(
            event,
            meanings.get(event.action, event.action.replace(".", " ").replace("_", " ").capitalize()),
            _ICONS.get(event.category, "audit"),
            tone_of(event.action),
            _DOORS.get(event.source, ""),
            behind.get(event.impersonator_id, "") if event.impersonator_id else "",
        )
        for event in rows
    ]


def tone_of(action: str) -> str:
    """Whether somebody came in or was let go: the colour of its dot."""
    verb = action.partition(".")[2]
    return "good" if verb in _GOOD else "bad" if verb in _BAD else ""
