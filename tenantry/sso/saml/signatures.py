"""XML signatures in the profile of SAML (saml-core-2.0-os §5.4): verified strictly, and written.

What a signature covers is given back as the very bytes that were verified. Whoever reads a message reads those, never the
document they came in, so an element that was moved, wrapped or added gains nothing. Keys come from the connection alone;
the message's own KeyInfo serves to explain a refusal.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from lxml import etree

from ..refused import Refused
from . import certificates as known
from . import documents
from .certificates import Certificate
from .documents import Element
from .names import CANONICAL, DIGEST_METHODS, DS, ENVELOPED, EXC_C14N, RSA_SHA256, SHA256, SIGNATURE_METHODS, ds, saml
from .reasons import refused

_PARTS = 40  # elements of a SignedInfo; ten are usual


def verified(element: Element, *, certificates: Sequence[Certificate], moment: datetime) -> bytes | None:
    """The canonical bytes of an element without its signature, when its signature is right; None when it has none.

    Raises Refused for a signature that is wrong, or not one of SAML's.
    """
    signature = own_signature(element)
    if signature is None:
        return None
    _place(element, signature)
    signed = _signed_info(signature)
    info = documents.parse(signed)
    algorithm = str(_child(info, "SignatureMethod").get("Algorithm", ""))
    _signature_method(algorithm)
    signed_by = _signer(signature, algorithm, signed, certificates)
    known.check(signed_by, moment)
    return _covered(element, info)


def own_signature(element: Element) -> Element | None:
    """The signature that is a child of this element."""
    found = element.findall(ds("Signature"))
    if len(found) > 1:
        raise refused("saml_several_signatures")
    return found[0] if found else None


def places(root: Element, allowed: Sequence[Element]) -> None:
    """Every signature of the document is a child of one of these elements."""
    for signature in root.iter(ds("Signature")):
        if not any(signature.getparent() is element for element in allowed):
            raise refused("saml_signature_misplaced")


def _place(element: Element, signature: Element) -> None:
    """Right behind the Issuer, as the schemas of SAML order it; first where there is no Issuer."""
    before = [node.tag for node in signature.itersiblings(etree.Element, preceding=True)]
    if before not in ([], [saml("Issuer")]) or (not before and element.find(saml("Issuer")) is not None):
        raise refused("saml_signature_misplaced")


def _signed_info(signature: Element) -> bytes:
    """SignedInfo in canonical form: the bytes that the signature value is for, and the only ones it is read from."""
    _parts(signature)
    inside = _child(signature, "SignedInfo")
    if sum(1 for _ in inside.iter()) > _PARTS:  # nobody's signature says yet that this much work is worth doing
        raise refused("saml_signature_malformed")
    method = _child(inside, "CanonicalizationMethod")
    _canonicalization(str(method.get("Algorithm", "")))
    return documents.canonical(inside, prefixes=documents.prefixes_of(method), without_signature=False)


def _parts(signature: Element) -> None:
    names = [
        etree.QName(node).localname if etree.QName(node).namespace == DS else node.tag for node in signature.iterchildren(etree.Element)
    ]
    if "Object" in names:
        raise refused("saml_signature_object")
    if names not in (["SignedInfo", "SignatureValue"], ["SignedInfo", "SignatureValue", "KeyInfo"]):
        raise refused("saml_signature_malformed")


def _child(element: Element, name: str) -> Element:
    found = element.findall(ds(name))
    if len(found) != 1:
        raise refused("saml_signature_reference" if name == "Reference" and found else "saml_signature_malformed")
    return found[0]


def _canonicalization(algorithm: str) -> None:
    if algorithm not in CANONICAL:
        raise refused("saml_canonicalization", algorithm)


def _signature_method(algorithm: str) -> None:
    if algorithm in SIGNATURE_METHODS:
        return
    if "hmac" in algorithm.lower():
        raise refused("saml_signature_hmac", algorithm)
    raise refused("saml_sha1" if "sha1" in algorithm.lower() else "saml_signature_algorithm", algorithm)


def _digest_method(algorithm: str) -> None:
    if algorithm not in DIGEST_METHODS:
        raise refused("saml_sha1" if algorithm.endswith("#sha1") else "saml_digest_algorithm", algorithm)


def _signer(signature: Element, algorithm: str, signed: bytes, certificates: Sequence[Certificate]) -> Certificate:
    """The certificate of the connection whose key made the signature value."""
    if not certificates:
        raise refused("saml_certificate_none")
    value = _base64(documents.text(_child(signature, "SignatureValue")))
    for certificate in latest_first(certificates):
        if signs(certificate, algorithm, value, signed):
            return certificate
    raise _unknown_signer(signature, certificates)


def latest_first(certificates: Sequence[Certificate]) -> list[Certificate]:
    """In the order in which they count: of two for one key, the renewed one."""
    return sorted(certificates, key=lambda certificate: certificate.not_after, reverse=True)


def _base64(value: str) -> bytes:
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise refused("saml_signature_malformed") from error


def signs(certificate: Certificate, algorithm: str, value: bytes, signed: bytes) -> bool:
    """Did this certificate's key make this signature value of these bytes? The algorithm must fit the kind of key."""
    kind, digest = SIGNATURE_METHODS[algorithm]
    key = certificate.key
    try:
        if kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            # r and s one behind the other (RFC 6931 §2.3.6), where the library expects them in DER
            size = (key.key_size + 7) // 8
            if len(value) != 2 * size:
                return False
            pair = utils.encode_dss_signature(int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big"))
            key.verify(pair, signed, ec.ECDSA(digest()))
            return True
        if kind in ("rsa", "pss") and isinstance(key, rsa.RSAPublicKey):
            key.verify(value, signed, _padding(kind, digest), digest())
            return True
    except (InvalidSignature, ValueError):
        return False
    return False


def _padding(kind: str, digest: type[hashes.HashAlgorithm]) -> padding.AsymmetricPadding:
    return padding.PSS(mgf=padding.MGF1(digest()), salt_length=digest().digest_size) if kind == "pss" else padding.PKCS1v15()


def _unknown_signer(signature: Element, certificates: Sequence[Certificate]) -> Refused:
    """Which of two faults it is: the message names a certificate that isn't ours to trust, or the value is simply wrong."""
    trusted = {certificate.fingerprint for certificate in certificates}
    for named in list(signature.iter(ds("X509Certificate")))[:5]:
        try:
            found = known.read("".join(named.itertext()))
        except Refused:
            continue
        if found.fingerprint not in trusted:
            return refused("saml_certificate_unknown", f"Its SHA-256 fingerprint is {found.fingerprint}.")
    return refused("saml_signature_invalid")


def _covered(element: Element, info: Element) -> bytes:
    """The bytes that the one reference covers, after comparing their digest."""
    reference = _child(info, "Reference")
    _reference(reference, element)
    listed = reference.find(ds("Transforms"))
    transforms = list(listed.iterchildren(etree.Element)) if listed is not None else []
    _transforms(transforms)
    method = str(_child(reference, "DigestMethod").get("Algorithm", ""))
    _digest_method(method)
    prefixes = [prefix for transform in transforms for prefix in documents.prefixes_of(transform)]
    found = documents.canonical(element, prefixes=prefixes, without_signature=True)
    _digest(found, _base64(documents.text(_child(reference, "DigestValue"))), method)
    return found


def _reference(reference: Element, element: Element) -> None:
    """It points to the element that holds the signature, by its ID: not to the whole document, another element or another place."""
    if reference.get("URI", "") != "#" + documents.identifier(element):
        raise refused("saml_signature_reference", str(reference.get("URI", "")))


def _transforms(transforms: list[Element]) -> None:
    """Enveloped signature and exclusive canonical form (saml-core §5.4.4), nothing that computes (XPath, XSLT)."""
    names = [str(transform.get("Algorithm", "")) for transform in transforms]
    for transform in transforms:
        inside = [node.tag for node in transform.iterchildren(etree.Element)]
        if transform.tag != ds("Transform") or inside not in ([], [f"{{{EXC_C14N}}}InclusiveNamespaces"]):
            raise refused("saml_transform")
    if len(names) != 2 or names[0] != ENVELOPED or names[1] not in CANONICAL:
        raise refused("saml_transform", " ".join(names))


def _digest(covered: bytes, expected: bytes, method: str) -> None:
    counted = hashes.Hash(DIGEST_METHODS[method]())
    counted.update(covered)
    if not hmac.compare_digest(counted.finalize(), expected):
        raise refused("saml_digest_mismatch")


def sign(element: Element, *, key_pem: str, certificate_pem: str) -> None:
    """Sign an element by its ID with RSA-SHA256: the signature is put behind its Issuer (or first)."""
    covered = documents.canonical(element, prefixes=[], without_signature=True)
    counted = hashes.Hash(hashes.SHA256())
    counted.update(covered)
    signature = etree.Element(ds("Signature"), nsmap={"ds": DS})
    info = etree.SubElement(signature, ds("SignedInfo"))
    etree.SubElement(info, ds("CanonicalizationMethod"), Algorithm=EXC_C14N)
    etree.SubElement(info, ds("SignatureMethod"), Algorithm=RSA_SHA256)
    reference = etree.SubElement(info, ds("Reference"), URI="#" + documents.identifier(element))
    transforms = etree.SubElement(reference, ds("Transforms"))
    etree.SubElement(transforms, ds("Transform"), Algorithm=ENVELOPED)
    etree.SubElement(transforms, ds("Transform"), Algorithm=EXC_C14N)
    etree.SubElement(reference, ds("DigestMethod"), Algorithm=SHA256)
    etree.SubElement(reference, ds("DigestValue")).text = base64.b64encode(counted.finalize()).decode()
    signed = documents.canonical(info, prefixes=[], without_signature=False)
    etree.SubElement(signature, ds("SignatureValue")).text = base64.b64encode(sign_bytes(signed, key_pem)).decode()
    if certificate_pem:
        data = etree.SubElement(etree.SubElement(signature, ds("KeyInfo")), ds("X509Data"))
        etree.SubElement(data, ds("X509Certificate")).text = known.bare(certificate_pem)
    issuer = element.find(saml("Issuer"))
    element.insert(0 if issuer is None else element.index(issuer) + 1, signature)


def sign_bytes(signed: bytes, key_pem: str) -> bytes:
    """An RSA-SHA256 signature value (PKCS #1 v1.5)."""
    return known.private_key(key_pem).sign(signed, padding.PKCS1v15(), hashes.SHA256())
