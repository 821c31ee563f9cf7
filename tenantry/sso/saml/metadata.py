"""Metadata documents (saml-metadata-2.0-os): an identity provider's is read into fields, ours is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from lxml import etree

from . import certificates, documents
from .certificates import Certificate
from .documents import METADATA_BYTES, Element
from .names import DS, EMAIL_FORMAT, MD, PERSISTENT_FORMAT, POST, REDIRECT, SAMLP, UNSPECIFIED_FORMAT, ds, md
from .parties import Sp
from .reasons import refused

ENTITY_ID = 1024  # characters (saml-metadata §2.2.1)
_ADDRESS = re.compile(r"https?://[^\s\\<>\"]{1,2000}", re.ASCII)
_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class IdpMetadata:
    """What metadata says of one provider. ``certificates`` are read, not judged: ``certificates.check`` each before it is relied on.

    ``cache_seconds`` is how long the provider wants it to be kept, None where it doesn't say.
    """

    entity_id: str
    sso_url: str
    sso_binding: str
    slo_url: str
    slo_binding: str
    certificates: tuple[Certificate, ...]
    valid_until: datetime | None
    name_id_formats: tuple[str, ...]
    slo_response_url: str = ""
    name: str = ""
    cache_seconds: int | None = None


def read_idp(xml: bytes, *, entity_id: str = "", moment: datetime | None = None) -> IdpMetadata:
    """One provider's metadata. Of a document with several, the one with ``entity_id``; without it such a document is refused.

    With a ``moment``, metadata whose ``validUntil`` is over is refused.
    """
    root = documents.parse(xml, limit=METADATA_BYTES, comments=True)
    entity = _entity(root, entity_id)
    roles = [role for role in entity.findall(md("IDPSSODescriptor")) if SAMLP in str(role.get("protocolSupportEnumeration", "")).split()]
    if len(roles) != 1:
        raise refused("saml_metadata_no_provider" if not roles else "saml_metadata_several")
    return _read(root, entity, roles[0], moment)


def _entity(root: Element, entity_id: str) -> Element:
    if root.tag == md("EntityDescriptor"):
        found = [root]
    elif root.tag == md("EntitiesDescriptor"):
        found = [one for one in root.iter(md("EntityDescriptor")) if one.find(md("IDPSSODescriptor")) is not None]
    else:
        raise refused("saml_metadata_kind")
    if entity_id:
        found = [one for one in found if one.get("entityID") == entity_id]
    if len(found) != 1:
        raise refused("saml_metadata_several" if found else "saml_metadata_no_provider")
    return found[0]


def _read(root: Element, entity: Element, role: Element, moment: datetime | None) -> IdpMetadata:
    name = str(entity.get("entityID", "")).strip()
    if not 0 < len(name) <= ENTITY_ID:
        raise refused("saml_metadata_entity_id")
    ends = [end for one in (root, entity, role) if (end := documents.moment(one.get("validUntil"))) is not None]
    if ends and moment is not None and min(ends) <= moment:
        raise refused("saml_metadata_expired", f"It ended at {documents.written(min(ends))}.")
    sso_url, sso_binding, _ = _service(role, "SingleSignOnService")
    if not sso_url:
        raise refused("saml_metadata_no_sign_in")
    slo_url, slo_binding, slo_response_url = _service(role, "SingleLogoutService")
    return IdpMetadata(
        entity_id=name,
        sso_url=sso_url,
        sso_binding=sso_binding,
        slo_url=slo_url,
        slo_binding=slo_binding,
        certificates=_signing(role),
        valid_until=min(ends, default=None),
        name_id_formats=tuple(documents.text(one)[:300] for one in role.findall(md("NameIDFormat")))[:20],
        slo_response_url=slo_response_url,
        name=documents.text(entity.find(f"{md('Organization')}/{md('OrganizationDisplayName')}"))[:200],
        cache_seconds=_seconds(entity.get("cacheDuration") or root.get("cacheDuration")),
    )


def _service(role: Element, name: str) -> tuple[str, str, str]:
    """The address, binding and answering address of a service: by redirect if there is one, else by POST."""
    found = role.findall(md(name))
    for binding in (REDIRECT, POST):
        for one in found:
            if one.get("Binding") == binding:
                return _address(one.get("Location")), binding, _address(one.get("ResponseLocation"), needed=False)
    return "", "", ""


def _address(value: str | None, *, needed: bool = True) -> str:
    value = (value or "").strip()
    if not value and not needed:
        return ""
    try:
        host = urlsplit(value).hostname
    except ValueError:
        host = None
    if not _ADDRESS.fullmatch(value) or not host or "#" in value:
        raise refused("saml_metadata_address", value)
    return value


def _signing(role: Element) -> tuple[Certificate, ...]:
    """Certificates for signing, or for anything, each once."""
    found: dict[str, Certificate] = {}
    for key in role.findall(md("KeyDescriptor")):
        if key.get("use", "signing") == "signing":
            for text in list(key.iter(ds("X509Certificate")))[:10]:
                one = certificates.read(documents.text(text))
                found[one.fingerprint] = one
    if not found:
        raise refused("saml_metadata_certificate")
    return tuple(found.values())


def _seconds(duration: str | None) -> int | None:
    """The days, hours, minutes and seconds of an ``xs:duration``; None for another form."""
    found = _DURATION.fullmatch((duration or "").strip())
    if not found or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return int(timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds())


def write_sp(sp: Sp) -> bytes:
    """Our metadata: what a provider has to know of one connection. The same input gives the same bytes."""
    root = etree.Element(md("EntityDescriptor"), nsmap={"md": MD, "ds": DS})
    root.set("entityID", sp.entity_id)
    role = etree.SubElement(root, md("SPSSODescriptor"), protocolSupportEnumeration=SAMLP)
    role.set("AuthnRequestsSigned", "true" if sp.signing_key else "false")
    role.set("WantAssertionsSigned", "true")
    pems = [pem for pem in (sp.signing_certificate, *sp.further_certificates) if pem]
    for use in ("signing", "encryption"):
        write_keys(role, pems, use)
    if sp.slo_url:
        for binding in (REDIRECT, POST):
            etree.SubElement(role, md("SingleLogoutService"), Binding=binding, Location=sp.slo_url)
    for form in (EMAIL_FORMAT, PERSISTENT_FORMAT, UNSPECIFIED_FORMAT):
        etree.SubElement(role, md("NameIDFormat")).text = form
    etree.SubElement(role, md("AssertionConsumerService"), Binding=POST, Location=sp.acs_url, index="0", isDefault="true")
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def write_keys(role: Element, pems: Sequence[str], use: str) -> None:
    """A KeyDescriptor for each certificate."""
    for pem in pems:
        data = etree.SubElement(etree.SubElement(etree.SubElement(role, md("KeyDescriptor"), use=use), ds("KeyInfo")), ds("X509Data"))
        etree.SubElement(data, ds("X509Certificate")).text = certificates.bare(pem)


def write_idp(*, entity_id: str, sso_url: str, sso_post_url: str, slo_url: str, certificate_pems: Sequence[str]) -> bytes:
    """Metadata of an identity provider, as the test provider publishes it: with an address for each binding of a request."""
    root = etree.Element(md("EntityDescriptor"), nsmap={"md": MD, "ds": DS})
    root.set("entityID", entity_id)
    role = etree.SubElement(root, md("IDPSSODescriptor"), protocolSupportEnumeration=SAMLP)
    role.set("WantAuthnRequestsSigned", "false")
    write_keys(role, certificate_pems, "signing")
    for name, url in (("SingleLogoutService", slo_url), ("SingleSignOnService", sso_url)):
        if name == "SingleSignOnService":
            etree.SubElement(role, md("NameIDFormat")).text = EMAIL_FORMAT
        etree.SubElement(role, md(name), Binding=REDIRECT, Location=url)
    etree.SubElement(role, md("SingleSignOnService"), Binding=POST, Location=sso_post_url)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))
