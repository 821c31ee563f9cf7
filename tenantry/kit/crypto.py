"""Secrets: bearer tokens (kept as a digest) and sealed values (kept encrypted).

A token is 256 random bits; its SHA-256 is what is stored, so a stolen table opens nothing.
A sealed value is AES-256-GCM (NIST SP 800-38D) under a key derived from ``TENANTRY_SECRETS_KEY`` and
bound to a context string, so that a ciphertext copied to another column or row does not open there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"


class Unreadable(Exception):
    """A sealed value that none of the configured keys opens, or that belongs to another context."""


def new_token() -> str:
    """256 random bits, URL-safe, 43 characters."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """The SHA-256 under which a token is stored and looked up."""
    return hashlib.sha256(token.encode()).digest()


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def derive(master: str, purpose: str) -> bytes:
    """A 32-byte key for one purpose from a master secret (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(master.encode())


def seal(plain: bytes, *, keys: list[str], context: str) -> bytes:
    """Encrypt under the first (newest) key. ``keys`` are master secrets, newest first."""
    nonce = os.urandom(12)
    box = AESGCM(derive(keys[0], "seal")).encrypt(nonce, plain, context.encode())
    return _VERSION + nonce + box


def unseal(sealed: bytes, *, keys: list[str], context: str) -> bytes:
    """Decrypt with whichever of the keys fits. Raises Unreadable."""
    if sealed[:1] != _VERSION or len(sealed) < 29:  # version, nonce, tag
        raise Unreadable("unknown version of a sealed value, or one that was cut off")
    for key in keys:
        try:
            return AESGCM(derive(key, "seal")).decrypt(sealed[1:13], sealed[13:], context.encode())
        except InvalidTag:
            continue
    raise Unreadable("no configured key opens this value")


def checksum(text: str) -> str:
    """Six characters that tell a mistyped or truncated key from a wrong one, without the database."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest())[:6].decode().lower()
