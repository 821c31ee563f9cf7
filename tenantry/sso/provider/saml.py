"""The test provider's side of SAML: metadata, responses (right ones and, on request, wrong ones), logout."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

from lxml import etree

from tenantry.tenancy.addresses import address

from ..saml import bindings, certificates, documents, metadata, signatures
from ..saml.bindings import Form
from ..saml.documents import Element
from ..saml.names import BEARER, EMAIL_FORMAT, SAML, SAMLP, STATUS, XSI, saml, samlp
from .identity import Identity
from .people import Person

_LASTS = timedelta(minutes=5)
_SESSION = timedelta(hours=8)
_PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # noqa: S105  # the name of a way to sign in
_BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"


def metadata_of(own: Identity) -> bytes:
    """The provider's metadata document."""
    return metadata.write_idp(
        entity_id=own.entity_id,
        sso_url=address("test_provider_sso"),
        sso_post_url=address("test_provider_sso_post"),
        slo_url=address("test_provider_slo"),
        certificate_pems=[own.certificate_pem],
    )


def response(
    own: Identity, person: Person, *, audience: str, acs_url: str, request_id: str, relay_state: str, moment: datetime, fault: str = ""
) -> Form:
    """The form that brings an assertion about a person to a service; ``request_id`` empty: nobody asked. ``fault``: one of ``FAULTS``."""
    root = etree.Element(samlp("Response"), nsmap={"samlp": SAMLP, "saml": SAML})
    _head(root, own, moment)
    root.set("Destination", acs_url)
    answered = bindings.new_id() if fault == "request" else request_id
    if answered:
        root.set("InResponseTo", answered)
    code = etree.SubElement(etree.SubElement(root, samlp("Status")), samlp("StatusCode"))
    code.set("Value", STATUS + "Success")
    at = moment - timedelta(hours=1) if fault == "expired" else moment
    asserted = _assertion(own, person, "urn:example:another-service" if fault == "audience" else audience, acs_url, answered, at)
    key, certificate = certificates.make(name="Somebody else", moment=moment) if fault == "stranger" else (own.key_pem, own.certificate_pem)
    if fault != "unsigned":
        signatures.sign(asserted, key_pem=key, certificate_pem=certificate)
    if fault == "changed":
        asserted.find(f"{saml('Subject')}/{saml('NameID')}").text = f"changed-{person.subject}"
    root.append(asserted)
    fields = {"SAMLResponse": base64.b64encode(etree.tostring(root, encoding="UTF-8")).decode()}
    return Form(acs_url, fields | ({"RelayState": relay_state} if relay_state else {}))


def _head(message: Element, own: Identity, moment: datetime) -> None:
    message.set("ID", bindings.new_id())
    message.set("Version", "2.0")
    message.set("IssueInstant", documents.written(moment))
    etree.SubElement(message, saml("Issuer")).text = own.entity_id


def _assertion(own: Identity, person: Person, audience: str, acs_url: str, request_id: str, moment: datetime) -> Element:
    until = documents.written(moment + _LASTS)
    found = etree.Element(saml("Assertion"), nsmap={"saml": SAML, "xsi": XSI})
    _head(found, own, moment)
    subject = etree.SubElement(found, saml("Subject"))
    etree.SubElement(subject, saml("NameID"), Format=EMAIL_FORMAT).text = person.subject
    data = etree.SubElement(etree.SubElement(subject, saml("SubjectConfirmation"), Method=BEARER), saml("SubjectConfirmationData"))
    data.set("NotOnOrAfter", until)
    data.set("Recipient", acs_url)
    if request_id:
        data.set("InResponseTo", request_id)
    conditions = etree.SubElement(found, saml("Conditions"), NotBefore=documents.written(moment), NotOnOrAfter=until)
    etree.SubElement(etree.SubElement(conditions, saml("AudienceRestriction")), saml("Audience")).text = audience
    signed_in = etree.SubElement(found, saml("AuthnStatement"), AuthnInstant=documents.written(moment), SessionIndex=bindings.new_id())
    signed_in.set("SessionNotOnOrAfter", documents.written(moment + _SESSION))
    etree.SubElement(etree.SubElement(signed_in, saml("AuthnContext")), saml("AuthnContextClassRef")).text = _PASSWORD
    statement = etree.SubElement(found, saml("AttributeStatement"))
    for name, values in {"email": [person.email], "name": [person.name], "groups": person.groups, **person.more}.items():
        if values := [value for value in values if value]:
            attribute = etree.SubElement(statement, saml("Attribute"), Name=name, NameFormat=_BASIC)
            for value in values:
                etree.SubElement(attribute, saml("AttributeValue")).text = value
    return found
