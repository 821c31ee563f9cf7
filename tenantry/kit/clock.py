"""The one source of the present moment.

Everything that waits (links, invitations, drafts, overrides) asks ``now()``. A sandbox tenant may run
ahead of the world: entering its scope sets the offset, and with it every deadline moves together.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_offset: ContextVar[timedelta] = ContextVar("clock_offset", default=timedelta(0))


def now() -> datetime:
    """The current instant in UTC, moved by the offset of the sandbox tenant whose scope is open."""
    return datetime.now(UTC) + _offset.get()


def set_offset(offset: timedelta) -> timedelta:
    """Move this context's clock; returns the previous offset, for whoever has to put it back."""
    previous = _offset.get()
    _offset.set(offset)
    return previous


def end_of_day(day: date, time_zone: str = "UTC") -> datetime:
    """The instant at which a day is over in a time zone: the next midnight there, as a day has 23 or 25 hours twice a year."""
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
