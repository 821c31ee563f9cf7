"""Maintenance windows as every request carries them: those of its tenant that are under way or begin within a day.

They come with the statement that opens the scope (``maintenance_near`` in the database), so that asking costs nothing and is never
stale. Making, ending and telling of them is ``maintenance/``; what refuses because of one asks here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from tenantry.kit.clock import now
from tenantry.kit.ids import encode
from tenantry.kit.problems import Problem

PREFIX: Final = "mtw"
# What to tell a program when nobody knows the end.
UNKNOWN_SECONDS: Final = 300


class Reach(StrEnum):
    """Whom a window concerns: every tenant of the installation, one tenant, or one organization of it."""

    PLATFORM = "platform"
    TENANT = "tenant"
    ORGANIZATION = "organization"


class Mode(StrEnum):
    """What a window refuses."""

    WRITES = "writes"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class NearWindow:
    """One window, in the tenant's time: a sandbox whose clock runs ahead sees the platform's windows moved along with it."""

    id: UUID
    reach: Reach
    organization_id: UUID | None
    starts_at: datetime
    ends_at: datetime | None
    mode: Mode
    message: str

    @property
    def public_id(self) -> str:
        return encode(PREFIX, self.id)

    def under_way(self, moment: datetime | None = None) -> bool:
        """Whether it has begun and isn't over."""
        moment = moment or now()
        return self.starts_at <= moment and (self.ends_at is None or moment < self.ends_at)

    def concerns(self, organization_id: UUID | None) -> bool:
        """Whether it is about this organization, or, with None, about the tenant as a whole."""
        return self.organization_id is None or self.organization_id == organization_id


def near(found: str | list[dict[str, Any]] | None) -> tuple[NearWindow, ...]:
    """What ``maintenance_near`` answered; mostly nothing."""
    if not found:
        return ()
    rows = json.loads(found) if isinstance(found, str) else found
    return tuple(
        NearWindow(
            id=UUID(row["id"]),
            reach=Reach(row["reach"]),
            organization_id=UUID(row["organization_id"]) if row["organization_id"] else None,
            starts_at=datetime.fromisoformat(row["starts_at"]),
            ends_at=datetime.fromisoformat(row["ends_at"]) if row["ends_at"] else None,
            mode=Mode(row["mode"]),
            message=row["message"],
        )
        for row in rows
    )


def closing(
    windows: Iterable[NearWindow], organization_id: UUID | None = None, *, writing: bool, moment: datetime | None = None
) -> NearWindow | None:
    """The window under way that refuses this, or None. Of several the one that ends last: that is when to come back."""
    found = [w for w in windows if w.concerns(organization_id) and w.under_way(moment) and (writing or w.mode == Mode.EVERYTHING)]
    return max(found, key=lambda window: window.ends_at or datetime.max.replace(tzinfo=UTC), default=None)


def refusal(window: NearWindow, moment: datetime | None = None) -> Problem:
    """503 ``maintenance``, with when to come back."""
    seconds = math.ceil((window.ends_at - (moment or now())).total_seconds()) if window.ends_at else UNKNOWN_SECONDS
    what = "Nothing can be read or changed" if window.mode == Mode.EVERYTHING else "Nothing can be changed"
    until = f" until {window.ends_at.astimezone(UTC):%-d %B, %H:%M} UTC" if window.ends_at else " for now"
    return Problem(
        503, "maintenance", f"{what}{until}: maintenance is under way.{f' {window.message}' if window.message else ''}",
        headers={"Retry-After": str(max(1, seconds))},
        window=window.public_id, scope=window.reach.value, mode=window.mode.value,
        ends_at=window.ends_at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if window.ends_at else None,
    )  # fmt: skip
