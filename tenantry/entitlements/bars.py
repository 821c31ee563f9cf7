"""Limits as pages show them: what is in use, what is promised, what is free."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from .limits import Standing
from .plans import SEATS, label_of

_pending: Callable[[UUID], Mapping[str, int]] = lambda organization_id: {}  # noqa: E731  # replaced at start-up


def use_pending_seats(counter: Callable[[UUID], Mapping[str, int]]) -> None:
    """The organizations room hands in how many seats open invitations hold, by bucket; this room can't know."""
    global _pending
    _pending = counter


def pending_seats(organization_id: UUID) -> Mapping[str, int]:
    """How many seats of each bucket are promised by open invitations."""
    return _pending(organization_id)


@dataclass(frozen=True, slots=True)
class Bar:
    """One resource type: ``used`` are in use, ``held`` promised to the invited; together they are the standing's ``used``."""

    standing: Standing
    label: str
    used: int
    held: int

    @property
    def is_seat(self) -> bool:
        return self.standing.resource_type in SEATS

    @property
    def gone(self) -> str:
        """How a note says that nothing is left: ``No admin seat is free``."""
        one = {"seat:admin": "admin seat", "seat:member": "member seat", "seat:total": "seat"}.get(self.standing.resource_type)
        return f"No {one} is free." if one else f"{self.label}: none is free."


def bars(standings: Iterable[Standing], pending: Mapping[str, int]) -> list[Bar]:
    """A bar for each standing. The bucket of all seats is left out where it has no limit: it would only add up the others."""
    shown = []
    for found in standings:
        if found.resource_type == "seat:total" and found.limit is None:
            continue
        held = min(pending.get(found.resource_type, 0), found.used)
        shown.append(Bar(found, label_of(found.resource_type), found.used - held, held))
    return shown


def seat_bars(standings: Iterable[Standing], pending: Mapping[str, int]) -> list[Bar]:
    """The bars of the seats alone, members first."""
    return sorted((bar for bar in bars(standings, pending) if bar.is_seat), key=lambda bar: bar.standing.resource_type, reverse=True)
