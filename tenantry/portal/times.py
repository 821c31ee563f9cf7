"""Instants in words that people use: "Today, 09:14", "12 Nov 2026, 09:14"."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tenantry.kit import clock

_NEAR = {-1: "Yesterday", 0: "Today", 1: "Tomorrow"}


def zone(name: str) -> tzinfo:
    """The time zone of that IANA name, or UTC when there is none."""
    try:
        return ZoneInfo(name) if name else timezone.utc  # noqa: UP017  # UTC as a tzinfo beside ZoneInfo
    except (ZoneInfoNotFoundError, ValueError):
        return timezone.utc  # noqa: UP017  # as above


def day(value: date) -> str:
    """``12 Nov 2026``, whatever the server's locale is."""
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    return f"{value.day} {months[value.month - 1]} {value.year}"


def human(value: datetime, *, zone: tzinfo, dates_only: bool = False, inside: bool = False) -> str:
    """The instant in that zone, with a word for the days around now (the tenant's clock); ``inside`` a sentence that is a small one."""
    local = value.astimezone(zone)
    distance = (local.date() - clock.now().astimezone(zone).date()) // timedelta(days=1)
    word = _NEAR.get(distance, "")
    name = (word.lower() if inside else word) or day(local.date())
    return name if dates_only else f"{name}, {local:%H:%M}"
