"""Reading endpoints and deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import TruncHour

from tenantry.audit.catalogue import public_events
from tenantry.kit.clock import now
from tenantry.kit.paging import Page, by_id
from tenantry.kit.problems import not_found

from .models import Delivery, Endpoint
from .sending import plain_headers

HOURS = 24
# What stands in a shown request where the true value isn't kept, or isn't for reading.
UNSHOWN = "…"


def load(endpoint_id: UUID) -> Endpoint:
    """An endpoint that the present scope can see. Raises Problem 404. The guard asks for its organization next."""
    found = Endpoint.objects.filter(id=endpoint_id).first()
    if found is None:
        raise not_found("webhook endpoint")
    return found


def list_endpoints(
    *, cursor: str | None, limit: int, organization_id: UUID | None = None, everything: bool = False, url: str = "", state: str = "",
    event: str = "", search: str = "",
) -> Page[Endpoint]:  # fmt: skip
    """Endpoints, the latest first: of one organization, without one of the tenant itself, or ``everything`` that the scope can see.

    The filters take what is stored, as it is, but for ``search``: a part of address or description. An empty one filters
    nothing. Each row has ``last_at`` and ``last_status``: of the delivery that was made last.
    """
    wanted: dict[str, Any] = {"url": url, "state": state, "events__contains": [event] if event else None}
    rows = Endpoint.objects.filter(**{name: value for name, value in wanted.items() if value})
    if search:
        rows = rows.filter(Q(url__icontains=search) | Q(description__icontains=search))
    if not everything:
        rows = rows.filter(organization_id=organization_id)
    last = Delivery.objects.filter(endpoint=OuterRef("id")).order_by("-id")
    rows = rows.annotate(last_at=Subquery(last.values("created_at")[:1]), last_status=Subquery(last.values("status")[:1]))
    return by_id(rows, cursor=cursor, limit=limit, newest_first=True)


def list_deliveries(
    endpoint: Endpoint, *, cursor: str | None, limit: int, status: str = "", event_type: str = "", since: datetime | None = None,
    until: datetime | None = None,
) -> Page[Delivery]:  # fmt: skip
    """An endpoint's deliveries, the latest first."""
    wanted: dict[str, Any] = {"status": status, "event_type": event_type, "created_at__gte": since, "created_at__lt": until}
    rows = Delivery.objects.filter(endpoint=endpoint, **{name: value for name, value in wanted.items() if value})
    return by_id(rows, cursor=cursor, limit=limit, newest_first=True)


def load_delivery(endpoint: Endpoint, delivery_id: UUID) -> Delivery:
    """One delivery of an endpoint. Raises Problem 404."""
    found = Delivery.objects.filter(endpoint=endpoint, id=delivery_id).first()
    if found is None:
        raise not_found("delivery")
    return found


def request_headers(endpoint: Endpoint, delivery: Delivery) -> dict[str, str]:
    """The headers of a delivery's request. Signatures aren't kept, and what its owner added is nobody's to read."""
    signed = dict.fromkeys(("webhook-timestamp", "webhook-signature", "Tenantry-Signature"), UNSHOWN)
    return {**dict.fromkeys(endpoint.header_names, UNSHOWN), **plain_headers(delivery.id, delivery.event_id), **signed}


def tells_of_people(delivery: Delivery) -> bool:
    """Whether a body is for those alone who may see people; a type that is no more is treated so."""
    public = public_events().get(delivery.event_type)
    return public is None or public.about_people


@dataclass(slots=True)
class Day:
    """How an endpoint's deliveries of the last 24 hours went: ``hours`` are ``[delivered, failed, pending]``, the oldest first."""

    hours: list[list[int]] = field(default_factory=lambda: [[0, 0, 0] for _ in range(HOURS)])

    def total(self, place: int) -> int:
        return sum(hour[place] for hour in self.hours)


def last_day(endpoint_ids: Sequence[UUID]) -> dict[UUID, Day]:
    """The last 24 hours of these endpoints, test events left out."""
    moment = now()
    first = (moment - timedelta(hours=HOURS - 1)).replace(minute=0, second=0, microsecond=0)
    places = {Delivery.Status.DELIVERED: 0, Delivery.Status.FAILED: 1, Delivery.Status.PENDING: 2}
    found = {endpoint_id: Day() for endpoint_id in endpoint_ids}
    rows: Any = Delivery.objects.filter(endpoint_id__in=endpoint_ids, created_at__gte=first, synthetic=False)
    counted = rows.annotate(hour=TruncHour("created_at")).values_list("endpoint_id", "hour", "status").annotate(count=Count("id"))
    for endpoint_id, hour, status, count in counted:
        at = min(int((hour - first).total_seconds() // 3600), HOURS - 1)
        found[endpoint_id].hours[at][places[status]] += count
    return found


def failing_endpoints() -> int:
    """How many endpoints have had nothing but failures for an hour or more, or were paused for that."""
    long = Q(state=Endpoint.State.ACTIVE, failing_since__lt=now() - timedelta(hours=1))
    return Endpoint.objects.filter(long | Q(pause_reason__in=[Endpoint.PauseReason.FAILING, Endpoint.PauseReason.GONE])).count()
