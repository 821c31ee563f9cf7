"""An endpoint's secrets under seal: what signs, and the headers that its owner added."""

from __future__ import annotations

import json
from uuid import UUID

from django.conf import settings

from tenantry.kit import crypto


def close(endpoint_id: UUID, plain: str) -> bytes:
    """Seal a text so that it opens for this endpoint alone."""
    return crypto.seal(plain.encode(), keys=settings.SECRETS_KEYS, context=f"webhook {endpoint_id}")


def open_box(endpoint_id: UUID, sealed: bytes | memoryview) -> str:
    """The text. Raises ``crypto.Unreadable``."""
    return crypto.unseal(bytes(sealed), keys=settings.SECRETS_KEYS, context=f"webhook {endpoint_id}").decode()


def close_headers(endpoint_id: UUID, headers: dict[str, str]) -> bytes | None:
    """Seal an endpoint's own headers; None when there are none."""
    return close(endpoint_id, json.dumps(headers)) if headers else None


def open_headers(endpoint_id: UUID, sealed: bytes | memoryview | None) -> dict[str, str]:
    """An endpoint's own headers."""
    found: dict[str, str] = json.loads(open_box(endpoint_id, sealed)) if sealed else {}
    return found
