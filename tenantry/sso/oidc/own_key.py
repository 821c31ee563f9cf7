"""The public half of the key with which a connection says who it is (``private_key_jwt``), as providers take it. Pure."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwk


def _thumbprints(found: x509.Certificate) -> dict[str, str]:
    der = found.public_bytes(Encoding.DER)
    digests = {"x5t": hashlib.sha1(der, usedforsecurity=False), "x5t#S256": hashlib.sha256(der)}
    return {name: base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode() for name, digest in digests.items()}


def names_of(certificate: str) -> dict[str, str]:
    """How an assertion names its key in the header (RFC 7515 §4.1): ``kid`` as in the list, the thumbprints for who has the certificate."""
    prints = _thumbprints(x509.load_pem_x509_certificate(certificate.encode()))
    return {"kid": prints["x5t#S256"], **prints}


def key_set(certificate: str) -> dict[str, Any]:
    """The JWK set with the key of this certificate (PEM); an empty one where there is none."""
    if not certificate:
        return {"keys": []}
    found = x509.load_pem_x509_certificate(certificate.encode())
    der = base64.b64encode(found.public_bytes(Encoding.DER)).decode()
    key = jwk.RSAKey.import_key(found.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return {"keys": [{**key.as_dict(private=False), **names_of(certificate), "use": "sig", "alg": "RS256", "x5c": [der]}]}
