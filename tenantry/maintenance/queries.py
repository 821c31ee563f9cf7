"""Which windows there are, for whoever may see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from tenantry.kit import paging
from tenantry.kit.clock import now
from tenantry.kit.paging import Page
from tenantry.tenancy.scope import current

from .models import OPEN, PlatformWindow, Told, Window

SomeWindow = Window | PlatformWindow


def open_windows() -> list[SomeWindow]:
    """Those that aren't over, as far as the scope reaches, the next one first. The platform's come in the tenant's time."""
    moment = now()
    own = Window.objects.filter(told__in=OPEN).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=moment))
    return sorted([*own, *_platforms(moment)], key=lambda window: (window.starts_at, window.id))


def _platforms(moment: datetime) -> list[PlatformWindow]:
    offset, found = current().clock_offset, []
    for window in PlatformWindow.objects.filter(cancelled=False).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=moment - offset)):
        window.starts_at += offset
        window.ends_at = window.ends_at + offset if window.ends_at else None
        found.append(window)
    return found


def past_windows(*, cursor: str | None, limit: int) -> Page[Window]:
    """The tenant's own that are over, the latest made first."""
    over = Window.objects.filter(Q(told__in=[Told.ENDED, Told.CANCELLED]) | Q(ends_at__lte=now()))
    return paging.by_id(over, cursor=cursor, limit=limit, newest_first=True)


def state_of(window: SomeWindow) -> str:
    """``scheduled``, ``under_way``, ``ended`` or ``cancelled``, by the clock and not by what the record has told yet."""
    moment = now()
    if isinstance(window, Window) and window.told == Told.CANCELLED:
        return "cancelled"
    if window.ends_at and window.ends_at <= moment:
        return "ended"
    return "under_way" if window.starts_at <= moment else "scheduled"


def organizations_of(windows: Sequence[SomeWindow]) -> set[UUID]:
    """The organizations that these are about."""
    return {window.organization_id for window in windows if isinstance(window, Window) and window.organization_id}
