"""Announce, begin, end, and tell of windows as their times come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connections

from tenantry.audit.services import SYSTEM, Actor, difference, record
from tenantry.kit.clock import now
from tenantry.kit.problems import conflict, invalid, not_found
from tenantry.tenancy.models import Tenant
from tenantry.tenancy.scope import current
from tenantry.tenancy.windows import Mode

from .holding import release
from .models import OPEN, PlatformTelling, PlatformWindow, Told, Window

# Every request of the tenant carries those that are near.
MOST_OPEN: Final = 100
FARTHEST: Final = timedelta(days=400)
LONGEST: Final = timedelta(days=30)
# How long the platform's ended windows are still told of: a worker may have been down.
TOLD_FOR: Final = timedelta(days=7)
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended('maintenance ' || current_setting('app.tenant_id'), 0))"


def require_times(starts_at: datetime | None, ends_at: datetime | None, moment: datetime) -> tuple[datetime, datetime | None]:
    """The times of a window that is made now; no ``starts_at``, or one that has passed, means at once.

    Raises Problem 422 for an end that has passed or comes before the beginning, and for what is farther away than anybody plans.
    """
    begins = max(starts_at or moment, moment)
    if begins > moment + FARTHEST:
        raise invalid(f"A window begins within {FARTHEST.days} days.", pointer="/starts_at")
    if ends_at is not None and ends_at <= begins:
        raise invalid("A window ends after it has begun, and not in the past.", pointer="/ends_at")
    if ends_at is not None and ends_at > begins + LONGEST:
        raise invalid(f"A window lasts at most {LONGEST.days} days.", pointer="/ends_at")
    return begins, ends_at


def schedule(
    *, organization_id: UUID | None, starts_at: datetime | None, ends_at: datetime | None, mode: Mode, message: str, actor: Actor
) -> Window:
    """A window of the tenant, or of one organization, from now or from later on; without ``ends_at`` until somebody ends it.

    Raises Problem 422, 409 ``maintenance_too_many``.
    """
    moment = now()
    begins, ends_at = require_times(starts_at, ends_at, moment)
    with connections[current().using].cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
    if Window.objects.filter(told__in=OPEN).count() >= MOST_OPEN:
        raise conflict("maintenance_too_many", f"There are {MOST_OPEN} windows already. End or cancel some first.")
    at_once = begins == moment
    window = Window(
        organization_id=organization_id, starts_at=begins, ends_at=ends_at, mode=mode.value, message=message.strip(),
        told=Told.STARTED if at_once else Told.SCHEDULED,
    )  # fmt: skip
    window.save(force_insert=True)
    if at_once:
        record("maintenance.started", actor=actor, organization_id=organization_id, target=window, label=label_of(window))
    else:
        record("maintenance.scheduled", actor=actor, organization_id=organization_id, target=window, label=label_of(window))
    return window


def end(*, window_id: UUID, actor: Actor) -> Window:
    """End a window that is under way, or cancel one that has not begun.

    Raises Problem 404, 409 ``platform_window`` for one of the platform's, ``state_conflict`` for one that is over.
    """
    window = Window.objects.select_for_update().filter(id=window_id).first()
    if window is None:
        if PlatformWindow.objects.filter(id=window_id).exists():
            raise conflict("platform_window", "This window is the operator's, who alone can end it.")
        raise not_found("maintenance window")
    moment = now()
    if window.told not in OPEN or (window.ends_at and window.ends_at <= moment):
        raise conflict("state_conflict", "This window is over.")
    before = window.ends_at
    if window.starts_at <= moment:
        _begin(window)
        window.told, window.ends_at = Told.ENDED, moment
        window.save(update_fields=["told", "ends_at"])
        release(before)
        record(
            "maintenance.ended", actor=actor, organization_id=window.organization_id, target=window, label=label_of(window),
            changes=difference({"ends_at": before}, {"ends_at": moment}),
        )  # fmt: skip
    else:
        window.told = Told.CANCELLED
        window.save(update_fields=["told"])
        record("maintenance.cancelled", actor=actor, organization_id=window.organization_id, target=window, label=label_of(window))
    return window


def tell_due() -> int:
    """Record what began and ended since the last look; returns how many. For the sweep, in one tenant's scope."""
    moment, told = now(), 0
    due = Window.objects.select_for_update().filter(told__in=OPEN, starts_at__lte=moment)
    for window in due:
        told += _begin(window)
        if window.ends_at and window.ends_at <= moment:
            window.told = Told.ENDED
            window.save(update_fields=["told"])
            record("maintenance.ended", actor=SYSTEM, organization_id=window.organization_id, target=window, label=label_of(window))
            told += 1
    return told + _tell_of_platform(moment)


def _begin(window: Window) -> int:
    """Record that it has begun, unless that is on the record already."""
    if window.told != Told.SCHEDULED:
        return 0
    window.told = Told.STARTED
    window.save(update_fields=["told"])
    record("maintenance.started", actor=SYSTEM, organization_id=window.organization_id, target=window, label=label_of(window))
    return 1


def _tell_of_platform(moment: datetime) -> int:
    """The same for the platform's windows: each tenant's record has them, in its own time."""
    offset = current().clock_offset
    recent = list(PlatformWindow.objects.exclude(ends_at__lt=moment - offset - TOLD_FOR))
    if not recent:
        return 0
    made = Tenant.objects.values_list("created_at", flat=True).get(id=current().tenant_id)
    tellings = {telling.window_id: telling for telling in PlatformTelling.objects.select_for_update()}
    told = 0
    for window in recent:
        if window.ends_at and window.ends_at < made:  # before the tenant was there
            continue
        window.starts_at, window.ends_at = window.starts_at + offset, window.ends_at + offset if window.ends_at else None
        telling = tellings.get(window.id) or PlatformTelling(window_id=window.id, told="")
        before, label = telling.told, label_of(window)
        if window.cancelled:
            if telling.told == Told.SCHEDULED:
                telling.told = Told.CANCELLED
                record("maintenance.cancelled", actor=SYSTEM, target=window, label=label)
        elif window.starts_at > moment:
            if not telling.told:
                telling.told = Told.SCHEDULED
                record("maintenance.scheduled", actor=SYSTEM, target=window, label=label)
        else:
            if telling.told not in (Told.STARTED, Told.ENDED):
                telling.told = Told.STARTED
                record("maintenance.started", actor=SYSTEM, target=window, label=label)
            if telling.told == Told.STARTED and window.ends_at and window.ends_at <= moment:
                telling.told = Told.ENDED
                record("maintenance.ended", actor=SYSTEM, target=window, label=label)
        if telling.told != before:
            telling.save()
            told += 1
    return told


def label_of(window: Window | PlatformWindow) -> str:
    """How the record calls a window: its message, or what it refuses."""
    return window.message or ("No changes" if window.mode == Mode.WRITES else "Closed")
