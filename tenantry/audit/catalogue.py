"""Every event that can be recorded: its name, its category, and the sentence it makes.

A name that is not here can't be recorded. Rooms add theirs by ``register`` from their ``events.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CATEGORIES: Final = "member settings invoice payout wallet contract consent catalog program webhook sso scim system partner access".split()
# What audit:read_money shows; everything else is audit:read_operations.
MONEY_CATEGORIES: Final = frozenset({"invoice", "payout", "wallet", "contract"})


@dataclass(frozen=True, slots=True)
class EventType:
    """``name`` is ``noun.past_tense``; ``meaning`` one sentence for the docs and the audit page."""

    name: str
    category: str
    meaning: str


_types: dict[str, EventType] = {}


def register(category: str, **meanings: str) -> None:
    """Add events of one category: ``register("member", member__added="Somebody was added.")``; two
    underscores stand for the dot (``member__added``)."""
    if category not in CATEGORIES:
        raise ValueError(f"unknown audit category {category}")
    for key, meaning in meanings.items():
        name = key.replace("__", ".")
        if name in _types:
            raise ValueError(f"event {name} is registered twice")
        _types[name] = EventType(name, category, meaning)


def event_type(name: str) -> EventType:
    """The registered event. Raises KeyError: a defect in the caller."""
    return _types[name]


def event_types() -> list[EventType]:
    """All of them, by name."""
    return [_types[name] for name in sorted(_types)]
