"""What the filter bar of the record says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from .catalogue import CATEGORIES

CATEGORY_LABELS = {
    "member": "People", "settings": "Settings", "invoice": "Invoices", "payout": "Payouts", "wallet": "Wallet", "contract": "Contracts",
    "consent": "Consent", "catalog": "Catalog", "program": "Programs", "webhook": "Webhooks", "sso": "Single sign-on",
    "scim": "Directory sync", "system": "System", "partner": "Partners", "access": "Sign-in and keys",
}  # fmt: skip


def wanted_of(given: QueryDict, *, time_zone: str = "UTC") -> dict[str, Any]:
    """The members of a ``queries.Filter`` from a page's address. Days are days of that zone, the last one included."""
    return {
        "category": given.get("category", ""),
        "action": given.get("action", ""),
        "actor": given.get("actor", "").strip(),
        "target": given.get("q", "").strip(),
        **instants_of(given, time_zone=time_zone),
    }


def instants_of(given: QueryDict, *, time_zone: str = "UTC") -> dict[str, datetime | None]:
    """``since`` and ``until`` from the days ``from`` and ``to`` of a page's address; the last one is included."""
    zone = ZoneInfo(time_zone)
    return {"since": _start_of(given.get("from", ""), zone), "until": _start_of(given.get("to", ""), zone, days=1)}


def _start_of(text: str, zone: tzinfo, days: int = 0) -> datetime | None:
    """The first instant of a day, so many days later. What is no date is no filter: an address is typed by anyone."""
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def categories() -> list[tuple[str, str]]:
    """For the select of categories."""
    return [(name, CATEGORY_LABELS.get(name, name.capitalize())) for name in CATEGORIES]
