"""What is done to endpoints and deliveries."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections

from tenantry.audit.catalogue import public_events
from tenantry.audit.services import Actor, difference, record
from tenantry.kit.clock import now
from tenantry.kit.ids import new_id
from tenantry.kit.outgoing import check_url
from tenantry.kit.problems import Problem, conflict, invalid, not_found
from tenantry.kit.schemas import moment
from tenantry.tenancy.scope import current

from . import boxes, signing
from .models import ALL, Delivery, Endpoint
from .publishing import PAUSED, envelope, told_actor

MOST_ENDPOINTS, MOST_HEADERS, LONGEST_HEADER = 100, 20, 2000
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110 §5.6.2: token
_VALUE = re.compile(r"[\x20-\x7e\t]*")
_OURS = frozenset(
    "host connection proxy-connection content-length content-type transfer-encoding te trailer upgrade expect keep-alive user-agent "
    "tenantry-signature tenantry-delivery webhook-id webhook-timestamp webhook-signature".split()
)
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended('webhooks ' || current_setting('app.tenant_id') || %s, 0))"
_FAILED, _PENDING = Delivery.Status.FAILED, Delivery.Status.PENDING
_notifier: Callable[[Endpoint], None] | None = None


def use_notifier(notifier: Callable[[Endpoint], None]) -> None:
    """A room above hands in how the owners of an endpoint learn by mail that it was paused."""
    global _notifier
    _notifier = notifier


def create_endpoint(
    *,
    url: str,
    events: Sequence[str],
    organization_id: UUID | None,
    description: str = "",
    headers: Mapping[str, str | None] | None = None,
    key_id: UUID | None = None,
    actor: Actor,
) -> tuple[Endpoint, str]:
    """Make an endpoint of an organization, or of the tenant; returns it and its secret, never to be seen again.

    ``events`` are names of the public catalogue, or ``["*"]``. Raises Problem 422 (``url_refused``, ``event_unknown``,
    ``header_invalid``), 409 ``endpoint_limit_reached``.
    """
    check_url(url, allow_loopback=settings.ENVIRONMENT.loopback_webhooks)
    with connections[current().using].cursor() as cursor:  # of two at once, the second counts the first
        cursor.execute(_ONE_AT_A_TIME, [str(organization_id)])
    if Endpoint.objects.filter(organization_id=organization_id).count() >= MOST_ENDPOINTS:
        raise conflict("endpoint_limit_reached", f"There are {MOST_ENDPOINTS} endpoints already. Delete one first.")
    secret = signing.new_secret()
    endpoint = Endpoint(organization_id=organization_id, url=url, events=_events(events), description=description.strip(), key_id=key_id)
    endpoint.sealed_secret = boxes.close(endpoint.id, secret)
    _put_headers(endpoint, headers or {})
    endpoint.save(force_insert=True)
    changes = difference({}, {"url": url, "events": endpoint.events, "headers": endpoint.header_names})
    record("webhook.created", actor=actor, organization_id=organization_id, target=endpoint, label=url, changes=changes)
    return endpoint, secret


def update_endpoint(*, endpoint: Endpoint, changes: Mapping[str, Any], expected_version: int | None = None, actor: Actor) -> Endpoint:
    """Change ``url``, ``events``, ``description``, ``headers``. Raises as ``create_endpoint``, and 412.

    ``headers`` are all of them; a value of None keeps the one that the header has.
    """
    endpoint = _locked(endpoint, expected_version)
    before = {"url": endpoint.url, "events": endpoint.events, "description": endpoint.description, "headers": endpoint.header_names}
    if "url" in changes:
        check_url(changes["url"], allow_loopback=settings.ENVIRONMENT.loopback_webhooks)
        endpoint.url = changes["url"]
    if "events" in changes:
        endpoint.events = _events(changes["events"])
    if "description" in changes:
        endpoint.description = changes["description"].strip()
    if "headers" in changes:
        _put_headers(endpoint, changes["headers"])
    after = {"url": endpoint.url, "events": endpoint.events, "description": endpoint.description, "headers": endpoint.header_names}
    changed = difference(before, after)
    if not changed and "headers" not in changes:
        return endpoint
    _save(endpoint, "url", "events", "description", "sealed_headers", "header_names")
    record("webhook.changed", actor=actor, organization_id=endpoint.organization_id, target=endpoint, label=endpoint.url, changes=changed)
    return endpoint


def pause_endpoint(*, endpoint: Endpoint, reason: str = Endpoint.PauseReason.BY_HAND, actor: Actor) -> Endpoint:
    """Deliver nothing more: what is pending, and what comes, fails at once and can be sent again later.

    Pausing what is paused changes nothing. The owners are told by mail when Tenantry did it (``gone``, ``failing``).
    """
    endpoint = _locked(endpoint, against_events=True)  # or a delivery written meanwhile would stay pending
    if endpoint.state == Endpoint.State.PAUSED:
        return endpoint
    endpoint.state, endpoint.pause_reason = Endpoint.State.PAUSED, reason
    _save(endpoint, "state", "pause_reason")
    missed = Delivery.objects.filter(endpoint=endpoint, status=_PENDING)
    missed.update(status=_FAILED, next_at=None, ended_at=now(), error=PAUSED)
    record(
        "webhook.paused", actor=actor, organization_id=endpoint.organization_id, target=endpoint, label=endpoint.url,
        reason="" if reason == Endpoint.PauseReason.BY_HAND else reason,
    )  # fmt: skip
    if reason != Endpoint.PauseReason.BY_HAND and _notifier is not None:
        _notifier(endpoint)
    return endpoint


def resume_endpoint(*, endpoint: Endpoint, actor: Actor) -> Endpoint:
    """Deliver again what comes from now on; ``replay`` sends what was missed. Resuming what is active changes nothing."""
    endpoint = _locked(endpoint)
    if endpoint.state == Endpoint.State.ACTIVE:
        return endpoint
    endpoint.state, endpoint.pause_reason, endpoint.failing_since = Endpoint.State.ACTIVE, "", None
    endpoint.claimed_by = endpoint.claimed_until = None
    _save(endpoint, "state", "pause_reason", "failing_since", "claimed_by", "claimed_until")
    record("webhook.resumed", actor=actor, organization_id=endpoint.organization_id, target=endpoint, label=endpoint.url)
    return endpoint


def rotate_secret(*, endpoint: Endpoint, actor: Actor) -> tuple[Endpoint, str]:
    """Replace the secret; the one before goes on signing beside it for 24 hours. Returns the new one, shown once.

    Rotating again within that time drops the older of the two.
    """
    endpoint, secret = _locked(endpoint), signing.new_secret()
    endpoint.sealed_previous, endpoint.previous_until = endpoint.sealed_secret, now() + signing.OVERLAP
    endpoint.sealed_secret = boxes.close(endpoint.id, secret)
    _save(endpoint, "sealed_secret", "sealed_previous", "previous_until")
    record("webhook.rotated", actor=actor, organization_id=endpoint.organization_id, target=endpoint, label=endpoint.url)
    return endpoint, secret


def delete_endpoint(*, endpoint: Endpoint, expected_version: int | None = None, actor: Actor) -> None:
    """Take an endpoint and its deliveries away; the record of what was done keeps its place. Raises Problem 412."""
    endpoint = _locked(endpoint, expected_version, against_events=True)
    record("webhook.deleted", actor=actor, organization_id=endpoint.organization_id, target=endpoint, label=endpoint.url)
    Delivery.objects.filter(endpoint=endpoint).delete()
    Endpoint.objects.filter(id=endpoint.id).delete()


def redeliver(*, endpoint: Endpoint, delivery: Delivery, actor: Actor) -> Delivery:
    """Send one delivery again, whatever became of it, with all its tries. Raises Problem 409 ``endpoint_paused``."""
    endpoint = _locked(endpoint)
    _require_active(endpoint)
    _again(Delivery.objects.filter(id=delivery.id))
    record(
        "webhook.redelivered", actor=actor, organization_id=endpoint.organization_id, target=endpoint, label=endpoint.url,
        changes=difference({}, {"delivery": delivery.public_id}),
    )  # fmt: skip
    return Delivery.objects.get(id=delivery.id)


def replay(*, endpoint: Endpoint, since: datetime, only_failed: bool = True, actor: Actor) -> int:
    """Send again what was to be delivered since a moment, or of it what failed; returns how many. Raises Problem 409."""
    endpoint = _locked(endpoint)
    _require_active(endpoint)
    rows = Delivery.objects.filter(endpoint=endpoint, created_at__gte=since, synthetic=False).exclude(status=_PENDING)
    count = _again(rows.filter(status=_FAILED) if only_failed else rows)
    record(
        "webhook.replayed", actor=actor, organization_id=endpoint.organization_id, target=endpoint, label=endpoint.url,
        changes=difference({}, {"since": moment(since), "only_failed": only_failed, "deliveries": count}),
    )  # fmt: skip
    return count


def prepare_test(*, endpoint: Endpoint, event_type: str, actor: Actor) -> Delivery:
    """A delivery of the catalogue's example, marked ``"_synthetic": true``; ``trying.deliver_now`` sends it.

    It waits for whoever made it, and only if that never comes does a worker take it. Raises Problem 422 ``event_unknown``.
    """
    (name,) = _events([event_type], pointer="/event_type", all_too=False)
    public, event_id = public_events()[name], new_id()
    body = envelope(
        event_id=event_id, name=name, at=moment(now()), organization_id=endpoint.organization_id,
        actor=told_actor(actor.kind, actor.id), data=public.example,
    )  # fmt: skip
    delivery = Delivery(
        organization_id=endpoint.organization_id, endpoint=endpoint, event_id=event_id, event_type=name, synthetic=True,
        body=json.dumps({**body, "_synthetic": True}, separators=(",", ":")), next_at=now() + signing.REPLAY_WINDOW,
    )  # fmt: skip
    delivery.save(force_insert=True)
    record(
        "webhook.tested", actor=actor, organization_id=endpoint.organization_id, target=endpoint, label=endpoint.url,
        changes=difference({}, {"event_type": name}),
    )  # fmt: skip
    return delivery


def about_people(events: Sequence[str]) -> bool:
    """Whether subscribing to these takes the permission for events about people."""
    return ALL in events or any(public_events()[name].about_people for name in events if name in public_events())


def _again(rows: Any) -> int:
    """Make deliveries due now, in the order of their events, with all their tries before them."""
    count: int = rows.update(status=_PENDING, next_at=now(), attempts=0, ended_at=None, error="")
    return count


def _require_active(endpoint: Endpoint) -> None:
    if endpoint.state != Endpoint.State.ACTIVE:
        raise conflict("endpoint_paused", "This endpoint is paused. Resume it first.")


def _locked(endpoint: Endpoint, expected_version: int | None = None, *, against_events: bool = False) -> Endpoint:
    """Lock it against other changes; ``against_events`` also against acts that write deliveries for it, which otherwise needn't wait."""
    found = Endpoint.objects.select_for_update(no_key=not against_events).filter(id=endpoint.id).first()
    if found is None:
        raise not_found("webhook endpoint")
    if expected_version is not None and found.version != expected_version:
        raise Problem(412, "version_stale", "Somebody changed this endpoint meanwhile. Load it again.")
    return found


