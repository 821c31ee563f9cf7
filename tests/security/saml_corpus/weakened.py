"""The reader with one check switched off: what each case of the corpus names as ``off``, and how that is done.

A check is switched off by replacing the function that makes it, in a test's own process. The names are those of
``tenantry/sso/saml``; one that is renamed there fails here.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from lxml import etree

from tenantry.sso.saml import bindings, certificates, checks, documents, encryption, names, responses, signatures

from .issuer import DS, MORE, idp_pair

Change = tuple[Any, str, Any]
_asis = {"parser": documents._parser, "signs": signatures.signs, "signer": signatures._signer, "text": documents.text}


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


def _off(module: Any, *functions: str) -> list[Change]:
    return [(module, name, _nothing) for name in functions]


def _open_parser(comments: bool) -> etree.XMLParser:
    """As lxml comes: entities are put in, encodings believed."""
    return etree.XMLParser(resolve_entities=True, remove_comments=comments)


def _hasty_text(element: Any) -> str:
    """What many read: the text up to the first child."""
    return "" if element is None else "".join(element.itertext()).strip()


def _first(element: Any, name: str) -> Any:
    return element.findall(f"{{{DS}}}{name}")[0]


def _any_method(certificate: Any, algorithm: str, value: bytes, signed: bytes) -> bool:
    """Takes what it is told: a shared secret that is no secret, broken hashes, nothing at all."""
    if "hmac" in algorithm:
        kind = algorithm.rpartition("-")[2]
        return hmac.compare_digest(hmac.new(idp_pair().certificate_pem.encode(), signed, kind).digest(), value)
    if algorithm in _asis_methods:
        return _asis["signs"](certificate, algorithm, value, signed)
    return True


_asis_methods = dict(names.SIGNATURE_METHODS)


def _whoever_signed(signature: Any, algorithm: str, signed: bytes, trusted: Any) -> Any:
    """Believes the certificate that the message brings along."""
    return _asis["signer"](signature, algorithm, signed, [certificates.read(next(signature.iter(f"{{{DS}}}X509Certificate")).text)])


def _cbc_without_padding(key: bytes, value: bytes) -> bytes:
    opener = Cipher(algorithms.AES(key), modes.CBC(value[:16])).decryptor()
    return opener.update(value[16:]) + opener.finalize()


def _gcm_without_tag(key: bytes, value: bytes) -> bytes:
    """Counter mode, which GCM is without its tag (SP 800-38D §6.5)."""
    opener = Cipher(algorithms.AES(key), modes.CTR(value[:12] + b"\x00\x00\x00\x02")).decryptor()
    return opener.update(value[12:-16]) + opener.finalize()


def _talkative(tries: Any, algorithm: str, value: bytes, place: Any) -> Any:
    """Tells what is wrong with the text inside: an oracle."""
    key = tries[0]
    plain = encryption._gcm(key, value) if algorithm in names.AES_GCM else encryption._cbc(key, value)
    return documents.parse(plain)  # type: ignore[arg-type]  # None is a wrong padding, and told


def _told(held: Any) -> bool:
    return True


def _with_their_key(wrapped: Any, key: str, size: int) -> bytes:
    scheme = encryption._oaep(wrapped.find(f"{{{names.XENC}}}EncryptionMethod"))
    value = base64.b64decode(wrapped.findtext(f".//{{{names.XENC}}}CipherValue"))
    return bytes(idp_pair().key.decrypt(value, scheme))


def _plain_attributes(assertion: Any) -> dict[str, list[str]]:
    return {}


def _as_it_is(held: Any) -> Any:
    return held


_UNUSUAL = ("", MORE + "none", MORE + "rsa-md5", DS + "rsa-sha1", DS + "hmac-sha1", MORE + "hmac-sha256")
_MORE_METHODS = dict.fromkeys(_UNUSUAL, ("rsa", hashes.SHA256))

# check → what is replaced
WEAKER: dict[str, list[Change]] = {
    "decoding": [(bindings, "decode", lambda value: base64.b64decode(value))],
    "size": [*_off(documents, "_size"), (bindings, "MESSAGE_BYTES", 10**9)],
    "encoding": [*_off(documents, "_utf8", "_doctype"), (documents, "_parser", _open_parser)],
    "well-formed": [(documents, "_parser", lambda comments: etree.XMLParser(recover=True))],
    "document type": [*_off(documents, "_doctype", "_nodes"), (documents, "_parser", _open_parser)],
    "nodes": _off(documents, "_nodes"),
    "comments": _off(documents, "_comment"),
    "namespaces": _off(documents, "_namespaces"),
    "form of IDs": [(documents, "identifier", lambda element: element.get("ID"))],
    "plain text": [(documents, "text", _hasty_text)],
    "kind of message": _off(checks, "is_response"),
    "version": _off(checks, "version"),
    "unique IDs": _off(checks, "unique_ids"),
    "parts of a response": _off(checks, "response_parts"),
    "parts of an assertion": _off(checks, "assertion_parts"),
    "status": _off(checks, "status"),
    "one assertion": _off(checks, "one_assertion"),
    "place of the assertion": _off(checks, "assertion_in_place"),
    "places of signatures": _off(signatures, "places"),
    "signed assertion": [(responses, "unsigned_assertion", _as_it_is)],
    "signed response": _off(responses, "signed_response"),
    "one signature": [(signatures, "own_signature", lambda element: element.find(f"{{{DS}}}Signature"))],
    "place of the signature": _off(signatures, "_place"),
    "parts of a signature": _off(signatures, "_parts"),
    "size of SignedInfo": [(signatures, "_PARTS", 10**9)],
    "one of each": [(signatures, "_child", _first)],
    "reference": _off(signatures, "_reference"),
    "transformations": _off(signatures, "_transforms"),
    "canonicalization": _off(signatures, "_canonicalization"),
    "signature methods": [
        (signatures, "SIGNATURE_METHODS", {**names.SIGNATURE_METHODS, **_MORE_METHODS}), (signatures, "signs", _any_method),
    ],
    "digest methods": [
        (signatures, "DIGEST_METHODS", {**names.DIGEST_METHODS, DS + "sha1": hashes.SHA1, MORE + "md5": hashes.MD5}),
    ],
    "digest": _off(signatures, "_digest"),
    "signature value": [(signatures, "signs", lambda *args: True)],
    "trusted keys": [(signatures, "_signer", _whoever_signed)],
    "certificate": _off(certificates, "check"),
    "some certificate": [(signatures, "_signer", lambda s, a, b, c: _whoever_signed(s, a, b, c))],
    "own keys": _off(encryption, "_some_key"),
    "whose key": [(encryption, "_unwrapped", _with_their_key)],
    "key transport": _off(encryption, "_key_transport"),
    "masks": [(encryption, "OAEP_MASKS", {names.XENC11 + "mgf1md5": hashes.SHA1})],
    "data algorithms": _off(encryption, "_data_algorithm"),
    "one wording": [(encryption, "_first_readable", _talkative), (encryption, "is_authenticated", _told)],
    "padding": [(encryption, "_first_readable", _talkative), (encryption, "_cbc", _cbc_without_padding)],
    "authentication tag": [(encryption, "_gcm", _gcm_without_tag), (encryption, "_first_readable", _talkative)],
    "kind of what was encrypted": _off(checks, "is_assertion"),
    "form of what is encrypted": [(encryption, "_one", lambda element, name: element.find(f"{{{names.XENC}}}{name}")),
        (encryption, "_WRAPPED_KEYS", range(100))],
    "destination": _off(checks, "destination"),
    "response issuer": _off(checks, "response_issuer"),
    "assertion issuer": _off(checks, "assertion_issuer"),
    "InResponseTo": _off(checks, "response_in_response_to", "confirmation_in_response_to"),
    "who asked": _off(checks, "asked_for"),
    "issue instant": _off(checks, "issued"),
    "subject": [(checks, "subject", lambda assertion: assertion.find(f"{{{names.SAML}}}Subject"))],
    "name": [(checks, "name_id", lambda of: of.find(f"{{{names.SAML}}}NameID"))],
    "confirmation": _off(checks, "confirmation"),
    "recipient": _off(checks, "recipient"),
    "begin of the confirmation": _off(checks, "confirmation_begun"),
    "end of the confirmation": _off(checks, "confirmation_unexpired"),
    "conditions": [(checks, "conditions", lambda assertion: assertion.find(f"{{{names.SAML}}}Conditions"))],
    "begin": _off(checks, "begun"),
    "end": _off(checks, "unexpired"),
    "audience": _off(checks, "audience"),
    "statement": [(checks, "authn_statement", lambda assertion, now: assertion.findall(f"{{{names.SAML}}}AuthnStatement")[0])],
    "attributes": [(checks, "attributes", _plain_attributes)],
}  # fmt: skip


def naive(*, first_in_document: bool) -> list[Change]:
    """The two classic mistakes together: "some signature in this document is right", and "the first assertion is the one".

    What is signed is found by its ID wherever it stands, what is read by its name.
    """

    def verified(element: Any, *, certificates: Any, moment: Any) -> bytes:
        root = element.getroottree().getroot()
        signature = next(root.iter(f"{{{DS}}}Signature"))
        signed = signatures._signed_info(signature)
        info = documents.parse(signed)
        algorithm = signatures._child(info, "SignatureMethod").get("Algorithm")
        signatures._signer(signature, algorithm, signed, certificates)
        reference = signatures._child(info, "Reference")
        target = next(one for one in root.iter(etree.Element) if "#" + one.get("ID", "") == reference.get("URI"))
        value = base64.b64decode(signatures._child(reference, "DigestValue").text)
        covered = documents.canonical(target, prefixes=[], without_signature=True)
        signatures._digest(covered, value, signatures._child(reference, "DigestMethod").get("Algorithm"))
        return documents.canonical(element, prefixes=[], without_signature=True)

    found: Callable[[Any], list[Any]] = checks.assertions if first_in_document else lambda root: root.findall(f"{{{names.SAML}}}Assertion")
    return [
        (signatures, "verified", verified),
        (checks, "assertions", found),
        *_off(checks, "one_assertion", "assertion_in_place", "response_parts", "assertion_parts", "unique_ids"),
        *_off(signatures, "places", "_parts"),
    ]
