"""What this room records, and what of it others may hear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ninja import Schema

from tenantry.audit.catalogue import publish, register
from tenantry.kit.ids import encode
from tenantry.kit.schemas import moment

if TYPE_CHECKING:
    from tenantry.audit.models import Event

    from .models import ApiKey

register(
    "access",
    key__created="An API key was made.",
    key__rotated="An API key was replaced by a new one and works on until the overlap is over.",
    key__revoked="An API key was revoked.",
    key__refused="A key was refused that was revoked or has expired, or that came from an address outside its networks.",
    rate_limits__changed="An organization's own rate limits, or how far it may raise them, were changed.",
    permission__registered="The vendor's product registered or changed a permission.",
    permission__withdrawn="The vendor's product withdrew a permission.",
)
register(
    "scim",
    scim_token__refused=(  # noqa: S106  # an event's name, no password
        "A directory's token was refused that was revoked or has expired, or that came from an address outside its networks."
    ),
)


class KeyData(Schema):
    """``prefix`` is the beginning by which a key is told. ``organization`` is null for a key of the whole workspace, and
    ``scopes`` for one that may all that its role may."""

    id: str
    name: str
    prefix: str
    organization: str | None
    scopes: list[str] | None
    expires_at: str | None


class KeyRevoked(KeyData):
    """``reason`` is as somebody gave it, or empty."""

    reason: str


def _data(event: Event, key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.public_id,
        "name": key.name,
        "prefix": key.prefix,
        "organization": encode("org", key.organization_id) if key.organization_id else None,
        "scopes": key.scopes,
        "expires_at": moment(key.expires_at),
    }


def _revoked(event: Event, key: ApiKey) -> dict[str, Any]:
    return {**_data(event, key), "reason": event.reason}


EXAMPLE = {
    "id": "key_01m7c2v9q8e7vbe4wk0k3t5n6z",
    "name": "Zapier",
    "prefix": "tk_live_Qm3xZ7",
    "organization": "org_01m7c2v9q8e7vbe4wk0k3t5n6y",
    "scopes": ["members:read", "webhooks:write"],
    "expires_at": "2027-03-01T00:00:00.000Z",
}
publish(
    "key.created",
    meaning="An API key was made.",
    when="Somebody makes a key, or a key is rotated: then it is the new one.",
    data=KeyData,
    example=EXAMPLE,
    build=_data,
)
publish(
    "key.revoked",
    meaning="An API key was revoked.",
    when="Somebody revokes a key, or its owner may no longer have it. A key that merely expires is not told.",
    data=KeyRevoked,
    example={**EXAMPLE, "reason": "It was in a public repository."},
    build=_revoked,
)
