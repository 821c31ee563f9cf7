"""Encrypted assertions (XML Encryption 1.1 in the profile of saml-core-2.0-os §6): RSA-OAEP around AES.

AES-GCM notices what was changed. AES-CBC doesn't, and a service that tells a wrong padding from a wrong element decrypts for
whoever asks often enough (Jager and Somorovsky, "How to break XML encryption", CCS 2011). So everything that goes wrong from
unwrapping the key up to the assertion's own signature is one refusal in one wording (``responses`` sees to the last part),
and RSA with PKCS #1 v1.5 padding, which has the same weakness, is not known here.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..refused import Refused
from . import certificates, documents
from .documents import Element
from .names import AES_CBC, AES_GCM, OAEP_DIGESTS, OAEP_MASKS, RSA_OAEP, RSA_OAEP_MGF1P, XENC11, ds, xenc
from .reasons import refused

_WRAPPED_KEYS = range(1, 9)  # a provider may wrap the key for several certificates of ours


def opened(encrypted: Element, *, keys: Sequence[str]) -> Element:
    """The element inside an ``EncryptedAssertion``, a document of its own. ``keys`` are PEM texts, tried in their order."""
    _some_key(keys)
    data = _one(encrypted, "EncryptedData")
    algorithm = _method(data)
    _data_algorithm(algorithm)
    size = AES_GCM.get(algorithm) or AES_CBC[algorithm]
    wrapped = _wrapped_keys(encrypted, data)
    value = _value(data)
    tries = [_unwrapped(one, key, size) for one in wrapped for key in keys]
    return _first_readable(tries, algorithm, value, encrypted)


def _some_key(keys: Sequence[str]) -> None:
    if not keys:
        raise refused("saml_encryption_no_key")


def is_authenticated(encrypted: Element) -> bool:
    """Does the encryption itself notice changes (AES-GCM)?"""
    return _method(_one(encrypted, "EncryptedData")) in AES_GCM


def _data_algorithm(algorithm: str) -> None:
    if algorithm not in AES_GCM and algorithm not in AES_CBC:
        raise refused("saml_encryption_algorithm", algorithm)


def _one(element: Element, name: str) -> Element:
    found = element.findall(xenc(name))
    if len(found) != 1:
        raise refused("saml_encryption_malformed")
    return found[0]


def _method(element: Element) -> str:
    return str(_one(element, "EncryptionMethod").get("Algorithm", ""))


def _value(element: Element) -> bytes:
    """The inline value: a reference to somewhere else is never followed."""
    try:
        return base64.b64decode("".join(documents.text(_one(_one(element, "CipherData"), "CipherValue")).split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise refused("saml_encryption_malformed") from error


def _wrapped_keys(encrypted: Element, data: Element) -> list[Element]:
    """The wrapped keys: inside the data's KeyInfo, or beside the data (saml-core §6.1 knows both)."""
    found = [*data.findall(f"{ds('KeyInfo')}/{xenc('EncryptedKey')}"), *encrypted.findall(xenc("EncryptedKey"))]
    if len(found) not in _WRAPPED_KEYS:
        raise refused("saml_encryption_malformed")
    return found


def _unwrapped(wrapped: Element, key: str, size: int) -> bytes:
    """The data's key; random bytes in its place when it can't be unwrapped, so that both take the same way from here on."""
    scheme = _oaep(_one(wrapped, "EncryptionMethod"))
    value = _value(wrapped)
    try:
        found = certificates.private_key(key).decrypt(value, scheme)
    except ValueError:
        return os.urandom(size)
    return found if len(found) == size else os.urandom(size)


def _oaep(method: Element) -> padding.OAEP:
    algorithm = str(method.get("Algorithm", ""))
    _key_transport(algorithm)
    digest = method.find(ds("DigestMethod"))
    mask = method.find(f"{{{XENC11}}}MGF")
    label = documents.text(method.find(xenc("OAEPparams")))
    found = OAEP_DIGESTS.get(str(digest.get("Algorithm", ""))) if digest is not None else hashes.SHA1
    masked: type[hashes.HashAlgorithm] | None = hashes.SHA1
    if algorithm == RSA_OAEP and mask is not None:
        masked = OAEP_MASKS.get(str(mask.get("Algorithm", "")))
    if found is None or masked is None:
        raise refused("saml_key_transport")
    try:
        return padding.OAEP(mgf=padding.MGF1(masked()), algorithm=found(), label=base64.b64decode(label, validate=True) or None)
    except (ValueError, binascii.Error) as error:
        raise refused("saml_encryption_malformed") from error


def _key_transport(algorithm: str) -> None:
    if algorithm not in (RSA_OAEP, RSA_OAEP_MGF1P):
        raise refused("saml_key_transport", algorithm)


def _first_readable(tries: Sequence[bytes], algorithm: str, value: bytes, place: Element) -> Element:
    """The first key under which the value is one XML element."""
    for key in tries:
        plain = _gcm(key, value) if algorithm in AES_GCM else _cbc(key, value)
        if plain is None:
            continue
        try:
            return documents.parse_within(plain, place)
        except Refused:  # what is wrong with it is not told
            continue
    raise refused("saml_decryption_failed")


def _gcm(key: bytes, value: bytes) -> bytes | None:
    """96 bits of nonce, the text, 128 bits of tag (XML Encryption 1.1 §5.2.4)."""
    try:
        return AESGCM(key).decrypt(value[:12], value[12:], None)
    except (InvalidTag, ValueError):
        return None


def _cbc(key: bytes, value: bytes) -> bytes | None:
    """A block of nonce, the text, and a padding whose last byte is its length (XML Encryption 1.1 §5.2.1, §5.2.2)."""
    if len(value) < 32 or len(value) % 16:
        return None
    opener = Cipher(algorithms.AES(key), modes.CBC(value[:16])).decryptor()
    plain = opener.update(value[16:]) + opener.finalize()
    return plain[: -plain[-1]] if 1 <= plain[-1] <= 16 else None
