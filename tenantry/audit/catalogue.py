"""Every event that can be recorded, and which of them the world outside can hear.

A name that is not here can't be recorded. Rooms add theirs by ``register`` from their ``events.py``; where others may
subscribe to one, ``publish`` says what they receive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ninja import Schema

if TYPE_CHECKING:
    from .models import Event

CATEGORIES: Final = "member settings invoice payout wallet contract consent catalog program webhook sso scim system partner access".split()
# What audit:read_money shows; everything else is audit:read_operations.
MONEY_CATEGORIES: Final = frozenset({"invoice", "payout", "wallet", "contract"})


@dataclass(frozen=True, slots=True)
class EventType:
    """``name`` is ``noun.past_tense``; ``meaning`` one sentence for the docs and the audit page."""

    name: str
    category: str
    meaning: str


@dataclass(frozen=True, slots=True)
class PublicEvent:
    """An event that webhook endpoints can subscribe to.

    ``recorded_as`` are the recorded events that it tells; ``data`` is the shape of its payload and ``example`` one such;
    ``build`` makes the payload from the recorded row and its target. ``about_people`` ones take an extra permission.
    """

    name: str
    meaning: str
    when: str
    recorded_as: tuple[str, ...]
    data: type[Schema]
    example: dict[str, Any]
    build: Callable[[Event, Any], dict[str, Any]]
    about_people: bool = False


_types: dict[str, EventType] = {}
_public: dict[str, PublicEvent] = {}
_heard_as: dict[str, list[PublicEvent]] = {}


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


def publish(name: str, *, recorded_as: tuple[str, ...] | None = None, **more: Any) -> None:
    """Let the world hear of an event; ``recorded_as`` defaults to the event of the same name. See ``PublicEvent``."""
    found = PublicEvent(name, recorded_as=(name,) if recorded_as is None else recorded_as, **more)
    if name in _public:
        raise ValueError(f"event {name} is published twice")
    _public[name] = found
    for recorded in found.recorded_as:
        event_type(recorded)
        _heard_as.setdefault(recorded, []).append(found)


def event_type(name: str) -> EventType:
    """The registered event. Raises KeyError: a defect in the caller."""
    return _types[name]


def event_types() -> list[EventType]:
    """All of them, by name."""
    return [_types[name] for name in sorted(_types)]


def public_events() -> dict[str, PublicEvent]:
    """What can be subscribed to, by name."""
    return dict(sorted(_public.items()))


def heard_as(recorded: str) -> list[PublicEvent]:
    """The public events that tell this recorded one; mostly none."""
    return _heard_as.get(recorded, [])
