"""Reading endpoints and deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from tenantry.kit.paging import Page, by_id
from tenantry.kit.problems import not_found

from .models import Delivery, Endpoint


def load(endpoint_id: UUID) -> Endpoint:
    """An endpoint that the present scope can see. Raises Problem 404. The guard asks for its organization next."""
    found = Endpoint.objects.filter(id=endpoint_id).first()
    if found is None:
        raise not_found("webhook endpoint")
    return found


def list_endpoints(
    *, cursor: str | None, limit: int, organization_id: UUID | None, of_tenant: bool = False, **exact: str
) -> Page[Endpoint]:
    """Endpoints, the latest first: of one organization, or with ``of_tenant`` all that the scope can see.

    ``exact``: ``url``, ``state`` and ``event`` as they are stored; an empty one filters nothing.
    """
    rows = Endpoint.objects.filter(organization_id=organization_id)
    if url := exact.get("url"):
        rows = rows.filter(url=url)
    if state := exact.get("state"):
        rows = rows.filter(state=state)
    if event := exact.get("event"):
        rows = rows.filter(events__contains=[event])
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
