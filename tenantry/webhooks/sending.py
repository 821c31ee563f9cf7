"""One try: sign, send through the guarded client, and put what came back into words."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from tenantry.audit.models import Event
from tenantry.kit.outgoing import Outgoing, Refused, Unreachable

from . import boxes, signing
from .claims import Due, Target
from .models import Delivery
from .policy import KEPT_BYTES, Attempt

CONNECT_SECONDS, WHOLE_SECONDS = 5, 15


@dataclass(frozen=True, slots=True)
class Opened:
    """A target with its secrets out of the seal: for the length of a batch, and never written anywhere."""

    url: str
    headers: dict[str, str]
    secrets: list[str]


def opened(target: Target) -> Opened:
    """Unseal what sending needs. The secret before this one signs too while it is still good."""
    sealed = [target.sealed_secret, *([target.sealed_previous] if target.sealed_previous and target.previous_good else [])]
    return Opened(
        target.url, boxes.open_headers(target.id, target.sealed_headers), [boxes.open_box(target.id, secret) for secret in sealed]
    )


def plain_headers(delivery_id: UUID, event_id: UUID) -> dict[str, str]:
    """The headers of a request that are no secret and always the same."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Tenantry-Webhooks/1",
        "Tenantry-Delivery": Delivery.encode_id(delivery_id),
        "webhook-id": Event.encode_id(event_id),
    }


async def send(outgoing: Outgoing, target: Opened, due: Due) -> Attempt:
    """Try one delivery; never raises for what the other side does."""
    body, event_id = due.body.encode(), Event.encode_id(due.event_id)
    headers = {
        **target.headers,
        **plain_headers(due.id, due.event_id),
        # Real time, also in a sandbox whose clock was moved: the receiver compares with its own.
        **signing.headers(event_id=event_id, body=body, secrets=target.secrets, timestamp=int(time.time())),
    }
    started = time.monotonic()
    try:
        answer = await outgoing.request(
            "POST", target.url, headers=headers, body=body,
            connect_timeout=CONNECT_SECONDS, total_timeout=WHOLE_SECONDS, keep=KEPT_BYTES,
        )  # fmt: skip
    except (Refused, Unreachable) as failure:
        return Attempt(None, error=str(failure), ms=int((time.monotonic() - started) * 1000))
    text = answer.body.decode(errors="replace").replace("\x00", "\ufffd")
    error = "" if 200 <= answer.status < 300 else f"The endpoint answered {answer.status}."
    return Attempt(answer.status, body=text, error=error, ms=answer.ms, retry_after=answer.headers.get("Retry-After", ""))
