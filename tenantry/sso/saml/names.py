"""Namespaces and algorithm identifiers, and the lists of those that are accepted.

Sources: saml-core-2.0-os, saml-bindings-2.0-os, saml-metadata-2.0-os; XML Signature 1.1; XML Encryption 1.1; RFC 6931, RFC 9231.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
BINDINGS = {"redirect": REDIRECT, "post": POST}  # as people choose them
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
UNSPECIFIED_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
PERSISTENT_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
DEFLATE = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

ENVELOPED = DS + "enveloped-signature"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
# Exclusive only: inclusive canonical form takes namespaces of the surroundings into what was signed.
CANONICAL = frozenset({EXC_C14N, EXC_C14N + "WithComments"})

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_PSS = "http://www.w3.org/2007/05/xmldsig-more#"
RSA_SHA256 = _MORE + "rsa-sha256"
# identifier → (kind of signature, hash)
SIGNATURE_METHODS: dict[str, tuple[str, type[hashes.HashAlgorithm]]] = {
    RSA_SHA256: ("rsa", hashes.SHA256),
    _MORE + "rsa-sha384": ("rsa", hashes.SHA384),
    _MORE + "rsa-sha512": ("rsa", hashes.SHA512),
    _PSS + "sha256-rsa-MGF1": ("pss", hashes.SHA256),
    _PSS + "sha384-rsa-MGF1": ("pss", hashes.SHA384),
    _PSS + "sha512-rsa-MGF1": ("pss", hashes.SHA512),
    _MORE + "ecdsa-sha256": ("ecdsa", hashes.SHA256),
    _MORE + "ecdsa-sha384": ("ecdsa", hashes.SHA384),
    _MORE + "ecdsa-sha512": ("ecdsa", hashes.SHA512),
}
SHA256 = XENC + "sha256"
DIGEST_METHODS: dict[str, type[hashes.HashAlgorithm]] = {
    SHA256: hashes.SHA256,
    _MORE + "sha384": hashes.SHA384,
    XENC + "sha512": hashes.SHA512,
}

RSA_OAEP_MGF1P = XENC + "rsa-oaep-mgf1p"
RSA_OAEP = XENC11 + "rsa-oaep"
# SHA-1 stays allowed inside OAEP, where collisions don't matter and where most providers send nothing else.
OAEP_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {DS + "sha1": hashes.SHA1, **DIGEST_METHODS}
OAEP_MASKS: dict[str, type[hashes.HashAlgorithm]] = {
    XENC11 + "mgf1sha1": hashes.SHA1,
    XENC11 + "mgf1sha256": hashes.SHA256,
    XENC11 + "mgf1sha384": hashes.SHA384,
    XENC11 + "mgf1sha512": hashes.SHA512,
}
AES_GCM: dict[str, int] = {XENC11 + "aes128-gcm": 16, XENC11 + "aes192-gcm": 24, XENC11 + "aes256-gcm": 32}
AES_CBC: dict[str, int] = {XENC + "aes128-cbc": 16, XENC + "aes192-cbc": 24, XENC + "aes256-cbc": 32}


def saml(name: str) -> str:
    """An element's name in the namespace of assertions."""
    return f"{{{SAML}}}{name}"


def samlp(name: str) -> str:
    """An element's name in the namespace of protocol messages."""
    return f"{{{SAMLP}}}{name}"


def md(name: str) -> str:
    """An element's name in the namespace of metadata."""
    return f"{{{MD}}}{name}"


def ds(name: str) -> str:
    """An element's name in the namespace of signatures."""
    return f"{{{DS}}}{name}"


def xenc(name: str) -> str:
    """An element's name in the namespace of encryption."""
    return f"{{{XENC}}}{name}"
