"""Signatures that receivers check with libraries they have already.

* ``Tenantry-Signature: t=<unix>,v1=<hex>``: HMAC-SHA256 over ``<t>.<body>`` with the whole secret as key, as Stripe signs
  (https://docs.stripe.com/webhooks#verify-manually), so ``stripe.WebhookSignature.verify_header`` accepts it.
* ``webhook-id``, ``webhook-timestamp``, ``webhook-signature: v1,<base64>``: HMAC-SHA256 over ``<id>.<t>.<body>`` with the
  decoded secret as key: Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks).

While a replaced secret is still good, both secrets sign.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from datetime import timedelta

PREFIX = "whsec_"
# How old a signature may be before a receiver should take it for a replay: what both libraries do by default.
REPLAY_WINDOW = timedelta(minutes=5)
# How long a replaced secret goes on signing beside the new one.
OVERLAP = timedelta(hours=24)


def new_secret() -> str:
    """``whsec_`` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(os.urandom(32)).decode()


def headers(*, event_id: str, body: bytes, secrets: Sequence[str], timestamp: int) -> dict[str, str]:
    """The signature headers of one delivery; ``secrets`` newest first, ``timestamp`` in Unix seconds."""
    moment = str(timestamp).encode()
    ours = [_mac(secret.encode(), moment + b"." + body).hex() for secret in secrets]
    standard = [
        base64.b64encode(_mac(base64.b64decode(secret.removeprefix(PREFIX)), event_id.encode() + b"." + moment + b"." + body)).decode()
        for secret in secrets
    ]
    return {
        "Tenantry-Signature": ",".join([f"t={timestamp}", *(f"v1={mac}" for mac in ours)]),
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{mac}" for mac in standard),
    }


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()
