"""Webhooks over the API: what can be heard, who hears it, and what was delivered.

An endpoint belongs to an organization or to the tenant, and the guard asks in the one or the other. Programs subscribe and
unsubscribe with a key that holds ``webhooks:write`` and nothing else (docs/decisions/0012-who-may-subscribe.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from tenantry.access import limits
from tenantry.access.guards import actor_of, guard, guard_tenant, is_own, require_recent, signed_in
from tenantry.audit.catalogue import public_events
from tenantry.kit.etags import expected_version, set_etag
from tenantry.kit.operations import needs
from tenantry.kit.problems import Problem, forbidden
from tenantry.kit.schemas import Listing, Paging, listing
from tenantry.tenancy.scope import current, outside

from . import queries, services
from .models import Delivery, Endpoint
from .schemas import payload_example, payload_schema
from .shapes import (
    DeliveriesWanted,
    DeliveryOut,
    DeliveryRef,
    DeliveryWhole,
    EndpointChange,
    EndpointIn,
    EndpointMade,
    EndpointOut,
    EndpointRef,
    EndpointsWanted,
    EventTypeIn,
    EventTypes,
    Replayed,
    ReplayIn,
    delivery_shape,
    endpoint_shape,
    whole_delivery_shape,
)  # fmt: skip
from .trying import deliver_now

router = Router()
WRITES = "webhook_writes"


def _whole(request: HttpRequest, endpoint: Endpoint, row: Delivery) -> dict[str, Any]:
    return whole_delivery_shape(endpoint, row, withheld=not may_read_body(request, endpoint, row))


def may_read_body(request: HttpRequest, endpoint: Endpoint, delivery: Delivery) -> bool:
    """Whether to show what was sent and answered. Of people, a person sees what the page of members would show them."""
    principal = signed_in(request)
    people = queries.tells_of_people(delivery) and principal.key_id is None
    return not people or principal.may("members:read", endpoint.organization_id)


def require_member_events(request: HttpRequest, organization_id: UUID | None, *events: Sequence[str]) -> None:
    """A person who lets an endpoint hear of people, or changes one that does, needs a permission more. Raises Problem 403.

    A key needs none: whoever can make keys holds it.
    """
    principal = signed_in(request)
    people = principal.key_id is None and any(services.about_people(names) for names in events)
    if people and not principal.may("webhooks:member_events", organization_id):
        raise forbidden("webhooks:member_events")


def _owner(request: HttpRequest, permission: str, given: UUID | None) -> UUID | None:
    """Whose endpoints are meant: an organization's, or None for the tenant's. A key of an organization means its own."""
    principal = signed_in(request)
    organization_id = given or principal.key_organization_id
    if organization_id is not None:
        return guard(request, permission, organization_id).id
    if not principal.staff_role:
        detail = "Endpoints of the whole workspace are staff's. Say which organization you mean, as “organization”."
        raise Problem(403, "permission_denied", detail, permission=permission)
    guard_tenant(request, permission)
    return None


def _endpoint(request: HttpRequest, permission: str, endpoint_id: UUID) -> Endpoint:
    """The endpoint, for whoever holds the permission where it belongs. Raises Problem 401, 404, 403."""
    signed_in(request)
    endpoint = queries.load(endpoint_id)
    if endpoint.organization_id is not None:
        guard(request, permission, endpoint.organization_id)
    else:
        guard_tenant(request, permission)
    return endpoint


def count_write(owner: UUID | None) -> None:
    """Count a change of an organization's endpoints. Raises Problem 429. The tenant's own are changed by few, with keys that count."""
    if owner is not None:
        limits.count(WRITES, owner)


@router.get("/event-types", response=EventTypes, by_alias=True, auth=None, summary="What webhooks can tell", **needs("public"))
def list_event_types(request: HttpRequest) -> dict[str, Any]:
    """The public catalogue: every event that an endpoint can subscribe to, with the JSON Schema of its body and an example."""
    return {
        "data": [
            {
                "name": public.name,
                "meaning": public.meaning,
                "when": public.when,
                "about_people": public.about_people,
                "schema": payload_schema(public),
                "example": payload_example(public),
            }
            for public in public_events().values()
        ]
    }


@router.get("/webhook-endpoints", response=Listing[EndpointOut], summary="Webhook endpoints", **needs("webhooks:read"))
def list_endpoints(request: HttpRequest, wanted: Query[EndpointsWanted], paging: Query[Paging]) -> dict[str, Any]:
    """The latest first: of one organization, or for staff all of the workspace. All filters are exact."""
    given = wanted.organization if isinstance(wanted.organization, UUID) else None
    owner = _owner(request, "webhooks:read", given)
    everything = owner is None and wanted.organization != "none"
    found = queries.list_endpoints(
        organization_id=owner, everything=everything, cursor=paging.cursor, limit=paging.limit, url=wanted.url, event=wanted.event,
        state=wanted.state,
    )  # fmt: skip
    return listing(found, endpoint_shape)


@router.post("/webhook-endpoints", response={201: EndpointMade}, summary="Make a webhook endpoint",
             **needs("webhooks:write", attempts=limits.told(WRITES)))  # fmt: skip
def create_endpoint(request: HttpRequest, response: HttpResponse, body: EndpointIn) -> tuple[int, dict[str, Any]]:
    """Subscribe. Without ``organization``: that of the key, or for staff the workspace itself, which hears of all organizations."""
    owner = _owner(request, "webhooks:write", body.organization)
    require_recent(request)
    require_member_events(request, owner, body.events)
    count_write(owner)
    made, secret = services.create_endpoint(
        url=body.url, events=body.events, organization_id=owner, description=body.description, headers=body.headers,
        key_id=signed_in(request).key_id, actor=actor_of(request),
    )  # fmt: skip
    set_etag(response, made.version)
    return 201, {**endpoint_shape(made), "secret": secret}


@router.get("/webhook-endpoints/{endpoint_id}", response=EndpointOut, summary="One webhook endpoint", **needs("webhooks:read"))
def get_endpoint(request: HttpRequest, response: HttpResponse, endpoint_id: EndpointRef) -> dict[str, Any]:
    """Its secret was shown when it was made; here are its settings and its state."""
    endpoint = _endpoint(request, "webhooks:read", endpoint_id)
    set_etag(response, endpoint.version)
    return endpoint_shape(endpoint)


@router.patch("/webhook-endpoints/{endpoint_id}", response=EndpointOut, summary="Change a webhook endpoint",
              **needs("webhooks:write", versioned=True, attempts=limits.told(WRITES)))  # fmt: skip
def update_endpoint(request: HttpRequest, response: HttpResponse, endpoint_id: EndpointRef, body: EndpointChange) -> dict[str, Any]:
    """What is left out, or null, stays. What is pending goes to the new address."""
    endpoint = _endpoint(request, "webhooks:write", endpoint_id)
    require_recent(request)
    changes = {name: value for name, value in body.dict(exclude_unset=True).items() if value is not None}
    require_member_events(request, endpoint.organization_id, endpoint.events, changes.get("events", []))
    count_write(endpoint.organization_id)
    changed = services.update_endpoint(
        endpoint=endpoint, changes=changes, expected_version=expected_version(request), actor=actor_of(request)
    )
    set_etag(response, changed.version)
    return endpoint_shape(changed)


@router.delete("/webhook-endpoints/{endpoint_id}", response={204: None}, summary="Delete a webhook endpoint",
               **needs("webhooks:delete", versioned=True, attempts=limits.told(WRITES)))  # fmt: skip
def delete_endpoint(request: HttpRequest, endpoint_id: EndpointRef) -> tuple[int, None]:
    """Unsubscribe: nothing more is delivered, and its deliveries go too. A key may delete what it made with ``webhooks:write``."""
    own = signed_in(request).key_id is not None and is_own(request, queries.load(endpoint_id).key_id)
    endpoint = _endpoint(request, "webhooks:write", endpoint_id) if own else _endpoint(request, "webhooks:delete", endpoint_id)
    count_write(endpoint.organization_id)
    services.delete_endpoint(endpoint=endpoint, expected_version=expected_version(request), actor=actor_of(request))
    return 204, None


@router.post("/webhook-endpoints/{endpoint_id}/rotation", response=EndpointMade, summary="Replace the secret",
             **needs("webhooks:rotate", attempts=limits.told(WRITES)))  # fmt: skip
def rotate_secret(request: HttpRequest, response: HttpResponse, endpoint_id: EndpointRef) -> dict[str, Any]:
    """For 24 hours both secrets sign each delivery. A key may rotate what it made with ``webhooks:write``."""
    own = signed_in(request).key_id is not None and is_own(request, queries.load(endpoint_id).key_id)
    endpoint = _endpoint(request, "webhooks:write", endpoint_id) if own else _endpoint(request, "webhooks:rotate", endpoint_id)
    require_recent(request)
    count_write(endpoint.organization_id)
    rotated, secret = services.rotate_secret(endpoint=endpoint, actor=actor_of(request))
    set_etag(response, rotated.version)
    return {**endpoint_shape(rotated), "secret": secret}


@router.post("/webhook-endpoints/{endpoint_id}/pause", response=EndpointOut, summary="Pause",
             **needs("webhooks:write"))  # fmt: skip
def pause_endpoint(request: HttpRequest, endpoint_id: EndpointRef) -> dict[str, Any]:
    """What is pending, and what comes, fails at once; it can be sent later with a replay. Pausing again changes nothing."""
    endpoint = _endpoint(request, "webhooks:write", endpoint_id)
    return endpoint_shape(services.pause_endpoint(endpoint=endpoint, actor=actor_of(request)))


@router.delete("/webhook-endpoints/{endpoint_id}/pause", response=EndpointOut, summary="Resume",
               **needs("webhooks:write"))  # fmt: skip
def resume_endpoint(request: HttpRequest, endpoint_id: EndpointRef) -> dict[str, Any]:
    """From now on deliveries go out again. What was missed is sent by a replay."""
    endpoint = _endpoint(request, "webhooks:write", endpoint_id)
    return endpoint_shape(services.resume_endpoint(endpoint=endpoint, actor=actor_of(request)))


@router.post("/webhook-endpoints/{endpoint_id}/test", response=DeliveryWhole, summary="Send a test event",
             **needs("webhooks:write"))  # fmt: skip
def send_test(request: HttpRequest, endpoint_id: EndpointRef, body: EventTypeIn) -> dict[str, Any]:
    """The example of any event type, marked ``"_synthetic": true``, sent at once and once, also while the endpoint is paused.

    The answer says what became of it; it may take 15 seconds. 200 also where the endpoint refused it: look at ``status``.
    """
    endpoint = _endpoint(request, "webhooks:write", endpoint_id)
    return _whole(request, endpoint, try_now(request, endpoint, body.event_type))


def try_now(request: HttpRequest, endpoint: Endpoint, event_type: str) -> Delivery:
    """Send a test event and wait for what comes of it. What this request did so far is committed. Raises Problem 422, 404."""
    delivery = services.prepare_test(endpoint=endpoint, event_type=event_type, actor=actor_of(request))
    tenant_id = current().tenant_id
    with outside():
        deliver_now(tenant_id=tenant_id, endpoint_id=endpoint.id, delivery_id=delivery.id)
    return queries.load_delivery(endpoint, delivery.id)


@router.get("/webhook-endpoints/{endpoint_id}/deliveries", response=Listing[DeliveryOut], summary="Deliveries",
            **needs("webhooks:read"))  # fmt: skip
def list_deliveries(
    request: HttpRequest, endpoint_id: EndpointRef, wanted: Query[DeliveriesWanted], paging: Query[Paging]
) -> dict[str, Any]:
    """The latest first, of the last 30 days."""
    endpoint = _endpoint(request, "webhooks:read", endpoint_id)
    found = queries.list_deliveries(endpoint, cursor=paging.cursor, limit=paging.limit, **wanted.dict())
    return listing(found, delivery_shape)


@router.get("/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}", response=DeliveryWhole, summary="One delivery",
            **needs("webhooks:read"))  # fmt: skip
def get_delivery(request: HttpRequest, endpoint_id: EndpointRef, delivery_id: DeliveryRef) -> dict[str, Any]:
    """With its request, the last answer and all tries. Signatures aren't kept; the endpoint's own headers are named only."""
    endpoint = _endpoint(request, "webhooks:read", endpoint_id)
    return _whole(request, endpoint, queries.load_delivery(endpoint, delivery_id))


@router.post("/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redelivery", response=DeliveryOut, summary="Send one again",
             **needs("webhooks:write"))  # fmt: skip
def redeliver(request: HttpRequest, endpoint_id: EndpointRef, delivery_id: DeliveryRef) -> dict[str, Any]:
    """Whatever became of it, with all its tries before it. 409 ``endpoint_paused`` while the endpoint is paused."""
    endpoint = _endpoint(request, "webhooks:write", endpoint_id)
    delivery = queries.load_delivery(endpoint, delivery_id)
    return delivery_shape(services.redeliver(endpoint=endpoint, delivery=delivery, actor=actor_of(request)))


@router.post("/webhook-endpoints/{endpoint_id}/replay", response=Replayed, summary="Send again what was missed",
             **needs("webhooks:write"))  # fmt: skip
def replay(request: HttpRequest, endpoint_id: EndpointRef, body: ReplayIn) -> dict[str, Any]:
    """What failed since a moment, or with ``only_failed`` false all that ended since. Test events are left out."""
    endpoint = _endpoint(request, "webhooks:write", endpoint_id)
    return {"count": services.replay(endpoint=endpoint, since=body.since, only_failed=body.only_failed, actor=actor_of(request))}
