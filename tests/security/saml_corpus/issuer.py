"""An identity provider for tests: writes whatever it is told to, right or wrong, and signs it.

It shares no code with ``tenantry/sso/saml``: canonical form by lxml, signatures by cryptography, encryption by hand.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID
from lxml import etree

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
PSS = "http://www.w3.org/2007/05/xmldsig-more#"
ENVELOPED = DS + "enveloped-signature"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"

IDP = "https://idp.example/saml"
SP = "https://app.example/sso/con_1/metadata"
ACS = "https://app.example/sso/con_1/acs"
SLO = "https://app.example/sso/con_1/slo"
REQUEST = "_request1"

_DIGESTS = {DS + "sha1": "sha1", XENC + "sha256": "sha256", MORE + "sha384": "sha384", XENC + "sha512": "sha512", MORE + "md5": "md5"}


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate as PEM texts."""

    key: Any
    key_pem: str
    certificate_pem: str

    @property
    def bare(self) -> str:
        return "".join(self.certificate_pem.split("\n")[1:-2])


def pair(key: Any, *, begins: datetime = NOW - timedelta(days=30), ends: datetime = NOW + timedelta(days=30), digest: Any = None) -> Pair:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    certificate = builder.not_valid_before(begins).not_valid_after(ends).sign(key, digest or hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(key, private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode())


@lru_cache
def idp_pair() -> Pair:
    """The provider's: one RSA key per process."""
    return pair(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@lru_cache
def other_pair() -> Pair:
    """A stranger's, and ours as service provider: it signs what nobody trusts, and opens what is encrypted for us."""
    return pair(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@lru_cache
def ec_pair() -> Pair:
    return pair(ec.generate_private_key(ec.SECP256R1()))


def stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def attribute(name: str, *values: str) -> str:
    inside = "".join(f'<saml:AttributeValue xsi:type="xs:string">{value}</saml:AttributeValue>' for value in values)
    return f'<saml:Attribute Name="{name}">{inside}</saml:Attribute>'


@dataclass(frozen=True)
class Said:
    """What a response says, piece by piece; every piece can be replaced by any text. An attribute set to None is left out."""

    response_id: str = "_response1"
    assertion_id: str = "_assertion1"
    version: str = "2.0"
    assertion_version: str = "2.0"
    issued: str = stamp(NOW)
    assertion_issued: str = stamp(NOW)
    destination: str | None = ACS
    in_response_to: str | None = REQUEST
    confirmed_request: str | None = REQUEST
    response_issuer: str = f"<saml:Issuer>{IDP}</saml:Issuer>"
    issuer: str = f"<saml:Issuer>{IDP}</saml:Issuer>"
    status: str = f'<samlp:Status><samlp:StatusCode Value="{SUCCESS}"/></samlp:Status>'
    extensions: str = ""
    name_id: str = "<saml:NameID>ada@contoso.example</saml:NameID>"
    method: str = BEARER
    recipient: str | None = ACS
    confirmed_from: str | None = None
    confirmed_until: str | None = stamp(NOW + timedelta(minutes=5))
    not_before: str | None = stamp(NOW - timedelta(minutes=5))
    not_on_or_after: str | None = stamp(NOW + timedelta(minutes=5))
    audience: str = f"<saml:AudienceRestriction><saml:Audience>{SP}</saml:Audience></saml:AudienceRestriction>"
    session_until: str | None = stamp(NOW + timedelta(hours=8))
    attributes: str = attribute("email", "ada@contoso.example") + attribute("groups", "staff", "admins")
    subject: str | None = None
    conditions: str | None = None
    statement: str | None = None

    def assertion(self) -> str:
        confirmed = _attributes(
            NotBefore=self.confirmed_from, NotOnOrAfter=self.confirmed_until, Recipient=self.recipient, InResponseTo=self.confirmed_request
        )
        subject = (
            f'<saml:Subject>{self.name_id}<saml:SubjectConfirmation Method="{self.method}">'
            f"<saml:SubjectConfirmationData{confirmed}/></saml:SubjectConfirmation></saml:Subject>"
        )
        span = _attributes(NotBefore=self.not_before, NotOnOrAfter=self.not_on_or_after)
        conditions = f"<saml:Conditions{span}>{self.audience}</saml:Conditions>"
        session = _attributes(SessionNotOnOrAfter=self.session_until)
        statement = (
            f'<saml:AuthnStatement AuthnInstant="{stamp(NOW)}" SessionIndex="_session1"{session}><saml:AuthnContext>'
            "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>"
            "</saml:AuthnContext></saml:AuthnStatement>"
        )
        return (
            f'<saml:Assertion xmlns:saml="{SAML}" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
            f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="{self.assertion_id}" Version="{self.assertion_version}" '
            f'IssueInstant="{self.assertion_issued}">{self.issuer}{subject if self.subject is None else self.subject}'
            f"{conditions if self.conditions is None else self.conditions}{statement if self.statement is None else self.statement}"
            f"<saml:AttributeStatement>{self.attributes}</saml:AttributeStatement></saml:Assertion>"
        )

    def response(self, assertion: str) -> str:
        head = _attributes(Destination=self.destination, InResponseTo=self.in_response_to)
        return (
            f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{self.response_id}" Version="{self.version}" '
            f'IssueInstant="{self.issued}"{head}>{self.response_issuer}{self.extensions}{self.status}{assertion}</samlp:Response>'
        )


def _attributes(**named: str | None) -> str:
    return "".join(f' {name}="{value}"' for name, value in named.items() if value is not None)


@dataclass(frozen=True)
class Signing:
    """How something is signed."""

    by: Pair = field(default_factory=idp_pair)
    method: str = MORE + "rsa-sha256"
    digest: str = XENC + "sha256"
    canonicalization: str = EXC
    transforms: tuple[str, ...] = (ENVELOPED, EXC)
    uri: str | None = None
    inside_transform: str = ""
    key_info: str | None = None
    objects: str = ""
    references: int = 1


def parse(text: str | bytes) -> Any:
    return etree.fromstring(text.encode() if isinstance(text, str) else text)


def text_of(element: Any) -> str:
    return etree.tostring(element, encoding="unicode")


def canonical(element: Any, method: str = EXC) -> bytes:
    alone = parse(etree.tostring(element, with_tail=False))
    return etree.tostring(alone, method="c14n", exclusive=method.startswith(EXC), with_comments=method.endswith("WithComments"))


def _form(how: Signing) -> str:
    """The canonical form that the transformations ask for, exclusive where they name none."""
    return next((name for name in how.transforms if "c14n" in name), EXC)


def sign(xml: str, how: Signing | None = None) -> str:
    """The element with a signature behind its Issuer, or first where it has none."""
    how = how or Signing()
    element = parse(xml)
    digest = base64.b64encode(hashlib.new(_DIGESTS[how.digest], canonical(element, _form(how))).digest())
    transforms = "".join(f'<ds:Transform Algorithm="{name}">{how.inside_transform}</ds:Transform>' for name in how.transforms)
    uri = f"#{element.get('ID')}" if how.uri is None else how.uri
    reference = (
        f'<ds:Reference URI="{uri}"><ds:Transforms>{transforms}</ds:Transforms><ds:DigestMethod Algorithm="{how.digest}"/>'
        f"<ds:DigestValue>{digest.decode()}</ds:DigestValue></ds:Reference>"
    ) * how.references
    info = (
        f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{how.canonicalization}"/>'
        f'<ds:SignatureMethod Algorithm="{how.method}"/>{reference}</ds:SignedInfo>'
    )
    value = base64.b64encode(_value(canonical(parse(info), how.canonicalization), how)).decode()
    shown = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{how.by.bare}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    signature = parse(
        f'<ds:Signature xmlns:ds="{DS}">{info}<ds:SignatureValue>{value}</ds:SignatureValue>'
        f"{shown if how.key_info is None else how.key_info}{how.objects}</ds:Signature>"
    )
    issuer = element.find(f"{{{SAML}}}Issuer")
    element.insert(0 if issuer is None else element.index(issuer) + 1, signature)
    return text_of(element)


def _value(signed: bytes, how: Signing) -> bytes:
    name = how.method.rpartition("#")[2]
    if name.startswith("hmac"):  # with what everybody knows as the secret: the certificate
        return hmac.new(how.by.certificate_pem.encode(), signed, name.removeprefix("hmac-").replace("sha", "sha")).digest()
    digest = {"sha1": hashes.SHA1, "sha384": hashes.SHA384, "sha512": hashes.SHA512}.get(name.replace("-rsa-MGF1", "").rpartition("-")[2])
    chosen: Any = (digest or hashes.SHA256)()
    if name.startswith("ecdsa"):
        r, s = utils.decode_dss_signature(how.by.key.sign(signed, ec.ECDSA(chosen)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    if name.endswith("MGF1"):
        return bytes(how.by.key.sign(signed, padding.PSS(padding.MGF1(chosen), chosen.digest_size), chosen))
    return bytes(how.by.key.sign(signed, padding.PKCS1v15(), chosen))


def encrypt(
    xml: str,
    to: Pair,
    *,
    data: str = XENC11 + "aes256-gcm",
    transport: str = XENC + "rsa-oaep-mgf1p",
    digest: str = DS + "sha1",
    mask: str = "",
    beside: bool = False,
) -> str:
    """An EncryptedAssertion. ``beside``: the wrapped key stands beside the data."""
    secret = os.urandom(32 if "256" in data else 16)
    if data.endswith("gcm"):
        nonce = os.urandom(12)
        sealed = nonce + AESGCM(secret).encrypt(nonce, xml.encode(), None)
    else:
        short = 16 - len(xml.encode()) % 16
        sealing = Cipher(algorithms.AES(secret), modes.CBC(start := os.urandom(16))).encryptor()
        sealed = start + sealing.update(xml.encode() + os.urandom(short - 1) + bytes([short])) + sealing.finalize()
    if transport.endswith("rsa-1_5"):
        scheme: Any = padding.PKCS1v15()
    else:
        masked = hashes.SHA256() if mask.endswith("sha256") else hashes.SHA1()
        scheme = padding.OAEP(padding.MGF1(masked), hashes.SHA256() if digest.endswith("sha256") else hashes.SHA1(), None)
    wrapped = to.key.public_key().encrypt(secret, scheme)
    generator = f'<x11:MGF xmlns:x11="{XENC11}" Algorithm="{mask}"/>' if mask else ""
    key = (
        f'<xenc:EncryptedKey xmlns:xenc="{XENC}"><xenc:EncryptionMethod Algorithm="{transport}">'
        f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{digest}"/>{generator}</xenc:EncryptionMethod>'
        f"<xenc:CipherData><xenc:CipherValue>{base64.b64encode(wrapped).decode()}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
    )
    return (
        f'<saml:EncryptedAssertion xmlns:saml="{SAML}"><xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element">'
        f'<xenc:EncryptionMethod Algorithm="{data}"/><ds:KeyInfo xmlns:ds="{DS}">{"" if beside else key}</ds:KeyInfo>'
        f"<xenc:CipherData><xenc:CipherValue>{base64.b64encode(sealed).decode()}</xenc:CipherValue></xenc:CipherData>"
        f"</xenc:EncryptedData>{key if beside else ''}</saml:EncryptedAssertion>"
    )


def b64(xml: str | bytes) -> str:
    return base64.b64encode(xml.encode() if isinstance(xml, str) else xml).decode()


def good(**changes: Any) -> str:
    """A response with a signed assertion, as XML."""
    said = replace(Said(), **changes)
    return said.response(sign(said.assertion()))


def signed_response(how: Signing | None = None, **changes: Any) -> str:
    """Assertion and response signed."""
    return sign(good(**changes), how)
