"""Certificates of identity providers, and key pairs of our own."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from .reasons import refused

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
RSA_BITS = 2048
RSA_BITS_MOST = 16384  # what is larger costs a second per signature
CURVES = ("secp256r1", "secp384r1", "secp521r1")
_TEXT = 20_000  # characters of one certificate
_PEM = re.compile(r"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END (?:X509 |TRUSTED )?CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A parsed certificate. ``fingerprint`` is the SHA-256 of its DER form in hex; ``strength`` reads "RSA 2048"."""

    pem: str
    fingerprint: str
    subject: str
    not_before: datetime
    not_after: datetime
    strength: str
    weakness: str
    key: PublicKey | None = field(repr=False, compare=False)


def read(text: str) -> Certificate:
    """A certificate from PEM, or from the Base64 of its DER form as metadata holds it. Raises ``saml_certificate_unreadable``.

    One that is expired or weak is read too, so that a page can show it; ``check`` refuses it.
    """
    found = _PEM.findall(text[: _TEXT + 1])
    if len(text) > _TEXT or len(found) > 1 or (not found and "-----" in text):
        raise refused("saml_certificate_unreadable")
    try:
        der = base64.b64decode("".join((found[0] if found else text).split()), validate=True)
        return _parsed(der)
    except (ValueError, binascii.Error, UnsupportedAlgorithm, TypeError) as error:
        raise refused("saml_certificate_unreadable") from error


def check(certificate: Certificate, moment: datetime) -> None:
    """Refuse a certificate that is weak, not yet valid or expired at that moment."""
    _strong(certificate)
    _begun(certificate, moment)
    _unexpired(certificate, moment)


def _strong(certificate: Certificate) -> None:
    if certificate.weakness:
        raise refused("saml_certificate_weak", f"This one: {certificate.weakness}.")


def _begun(certificate: Certificate, moment: datetime) -> None:
    if moment < certificate.not_before:
        raise refused("saml_certificate_not_yet_valid", f"It begins on {certificate.not_before:%Y-%m-%d}.")


def _unexpired(certificate: Certificate, moment: datetime) -> None:
    if moment > certificate.not_after:
        raise refused("saml_certificate_expired", f"It ended on {certificate.not_after:%Y-%m-%d}.")


def _parsed(der: bytes) -> Certificate:
    found = x509.load_der_x509_certificate(der)
    try:
        key = found.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    usable = key if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else None
    strength, weakness = _judged(usable)
    try:
        signed_with = found.signature_hash_algorithm
    except UnsupportedAlgorithm:
        signed_with = None
    if isinstance(signed_with, hashes.SHA1 | hashes.MD5):
        weakness = weakness or f"signed with {signed_with.name.upper()}"
    return Certificate(
        pem=found.public_bytes(serialization.Encoding.PEM).decode(),
        fingerprint=found.fingerprint(hashes.SHA256()).hex(),
        subject=_subject(found),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        strength=strength,
        weakness=weakness,
        key=usable,
    )


def _subject(found: x509.Certificate) -> str:
    try:
        return found.subject.rfc4514_string()[:300]
    except ValueError:
        return ""


def _judged(key: PublicKey | None) -> tuple[str, str]:
    if isinstance(key, rsa.RSAPublicKey):
        strength = f"RSA {key.key_size}"
        return strength, "" if RSA_BITS <= key.key_size <= RSA_BITS_MOST else strength
    if isinstance(key, ec.EllipticCurvePublicKey):
        strength = f"EC {key.curve.name}"
        return strength, "" if key.curve.name in CURVES else strength
    return "unknown", "a kind of key other than RSA and elliptic curve"


def make(*, name: str, moment: datetime, days: int = 3650, bits: int = RSA_BITS) -> tuple[str, str]:
    """A new RSA key and a self-signed certificate for it, both PEM; takes some 100 ms. ``name`` becomes the subject's common name."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


@lru_cache(maxsize=256)
def private_key(pem: str) -> rsa.RSAPrivateKey:
    """A key of ours from its PEM text. It comes out of our own sealed store, so it isn't proved again."""
    key = serialization.load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("keys of our own are RSA keys")
    return key


def bare(pem: str) -> str:
    """The Base64 part of a PEM text on one line, as KeyInfo holds it."""
    return "".join(line for line in pem.split("\n") if line and not line.startswith("-----"))
