"""The last 24 hours of an endpoint as bars: hour by hour, what arrived and above it what didn't."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tenantry.kit.clock import now

from .queries import HOURS, Day

TALL, WIDE, STEP = 20.0, 3, 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour: its left edge, the heights of its parts in a picture that is 20 high, and its numbers."""

    x: int
    good: str
    good_y: str
    bad: str
    bad_y: str
    begins: datetime
    delivered: int
    failed: int
    pending: int


def picture(day: Day) -> dict[str, Any]:
    """What ``parts/day.html`` shows; ``text`` says the same in words."""
    delivered, failed, pending = (day.total(place) for place in range(3))
    most = max((good + bad for good, bad, _ in day.hours), default=0) or 1
    first = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    bars = []
    for number, (good, bad, waiting) in enumerate(day.hours):
        tall, wrong = (max(1.0, TALL * count / most) if count else 0.0 for count in (good, bad))
        tall = min(tall, TALL - wrong)
        bars.append(
            Bar(
                number * STEP, f"{tall:.4g}", f"{TALL - tall:.4g}", f"{wrong:.4g}", f"{TALL - tall - wrong:.4g}",
                first + timedelta(hours=number), good, bad, waiting,
            )
        )  # fmt: skip
    ended = delivered + failed
    parts = [f"{delivered:,} of {ended:,} delivered" if ended else "Nothing ended"]
    if pending:
        parts.append(f"{pending:,} pending")
    return {
        "bars": bars, "text": ", ".join(parts), "percent": delivered * 100 // ended if ended else None, "delivered": delivered,
        "failed": failed, "pending": pending, "width": HOURS * STEP - (STEP - WIDE), "any": ended + pending > 0,
    }  # fmt: skip
