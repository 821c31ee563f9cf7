"""Reading the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenantry.kit.paging import Page, by_id
from tenantry.kit.problems import invalid

from .catalogue import CATEGORIES, MONEY_CATEGORIES
from .models import Event
from .names import people_names


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show. ``money`` and ``operations``: which halves of the feed the reader may see."""

    organization_id: UUID | None = None
    category: str = ""
    action: str = ""
    actor: str = ""
    target: str = ""
    since: datetime | None = None
    until: datetime | None = None
    money: bool = True
    operations: bool = True


def events(wanted: Filter) -> Any:
    """The queryset of a filter. Raises Problem 422 for an unknown category."""
    if "\0" in wanted.action + wanted.actor + wanted.target:  # an export would find out only when it has begun
        raise invalid("A filter has no NUL characters.", pointer="?target")
    rows = Event.objects.all()
    if wanted.organization_id:
        rows = rows.filter(organization_id=wanted.organization_id)
    if wanted.category:
        if wanted.category not in CATEGORIES:
            raise invalid(f"A category is one of {', '.join(CATEGORIES)}.", pointer="?category", code="category_unknown")
        rows = rows.filter(category=wanted.category)
    if not wanted.money:
        rows = rows.exclude(category__in=MONEY_CATEGORIES)
    if not wanted.operations:
        rows = rows.filter(category__in=MONEY_CATEGORIES)
    if wanted.action:
        rows = rows.filter(action=wanted.action)
    if wanted.actor:
        rows = rows.filter(actor_label__iexact=wanted.actor)
    if wanted.target:
        rows = rows.filter(target_id=wanted.target) if "_" in wanted.target else rows.filter(target_label__icontains=wanted.target)
    if wanted.since:
        rows = rows.filter(created_at__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(created_at__lt=wanted.until)
    return rows


def list_events(wanted: Filter, *, cursor: str | None, limit: int) -> Page[Event]:
    """A page of events, the latest first."""
    return by_id(events(wanted), cursor=cursor, limit=limit, newest_first=True)


def impersonators(rows: Iterable[Event]) -> Mapping[UUID, str]:
    """Who of the staff stood behind the actors of these events: addresses by id."""
    return people_names({row.impersonator_id for row in rows if row.impersonator_id})


def shape(event: Event, behind: Mapping[UUID, str] | None = None) -> dict[str, Any]:
    """An event as the API and the exports show it; ``behind`` are the names of ``impersonators``."""
    from tenantry.kit.ids import encode

    return {
        "id": event.public_id,
        "occurred_at": event.created_at.isoformat().replace("+00:00", "Z"),
        "organization": encode("org", event.organization_id) if event.organization_id else None,
        "category": event.category,
        "action": event.action,
        "actor": {
            "kind": event.actor_kind,
            "label": event.actor_label,
            "impersonated_by": _behind(event, impersonators([event]) if behind is None else behind),
        },
        "target": {"kind": event.target_kind, "id": event.target_id, "label": event.target_label},
        "changes": event.changes,
        "reason": event.reason,
        "source": event.source,
        "request_id": event.request_id,
        "ip": event.ip,
        "user_agent": event.user_agent,
    }


def _behind(event: Event, names: Mapping[UUID, str]) -> dict[str, str] | None:
    from tenantry.kit.ids import encode

    if event.impersonator_id is None:
        return None
    return {"id": encode("usr", event.impersonator_id), "label": names.get(event.impersonator_id, "")}
