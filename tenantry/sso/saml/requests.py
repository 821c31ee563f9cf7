"""Authentication requests (saml-core-2.0-os §3.4.1): ours to a provider, and, for the test provider, reading one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from . import bindings, documents
from .bindings import Form, Received
from .certificates import Certificate
from .documents import Element
from .names import POST, SAML, SAMLP, UNSPECIFIED_FORMAT, saml, samlp
from .parties import Idp, Sp
from .reasons import refused


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """What somebody asks an identity provider for. ``acs_url`` may be empty: then the one that is known of the issuer."""

    id: str
    issuer: str
    acs_url: str
    destination: str
    force_authn: bool
    relay_state: str


def authn_request(sp: Sp, idp: Idp, *, moment: datetime, relay_state: str, force_authn: bool = False) -> tuple[str, str]:
    """Where to send the browser, and the request's ID, which the response has to name. Signed when the connection says so."""
    request, request_id = _request(sp, idp, moment, force_authn)
    key = sp.signing_key if idp.sign_requests else ""
    return bindings.address(idp.sso_url, "SAMLRequest", request, relay_state=relay_state, key_pem=key), request_id


def authn_request_form(sp: Sp, idp: Idp, *, moment: datetime, relay_state: str, force_authn: bool = False) -> tuple[Form, str]:
    """The same as a form to be posted, for providers without the redirect binding (``idp.sso_binding``)."""
    request, request_id = _request(sp, idp, moment, force_authn)
    key = sp.signing_key if idp.sign_requests else ""
    form = bindings.form(idp.sso_url, "SAMLRequest", request, relay_state=relay_state, key_pem=key, certificate_pem=sp.signing_certificate)
    return form, request_id


def _request(sp: Sp, idp: Idp, moment: datetime, force_authn: bool) -> tuple[Element, str]:
    request_id = bindings.new_id()
    request = etree.Element(samlp("AuthnRequest"), nsmap={"samlp": SAMLP, "saml": SAML})
    request.set("ID", request_id)
    request.set("Version", "2.0")
    request.set("IssueInstant", documents.written(moment))
    request.set("Destination", idp.sso_url)
    request.set("AssertionConsumerServiceURL", sp.acs_url)
    request.set("ProtocolBinding", POST)
    if force_authn:
        request.set("ForceAuthn", "true")
    etree.SubElement(request, saml("Issuer")).text = sp.entity_id
    etree.SubElement(request, samlp("NameIDPolicy"), Format=UNSPECIFIED_FORMAT, AllowCreate="true")
    return request, request_id


def read(received: Received, *, certificates: Sequence[Certificate] = (), moment: datetime) -> AuthnRequest:
    """Read a request, as an identity provider does. A signature is verified where the asker's certificates are given."""
    if certificates:
        request = bindings.opened(received, certificates=certificates, moment=moment, unsigned="")
    else:
        request = documents.parse(received.xml)
    if request.tag != samlp("AuthnRequest") or received.name != "SAMLRequest":
        raise refused("saml_not_a_request")
    if request.get("Version") != "2.0":
        raise refused("saml_version")
    return AuthnRequest(
        id=documents.identifier(request),
        issuer=documents.text(request.find(saml("Issuer"))),
        acs_url=str(request.get("AssertionConsumerServiceURL", "")),
        destination=str(request.get("Destination", "")),
        force_authn=request.get("ForceAuthn") in ("true", "1"),
        relay_state=received.relay_state,
    )
