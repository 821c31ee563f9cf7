"""How messages travel: a form field (HTTP-POST) or an address (HTTP-Redirect); saml-bindings-2.0-os §3.4 and §3.5."""

from __future__ import annotations

import base64
import binascii
import secrets
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote_plus, unquote_plus, urlsplit

from lxml import etree

from . import certificates as known
from . import documents, signatures
from .certificates import Certificate
from .documents import MESSAGE_BYTES, Element
from .names import DEFLATE, POST, REDIRECT, RSA_SHA256, SIGNATURE_METHODS
from .reasons import refused

_REDIRECT_NAMES = ("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding")


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came: ``binding``, the field it came in, its XML, and for a redirect what its signature covers."""

    binding: str
    name: str  # SAMLRequest or SAMLResponse
    xml: bytes
    relay_state: str = ""
    signed: bytes = b""
    algorithm: str = ""
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Form:
    """What a browser shall post: hidden fields for this address."""

    url: str
    fields: dict[str, str]


def decode(value: str) -> bytes:
    """The XML of a form field. The cap holds for the encoded text and for what comes out."""
    if not value or not value.strip():
        raise refused("saml_missing")
    if len(value) > MESSAGE_BYTES * 4 // 3 + 8192:  # Base64, and its line ends
        raise refused("saml_too_large")
    try:
        data = base64.b64decode("".join(value.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise refused("saml_encoding") from error
    if len(data) > MESSAGE_BYTES:
        raise refused("saml_too_large")
    return data


def from_form(fields: Mapping[str, str]) -> Received:
    """A message from a posted form: ``SAMLRequest`` or ``SAMLResponse``, not both."""
    names = [name for name in ("SAMLRequest", "SAMLResponse") if fields.get(name)]
    if len(names) != 1:
        raise refused("saml_missing" if not names else "saml_query")
    return Received(POST, names[0], decode(fields[names[0]]), relay_state=fields.get("RelayState", ""))


def from_query(query: str) -> Received:
    """A message from the query of an address, as it came: the signature is for the text in its original escapes."""
    if len(query) > MESSAGE_BYTES * 2:
        raise refused("saml_too_large")
    raw: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name in _REDIRECT_NAMES:
            if name in raw:
                raise refused("saml_query")
            raw[name] = value
    names = [name for name in ("SAMLRequest", "SAMLResponse") if raw.get(name)]
    if len(names) != 1:
        raise refused("saml_missing" if not names else "saml_query")
    if unquote_plus(raw.get("SAMLEncoding", DEFLATE)) != DEFLATE:
        raise refused("saml_encoding")
    covered = [names[0], *(name for name in ("RelayState", "SigAlg") if name in raw)]
    return Received(
        REDIRECT,
        names[0],
        _inflated(decode(unquote_plus(raw[names[0]]))),
        relay_state=unquote_plus(raw.get("RelayState", "")),
        signed="&".join(f"{name}={raw[name]}" for name in covered).encode(),
        algorithm=unquote_plus(raw.get("SigAlg", "")),
        signature=decode(unquote_plus(raw["Signature"])) if raw.get("Signature") else b"",
    )


def _inflated(data: bytes) -> bytes:
    """Raw DEFLATE (RFC 1951), never more than the cap: a kilobyte can hold a megabyte."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = stream.decompress(data, MESSAGE_BYTES + 1)
    except zlib.error as error:
        raise refused("saml_encoding") from error
    if len(found) > MESSAGE_BYTES:
        raise refused("saml_too_large")
    if not stream.eof:
        raise refused("saml_encoding")
    return found


def address(url: str, name: str, message: Element, *, relay_state: str, key_pem: str) -> str:
    """The redirect that carries a message; signed where a key is given (saml-bindings §3.4.4.1)."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = packed.compress(etree.tostring(message, encoding="UTF-8")) + packed.flush()
    parts = [(name, base64.b64encode(data).decode())]
    if relay_state:
        parts.append(("RelayState", relay_state))
    if key_pem:
        parts.append(("SigAlg", RSA_SHA256))
    query = "&".join(f"{key}={quote_plus(value)}" for key, value in parts)
    if key_pem:
        query += "&Signature=" + quote_plus(base64.b64encode(signatures.sign_bytes(query.encode(), key_pem)).decode())
    return f"{url}{'&' if urlsplit(url).query else '?'}{query}"


def form(url: str, name: str, message: Element, *, relay_state: str, key_pem: str, certificate_pem: str) -> Form:
    """The form that carries a message; signed inside where a key is given."""
    if key_pem:
        signatures.sign(message, key_pem=key_pem, certificate_pem=certificate_pem)
    fields = {name: base64.b64encode(etree.tostring(message, encoding="UTF-8")).decode()}
    return Form(url, {**fields, "RelayState": relay_state} if relay_state else fields)


def opened(received: Received, *, certificates: Sequence[Certificate], moment: datetime, unsigned: str) -> Element:
    """The message, when its signature is right: that of the address, or the one inside. Without one: refused with the code ``unsigned``.

    Only signed bytes are given back. With ``unsigned=""`` a message without a signature is accepted.
    """
    document = documents.parse(received.xml)
    if received.binding == POST:
        signatures.places(document, [document])
        covered = signatures.verified(document, certificates=certificates, moment=moment)
        if covered is None and unsigned:
            raise refused(unsigned)
        return document if covered is None else documents.parse(covered)
    if not received.signature:
        if unsigned:
            raise refused(unsigned)
        return document
    _signed_address(received, certificates, moment)
    return document


def _signed_address(received: Received, certificates: Sequence[Certificate], moment: datetime) -> None:
    if received.algorithm not in SIGNATURE_METHODS:
        kind = received.algorithm.lower()
        code = "saml_signature_hmac" if "hmac" in kind else "saml_sha1" if "sha1" in kind else "saml_signature_algorithm"
        raise refused(code, received.algorithm)
    if not certificates:
        raise refused("saml_certificate_none")
    for certificate in signatures.latest_first(certificates):
        if signatures.signs(certificate, received.algorithm, received.signature, received.signed):
            known.check(certificate, moment)
            return
    raise refused("saml_signature_invalid")


def new_id() -> str:
    """An ID that nobody can guess: 160 random bits behind an underscore, as an NCName may not begin with a digit."""
    return "_" + secrets.token_hex(20)
