"""From a recorded event to the deliveries that tell it: rows of the same transaction, so what rolls back is never sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connections

from tenantry.audit.catalogue import PublicEvent, heard_as
from tenantry.audit.models import Event
from tenantry.kit.clock import now
from tenantry.kit.ids import encode
from tenantry.kit.schemas import moment
from tenantry.tenancy.scope import current

from .models import ALL, Delivery, Endpoint

PAUSED = "The endpoint was paused."
_ACTORS = {"user": "usr", "staff": "usr", "key": "key", "scim_token": "sct"}


Subscriber = tuple[UUID, UUID | None, str, list[str]]
"""``(id, organization_id, state, events)`` of an endpoint."""


def deliver_later(told: Sequence[tuple[Event, Any]]) -> None:
    """Write a delivery for each endpoint that hears of these events. Handed to ``audit.services`` by the app."""
    subscribers = {organization_id: _subscribers(organization_id) for organization_id in {event.organization_id for event, _ in told}}
    deliveries = [delivery for event, target in told for delivery in deliveries_of(event, target, subscribers[event.organization_id])]
    Delivery.objects.bulk_create(deliveries, batch_size=500)


def deliveries_of(event: Event, target: Any, subscribers: Iterable[Subscriber]) -> list[Delivery]:
    """The deliveries, not saved, that tell these endpoints of an event. Asks nothing of the database."""
    deliveries: list[Delivery] = []
    for public in heard_as(event.action):
        hearing = [row for row in subscribers if public.name in row[3] or ALL in row[3]]
        if hearing:
            body = json.dumps(_told(public, event, target), separators=(",", ":"))
            deliveries += [_delivery(endpoint, event.id, public.name, body) for endpoint in hearing]
    return deliveries


def envelope(
    *, event_id: UUID, name: str, at: str | None, organization_id: UUID | None, actor: dict[str, Any], data: dict[str, Any]
) -> dict[str, Any]:
    """The body of a delivery. Its JSON Schema is ``schemas.payload_schema``."""
    return {
        "id": Event.encode_id(event_id),
        "type": name,
        "timestamp": at,
        "organization": encode("org", organization_id) if organization_id else None,
        "actor": actor,
        "data": data,
    }


def told_actor(kind: str, actor_id: UUID | None) -> dict[str, Any]:
    """Who did it, as a body says it: people and keys have an id."""
    return {"kind": kind, "id": encode(_ACTORS[kind], actor_id) if actor_id and kind in _ACTORS else None}


def _told(public: PublicEvent, event: Event, target: Any) -> dict[str, Any]:
    return envelope(
        event_id=event.id,
        name=public.name,
        at=moment(event.created_at),
        organization_id=event.organization_id,
        actor=told_actor(event.actor_kind, event.actor_id),
        data=public.build(event, target),
    )


def _delivery(endpoint: Subscriber, event_id: UUID, name: str, body: str) -> Delivery:
    endpoint_id, organization_id, state, _ = endpoint
    row = Delivery(organization_id=organization_id, endpoint_id=endpoint_id, event_id=event_id, event_type=name, body=body)
    if state == Endpoint.State.PAUSED:
        row.status, row.error, row.ended_at = Delivery.Status.FAILED, PAUSED, now()
    else:
        row.next_at = now()
    return row


def _subscribers(organization_id: UUID | None) -> list[Subscriber]:
    """The endpoints that may hear of this organization: its own and the tenant's.

    Asked of the database by a function of its owner: whoever acts needn't be allowed to see the tenant's endpoints.
    """
    with connections[current().using].cursor() as cursor:
        cursor.execute("select id, organization_id, state, events from webhooks_subscribers(%s)", [organization_id])
        return cursor.fetchall()
