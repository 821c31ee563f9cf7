"""The signatures that are accepted, and what key and hash each goes with (RFC 7518 §3.1, RFC 8037 §3.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple


class Algorithm(NamedTuple):
    """``curve`` is empty where the key has none; ``digest`` is the hash of ``at_hash`` (OpenID Connect Core §3.1.3.6)."""

    key_type: str
    curve: str
    digest: Callable[..., Any]


# Never "none", and never HS…: with those the key that checks is the key that signs, and a public key has been taken for it.
ACCEPTED: dict[str, Algorithm] = {
    "RS256": Algorithm("RSA", "", hashlib.sha256),
    "RS384": Algorithm("RSA", "", hashlib.sha384),
    "RS512": Algorithm("RSA", "", hashlib.sha512),
    "PS256": Algorithm("RSA", "", hashlib.sha256),
    "PS384": Algorithm("RSA", "", hashlib.sha384),
    "PS512": Algorithm("RSA", "", hashlib.sha512),
    "ES256": Algorithm("EC", "P-256", hashlib.sha256),
    "ES384": Algorithm("EC", "P-384", hashlib.sha384),
    "ES512": Algorithm("EC", "P-521", hashlib.sha512),
    "EdDSA": Algorithm("OKP", "Ed25519", hashlib.sha512),
}