def _save(endpoint: Endpoint, *fields: str) -> None:
    endpoint.version += 1
    endpoint.save(update_fields=[*fields, "version"])


def _events(names: Sequence[str], *, pointer: str = "/events", all_too: bool = True) -> list[str]:
    """Sorted and once each; ``*`` alone stands for all. Raises Problem 422 ``event_unknown``."""
    if all_too and ALL in names:
        return [ALL]
    if not names:
        raise invalid("Choose at least one event, or * for all.", pointer=pointer)
    for name in names:
        if name not in public_events():
            raise invalid(f"There is no event {name[:60]}; see GET /api/v1/event-types.", pointer=pointer, code="event_unknown")
    return sorted(set(names))


def _header_fits(name: str, value: str) -> bool:
    plain = _HEADER.fullmatch(name) and _VALUE.fullmatch(value) and len(value) <= LONGEST_HEADER
    return bool(plain) and name.lower() not in _OURS


def _put_headers(endpoint: Endpoint, headers: Mapping[str, str | None]) -> None:
    if len(headers) > MOST_HEADERS or len({name.lower() for name in headers}) < len(headers):
        raise invalid(f"At most {MOST_HEADERS} headers, each once.", pointer="/headers", code="header_invalid")
    known = boxes.open_headers(endpoint.id, endpoint.sealed_headers)
    found: dict[str, str] = {}
    for name, given in headers.items():
        value = known.get(name) if given is None else given.strip()
        if value is None or not _header_fits(name, value):
            raise invalid(f"{name[:100]} can't be such a header of a delivery.", pointer="/headers", code="header_invalid")
        found[name] = value
    endpoint.sealed_headers = boxes.close_headers(endpoint.id, found)
    endpoint.header_names = sorted(found)
