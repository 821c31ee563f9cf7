"""How endpoints and deliveries look from outside."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import AwareDatetime

from tenantry.kit.ids import encode
from tenantry.kit.schemas import Strict, TypeId, moment

from . import queries
from .models import Delivery, Endpoint
from .services import MOST_HEADERS

OrganizationRef = Annotated[UUID, TypeId("org")]
EndpointRef = Annotated[UUID, TypeId("whe")]
DeliveryRef = Annotated[UUID, TypeId("whd")]


class EventTypeOut(Schema):
    """``schema`` is that of the whole body of a delivery, ``example`` one such body. ``about_people``: to subscribe, a person
    needs ``webhooks:member_events`` too."""

    name: str
    meaning: str
    when: str
    about_people: bool
    payload_schema: dict[str, Any] = Field(alias="schema")
    example: dict[str, Any]


class EventTypes(Schema):
    data: list[EventTypeOut]


class EndpointOut(Schema):
    """``organization`` null: of the workspace, hearing of all organizations. ``pause_reason`` is ``by_hand``, ``gone`` (it answered
    410) or ``failing`` (five days of nothing else). ``key`` made it. While ``previous_secret_until`` is ahead, two secrets sign."""

    id: str
    organization: str | None
    url: str
    events: list[str]
    description: str
    header_names: list[str]
    state: str
    pause_reason: str | None
    failing_since: str | None
    previous_secret_until: str | None
    key: str | None
    created_at: str | None


class EndpointMade(EndpointOut):
    """``secret`` signs the deliveries. It is in this answer and nowhere else."""

    secret: str


class EndpointIn(Strict):
    """``events`` are names out of the event types, or ``["*"]`` for all. ``headers`` are sent with each delivery and never shown."""

    url: str = Field(max_length=2000, examples=["https://hooks.example.com/tenantry"])
    events: list[str] = Field(max_length=200, examples=[["member.added", "member.removed"]])
    organization: OrganizationRef | None = None
    description: str = Field("", max_length=300)
    headers: dict[str, str] = Field({}, max_length=MOST_HEADERS)


class EndpointChange(Strict):
    """``headers`` are all that there shall be; a value of null keeps what the header has."""

    url: str | None = Field(None, max_length=2000, examples=["https://hooks.example.com/tenantry"])
    events: list[str] | None = Field(None, max_length=200, examples=[["member.added"]])
    description: str | None = Field(None, max_length=300)
    headers: dict[str, str | None] | None = Field(None, max_length=MOST_HEADERS)


class EventTypeIn(Strict):
    event_type: str = Field(max_length=60, examples=["member.added"])


class ReplayIn(Strict):
    since: AwareDatetime
    only_failed: bool = True


class Replayed(Schema):
    count: int


class DeliveryOut(Schema):
    """``event`` is the ``id`` in the body. ``attempts`` counts since the last redelivery; ``ms`` and ``error`` are of the last try."""

    id: str
    event: str
    event_type: str
    synthetic: bool
    status: str
    attempts: int
    answer_status: int | None
    ms: int | None
    error: str
    next_at: str | None
    created_at: str | None
    ended_at: str | None


class Try(Schema):
    at: str
    status: int | None
    ms: int
    error: str


class Request(Schema):
    headers: dict[str, str]
    body: str | None


class Answer(Schema):
    """The first 4 KB of the body."""

    status: int
    body: str | None


class DeliveryWhole(DeliveryOut):
    """``withheld``: the bodies tell of people, and you may not see members."""

    request: Request
    answer: Answer | None
    tries: list[Try]
    withheld: bool


class EndpointsWanted(Schema):
    """Exact. ``event`` is one that was chosen, or ``*``; ``organization`` one, or ``none`` for those of the workspace itself."""

    url: str = ""
    event: str = ""
    state: Literal["", "active", "paused"] = ""
    organization: Literal["none"] | OrganizationRef | None = None


class DeliveriesWanted(Schema):
    """``since`` and ``until`` are about when the delivery was made; ``until`` is left out."""

    status: Literal["", "pending", "delivered", "failed"] = ""
    event_type: str = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


def endpoint_shape(row: Endpoint) -> dict[str, Any]:
    """An endpoint without what is secret."""
    return {
        "id": row.public_id,
        "organization": encode("org", row.organization_id) if row.organization_id else None,
        "url": row.url,
        "events": row.events,
        "description": row.description,
        "header_names": row.header_names,
        "state": row.state,
        "pause_reason": row.pause_reason or None,
        "failing_since": moment(row.failing_since),
        "previous_secret_until": moment(row.previous_until),
        "key": encode("key", row.key_id) if row.key_id else None,
        "created_at": moment(row.created_at),
    }


def delivery_shape(row: Delivery) -> dict[str, Any]:
    """A delivery as a list has it."""
    return {
        "id": row.public_id,
        "event": row.public_event_id,
        "event_type": row.event_type,
        "synthetic": row.synthetic,
        "status": row.status,
        "attempts": row.attempts,
        "answer_status": row.answer_status,
        "ms": row.tries[-1]["ms"] if row.tries else None,
        "error": row.error,
        "next_at": moment(row.next_at),
        "created_at": moment(row.created_at),
        "ended_at": moment(row.ended_at),
    }


def whole_delivery_shape(endpoint: Endpoint, row: Delivery, *, withheld: bool) -> dict[str, Any]:
    """A delivery with its request, the last answer and all tries; ``withheld`` leaves the two bodies out."""
    answer = {"status": row.answer_status, "body": None if withheld else row.answer_body}
    return {
        **delivery_shape(row),
        "request": {"headers": queries.request_headers(endpoint, row), "body": None if withheld else row.body},
        "answer": answer if row.answer_status is not None else None,
        "tries": row.tries,
        "withheld": withheld,
    }
