"""Signatures, certificates and encryption that are wrong, weak, of the wrong kind, or only look right."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .case import CRASH, EVIL, NAME, Case, trusting
from .issuer import (
    ACS,
    DS,
    ENVELOPED,
    EXC,
    MORE,
    NOW,
    XENC,
    XENC11,
    Pair,
    Said,
    Signing,
    ec_pair,
    encrypt,
    good,
    idp_pair,
    other_pair,
    pair,
    parse,
    sign,
    signed_response,
    text_of,
)  # fmt: skip

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
XPATH = '<ds:XPath xmlns:ds="http://www.w3.org/2000/09/xmldsig#">not(ancestor-or-self::*[local-name()="NameID"])</ds:XPath>'
XSLT = '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"/>'


def _signed(how: Signing, **changes: object) -> str:
    said = Said(**changes)  # type: ignore[arg-type]  # any of its fields
    return said.response(sign(said.assertion(), how))


def _evil(text: str) -> str:
    """The name changed after signing."""
    return text.replace(f"<saml:NameID>{NAME}<", f"<saml:NameID>{EVIL}<")


def _key_value() -> str:
    """The stranger's bare key in KeyInfo, for readers that verify with whatever comes along."""
    inside = "<ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
    return f"<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue>{inside}</ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"


def _borrowed() -> str:
    """The stranger's signature beside the provider's certificate."""
    shown = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{idp_pair().bare}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    return _signed(Signing(by=other_pair(), key_info=shown))


def _two_signatures() -> str:
    text = good()
    start, end = text.index("<ds:Signature "), text.index("</ds:Signature>") + len("</ds:Signature>")
    return text[:end] + text[start:end] + text[end:]


def _signature_last() -> str:
    root = parse(good())
    held = root.find("{urn:oasis:names:tc:SAML:2.0:assertion}Assertion")
    held.append(held.find(f"{{{DS}}}Signature"))
    return text_of(root)


def _two_infos() -> str:
    """The signed SignedInfo, and before it another one (CVE-2025-29774 of another library)."""
    text = good()
    start, end = text.index("<ds:SignedInfo"), text.index("</ds:SignedInfo>") + len("</ds:SignedInfo>")
    return text[:end] + text[start:end] + text[end:]


def _large_info() -> str:
    return good().replace("<ds:SignedInfo>", "<ds:SignedInfo>" + "<ds:Reference/>" * 100, 1)


def _wrong_value() -> str:
    text = good()
    at = text.index("<ds:SignatureValue>") + len("<ds:SignatureValue>")
    return text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :]


def _envelope_changed() -> str:
    return signed_response(in_response_to="_other").replace('InResponseTo="_other"', 'InResponseTo="_request1"', 1)


@lru_cache
def _expired() -> Pair:
    return pair(idp_pair().key, begins=NOW - timedelta(days=90), ends=NOW - timedelta(days=1))


@lru_cache
def _early() -> Pair:
    return pair(idp_pair().key, begins=NOW + timedelta(days=1))


@lru_cache
def _small() -> Pair:
    return pair(rsa.generate_private_key(public_exponent=65537, key_size=1024))


@lru_cache
def _unusual() -> Pair:
    return pair(ec.generate_private_key(ec.SECP192R1()))


def _method(name: str) -> Case:
    code = "saml_signature_hmac" if "hmac" in name else "saml_sha1" if "sha1" in name else "saml_signature_algorithm"
    return Case(f"signature method {name.rpartition('#')[2] or 'empty'}", code, lambda: _signed(Signing(method=name)), "signature methods")


