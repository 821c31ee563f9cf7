"""What this room records, and what the world may hear of it."""

from __future__ import annotations

from typing import Any

from ninja import Schema

from tenantry.audit.catalogue import publish, register
from tenantry.audit.models import Event
from tenantry.kit.schemas import moment

from .models import PlatformWindow, Window

register(
    "system",
    maintenance__scheduled="A maintenance window was announced.",
    maintenance__started="A maintenance window began.",
    maintenance__ended="A maintenance window ended.",
    maintenance__cancelled="A maintenance window was called off before it began.",
)


class WindowTold(Schema):
    """A window as subscribers hear of it. ``scope`` is ``platform``, ``tenant`` or ``organization``."""

    id: str
    scope: str
    mode: str
    starts_at: str
    ends_at: str | None
    message: str


EXAMPLE = {
    "id": "mtw_01m7ycnydneg398x3m1tme1gqz",
    "scope": "tenant",
    "mode": "writes",
    "starts_at": "2026-11-14T02:00:00.000Z",
    "ends_at": "2026-11-14T03:00:00.000Z",
    "message": "We move to a larger database.",
}


def build(event: Event, target: Any) -> dict[str, Any]:
    """The payload, from the window that the event is about."""
    window: Window | PlatformWindow = target
    return {
        "id": window.public_id,
        "scope": window.reach.value,
        "mode": str(window.mode),
        "starts_at": moment(window.starts_at),
        "ends_at": moment(window.ends_at),
        "message": window.message,
    }


for _name, _meaning, _when in (
    ("maintenance.scheduled", "Maintenance was announced.", "When a window that begins later is made."),
    ("maintenance.started", "Maintenance began.", "When a window begins; within a minute of its time."),
    ("maintenance.ended", "Maintenance ended.", "When a window ends, by its time (within a minute) or by hand."),
    ("maintenance.cancelled", "Maintenance was called off.", "When a window is cancelled before it began."),
):
    publish(_name, meaning=_meaning, when=_when, data=WindowTold, example=EXAMPLE, build=build)
