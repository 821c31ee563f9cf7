"""Ranges of days for filters."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tenantry.kit import clock

from .times import day

_PRESETS = (("Today", 0), ("Last 7 days", 6), ("Last 30 days", 29), ("Last 12 months", 364))


def parsed(text: str) -> date | None:
    """The day of ``2026-11-21``; None for anything else, since an address is typed by anyone."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def range_context(start: str, end: str) -> dict[str, Any]:
    """The label of a chosen range and the usual ranges up to today (the tenant's clock, UTC)."""
    today = clock.now().date()
    presets: list[dict[str, Any]] = [{"label": "Any time", "start": None, "end": None, "current": not start and not end}]
    for label, days in _PRESETS:
        first, last = (today - timedelta(days=days)).isoformat(), today.isoformat()
        presets.append({"label": label, "start": first, "end": last, "current": (start, end) == (first, last)})
    first_day, last_day = parsed(start), parsed(end)
    chosen = next((preset["label"] for preset in presets if preset["current"]), "")
    if not chosen:
        chosen = " – ".join([day(first_day) if first_day else "…", day(last_day) if last_day else "now"])
    return {"chosen": chosen, "presets": presets}