SIGNATURES = [
    Case("assertion not signed", "saml_assertion_unsigned", lambda: Said().response(Said().assertion()), "signed assertion"),
    Case("response signed, assertion not", "saml_assertion_unsigned",
        lambda: sign(Said().response(Said().assertion())), "signed assertion"),
    Case("response not signed", "saml_response_unsigned", good, "signed response", idp={"require_signed_response": True}),
    Case("name changed", "saml_digest_mismatch", lambda: _evil(good()), "digest", named=EVIL),
    Case("envelope changed", "saml_digest_mismatch", _envelope_changed, "digest"),
    Case("value changed", "saml_signature_invalid", _wrong_value, "signature value"),
    Case("two signatures", "saml_several_signatures", _two_signatures, "one signature"),
    Case("signature at the end", "saml_signature_misplaced", _signature_last, "place of the signature"),
    Case("two SignedInfo", "saml_signature_malformed", _two_infos, "parts of a signature", "saml_signature_malformed"),
    Case("endless SignedInfo", "saml_signature_malformed", _large_info, "size of SignedInfo", "saml_signature_invalid"),
    Case("something in the signature", "saml_signature_malformed",
        lambda: _signed(Signing(objects=f'<x xmlns="urn:x">{NAME}</x>')), "parts of a signature"),
    Case("object in the signature", "saml_signature_object", lambda: _signed(Signing(objects="<ds:Object/>")), "parts of a signature"),
    Case("two references", "saml_signature_reference", lambda: _signed(Signing(references=2)), "one of each"),
    Case("no reference", "saml_signature_malformed", lambda: _signed(Signing(references=0)), "one of each", CRASH),
    Case("reference to the whole document", "saml_signature_reference", lambda: _signed(Signing(uri="")), "reference"),
    Case("reference to the response", "saml_signature_reference", lambda: _signed(Signing(uri="#_response1")), "reference"),
    Case("reference by XPointer", "saml_signature_reference",
        lambda: _signed(Signing(uri="#xpointer(id('_assertion1'))")), "reference"),
    Case("reference to elsewhere", "saml_signature_reference",
        lambda: _signed(Signing(uri="https://evil.example/#_assertion1")), "reference"),
    Case("XPath", "saml_transform",
        lambda: _signed(Signing(transforms=("http://www.w3.org/TR/1999/REC-xpath-19991116", ENVELOPED, EXC), inside_transform=XPATH)),
        "transformations"),
    Case("XSLT", "saml_transform",
        lambda: _signed(Signing(transforms=(ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116", EXC), inside_transform=XSLT)),
        "transformations"),
    Case("XPath inside an allowed one", "saml_transform", lambda: _signed(Signing(inside_transform=XPATH)), "transformations"),
    Case("Base64 transformation", "saml_transform", lambda: _signed(Signing(transforms=(ENVELOPED, DS + "base64"))), "transformations"),
    Case("no canonical form", "saml_transform", lambda: _signed(Signing(transforms=(ENVELOPED,))), "transformations"),
    Case("inclusive canonical form", "saml_transform",
        lambda: _signed(Signing(transforms=(ENVELOPED, C14N))), "transformations", "saml_digest_mismatch"),
    Case("not enveloped", "saml_transform", lambda: _signed(Signing(transforms=(EXC,))), "transformations"),
    Case("the wrong way round", "saml_transform", lambda: _signed(Signing(transforms=(EXC, ENVELOPED))), "transformations"),
    Case("SignedInfo in inclusive form", "saml_canonicalization", lambda: _signed(Signing(canonicalization=C14N)), "canonicalization"),
    _method(MORE + "hmac-sha256"),
    _method(DS + "hmac-sha1"),
    _method(DS + "rsa-sha1"),
    _method(MORE + "rsa-md5"),
    _method(MORE + "none"),
    _method(""),
    Case("digest SHA-1", "saml_sha1", lambda: _signed(Signing(digest=DS + "sha1")), "digest methods"),
    Case("digest MD5", "saml_digest_algorithm", lambda: _signed(Signing(digest=MORE + "md5")), "digest methods"),
    Case("method of another kind of key", "saml_signature_invalid",
        lambda: _signed(Signing(method=MORE + "ecdsa-sha256", by=ec_pair(), key_info="")), "signature value"),
    Case("a stranger's certificate", "saml_certificate_unknown", lambda: _signed(Signing(by=other_pair())), "trusted keys"),
    Case("a stranger's key in KeyInfo", "saml_signature_invalid",
        lambda: _signed(Signing(by=other_pair(), key_info=_key_value())), "signature value"),
    Case("a stranger with the provider's certificate", "saml_signature_invalid", _borrowed, "signature value"),
    Case("certificate expired", "saml_certificate_expired", good, "certificate", idp=trusting(_expired().certificate_pem)),
    Case("certificate not yet valid", "saml_certificate_not_yet_valid", good, "certificate", idp=trusting(_early().certificate_pem)),
    Case("RSA 1024", "saml_certificate_weak", lambda: _signed(Signing(by=_small())), "certificate",
        idp=trusting(_small().certificate_pem)),
    Case("no certificate", "saml_certificate_none", good, "some certificate", idp={"certificates": ()}),
]  # fmt: skip


def _sealed(**how: object) -> str:
    said = Said()
    return said.response(encrypt(sign(said.assertion()), other_pair(), **how))  # type: ignore[arg-type]  # texts and a flag


def _of_anybody(**how: object) -> str:
    """What everybody can encrypt with our public key: an assertion that nobody signed."""
    said = Said(name_id=f"<saml:NameID>{EVIL}</saml:NameID>")
    return said.response(encrypt(said.assertion(), other_pair(), **how))  # type: ignore[arg-type]  # texts and a flag


def _two_sealed() -> str:
    said = Said()
    return said.response(encrypt(sign(said.assertion()), other_pair()) * 2)


def _with(inside: str) -> str:
    return Said().response(encrypt(inside, other_pair()))


def flipped(block: int, *, data: str = XENC + "aes256-cbc", position: int = 0, by: int = 1) -> str:
    """The ciphertext with one bit changed: what a padding oracle is asked."""
    import base64

    text = _sealed(data=data)
    at = text.rindex("<xenc:CipherValue>") + len("<xenc:CipherValue>")
    end = text.rindex("</xenc:CipherValue>")
    value = bytearray(base64.b64decode(text[at:end]))
    value[block * 16 + position] ^= by
    return text[:at] + base64.b64encode(bytes(value)).decode() + text[end:]


def _exchanged() -> str:
    """A signed response in which another encrypted assertion, of somebody whom the provider let in too, takes the place of its own."""
    other = Said(name_id=f"<saml:NameID>{EVIL}</saml:NameID>")
    root, box = parse(sign(_sealed())), parse(encrypt(sign(other.assertion()), other_pair()))
    root.replace(root.find(box.tag), box)
    return text_of(root)


_CBC = XENC + "aes256-cbc"
_VALUE = '<saml:Attribute Name="a"><saml:AttributeValue>{}</saml:AttributeValue></saml:Attribute>'


def _wrapped(times: int) -> str:
    """The wrapped key so many times."""
    text = _sealed(beside=True)
    start, end = text.index("<xenc:EncryptedKey"), text.index("</xenc:EncryptedKey>") + len("</xenc:EncryptedKey>")
    return text[:start] + text[start:end] * times + text[end:]


ENCRYPTION = [
    Case("encrypted, no key of ours", "saml_encryption_no_key", _sealed, "own keys", "saml_decryption_failed", sp={"decryption_keys": ()}),
    Case("encrypted for somebody else", "saml_decryption_failed",
        lambda: Said().response(encrypt(sign(Said().assertion()), idp_pair())), "whose key"),
    Case("RSA with PKCS 1.5", "saml_key_transport", lambda: _sealed(transport=XENC + "rsa-1_5"), "key transport", "saml_decryption_failed"),
    Case("unknown mask", "saml_key_transport", lambda: _sealed(transport=XENC11 + "rsa-oaep", mask=XENC11 + "mgf1md5"), "masks"),
    Case("Triple DES", "saml_encryption_algorithm", lambda: _sealed(data=XENC + "tripledes-cbc"), "data algorithms", CRASH),
    Case("encrypted by anybody", "saml_assertion_unsigned", _of_anybody, "signed assertion", named=EVIL),
    Case("encrypted by anybody, CBC", "saml_decryption_failed", lambda: _of_anybody(data=_CBC), "signed assertion", named=EVIL),
    Case("CBC with a changed first block", "saml_decryption_failed", lambda: flipped(0), "one wording", "saml_malformed"),
    Case("CBC with a changed padding", "saml_decryption_failed", lambda: flipped(-2, position=15, by=0x80), "padding", "saml_encoding"),
    Case("CBC with another name inside", "saml_decryption_failed",
        lambda: Said().response(encrypt(_evil(sign(Said().assertion())), other_pair(), data=_CBC)), "one wording", "saml_digest_mismatch"),
    Case("another encrypted assertion in a signed response", "saml_digest_mismatch", _exchanged, "digest", named=EVIL),
    Case("GCM changed", "saml_decryption_failed",
        lambda: flipped(5, data=XENC11 + "aes256-gcm"), "authentication tag", "saml_malformed"),
    Case("two encrypted assertions", "saml_several_assertions", _two_sealed, "one assertion"),
    Case("encrypted something else", "saml_no_assertion", lambda: _with("<x/>"), "kind of what was encrypted", "saml_no_assertion"),
    Case("encrypted two assertions", "saml_several_assertions",
        lambda: _with(sign(Said().assertion()).replace("</saml:Assertion>", Said(assertion_id="_2").assertion() + "</saml:Assertion>")),
        "one assertion", "saml_digest_mismatch"),
    Case("encrypted twice", "saml_no_assertion",
        lambda: _with(encrypt(sign(Said().assertion()), other_pair())), "kind of what was encrypted", "saml_assertion_unsigned"),
    Case("encrypted by reference", "saml_encryption_malformed",
        lambda: _sealed().replace("CipherValue>", "CipherReference>"), "form of what is encrypted",
        "saml_decryption_failed"),
    Case("nine wrapped keys", "saml_encryption_malformed",
        lambda: _wrapped(9), "form of what is encrypted"),
    Case("no wrapped key", "saml_encryption_malformed", lambda: _wrapped(0), "form of what is encrypted", "saml_decryption_failed"),
    Case("one ID for two inside", "saml_duplicate_id",
        lambda: _with(sign(Said(attributes=_VALUE.format('<x xmlns="urn:x" ID="_assertion1"/>')).assertion())), "unique IDs"),
    Case("a signature elsewhere inside", "saml_signature_misplaced",
        lambda: _with(sign(Said(attributes=_VALUE.format(f'<ds:Signature xmlns:ds="{DS}"/>')).assertion())), "places of signatures"),
]  # fmt: skip
assert ACS
