"""A passkey in software: what a phone or a security key does, with nothing but cryptography (WebAuthn level 3 §6)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator:
    """One credential. ``verifies``: it asks for a fingerprint, too. ``counter`` is what it says of its uses; None: it doesn't count."""

    def __init__(self, origin: str, *, verifies: bool = True, counter: int | None = 0) -> None:
        self.origin, self.site = origin, origin.partition("://")[2].partition(":")[0]
        self.key, self.id = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        self.verifies, self.counter, self.handle = verifies, counter, b""

    def create(self, options: dict[str, Any], **wrong: Any) -> dict[str, Any]:
        """Answer the options of a registration."""
        self.handle = base64.urlsafe_b64decode(options["user"]["id"] + "==")
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        data = self._data(ATTESTED, **wrong) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        answer = {
            "clientDataJSON": text(self._client("webauthn.create", options, **wrong)),
            "attestationObject": text(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            "transports": ["internal"],
        }
        return self._credential(answer)

    def get(self, options: dict[str, Any], **wrong: Any) -> dict[str, Any]:
        """Answer the options of a sign-in."""
        if self.counter is not None:
            self.counter += 1
        client, data = self._client("webauthn.get", options, **wrong), self._data(0, **wrong)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        answer = {"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature)}
        return self._credential({**answer, "userHandle": text(wrong.get("handle", self.handle))})

    def _credential(self, answer: dict[str, Any]) -> dict[str, Any]:
        return {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": answer, "clientExtensionResults": {}}

    def _client(self, kind: str, options: dict[str, Any], **wrong: Any) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | {name: value for name, value in wrong.items() if name in (*said,)}).encode()

    def _data(self, flags: int, **wrong: Any) -> bytes:
        flags |= PRESENT | (VERIFIED if wrong.get("verifies", self.verifies) else 0)
        site = hashlib.sha256(str(wrong.get("site", self.site)).encode()).digest()
        return site + bytes([flags]) + int(wrong.get("counter", self.counter) or 0).to_bytes(4, "big")
