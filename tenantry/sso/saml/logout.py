"""Single logout both ways (saml-core-2.0-os §3.7, saml-profiles-2.0-os §4.4): every message signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from . import bindings, checks, documents
from .bindings import Form, Received
from .documents import Element
from .names import POST, SAML, SAMLP, STATUS, saml, samlp
from .parties import Idp, Sp
from .reasons import refused

_LASTS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """Whose sessions shall end: all of the named person's, or those with one of the indexes. ``not_on_or_after`` bounds a replay."""

    id: str
    issuer: str
    name_id: str
    name_id_format: str
    session_indexes: tuple[str, ...]
    not_on_or_after: datetime
    relay_state: str = ""


@dataclass(frozen=True, slots=True)
class LogoutResponse:
    """The answer to a request of ours. ``partial``: the provider could not reach everybody."""

    id: str
    in_response_to: str
    partial: bool
    relay_state: str = ""


def write_request(
    sp: Sp, idp: Idp, *, name_id: str, name_id_format: str, session_index: str, moment: datetime, relay_state: str = ""
) -> tuple[str | Form, str]:
    """Ask the provider to end a session: the address to go to, or the form to post, and the request's ID."""
    request = _message("LogoutRequest", sp.entity_id, idp.slo_url, moment)
    request.set("NotOnOrAfter", documents.written(moment + _LASTS))
    named = etree.SubElement(request, saml("NameID"))
    named.text = name_id
    if name_id_format:
        named.set("Format", name_id_format)
    if session_index:
        etree.SubElement(request, samlp("SessionIndex")).text = session_index
    return _sent(sp, idp.slo_url, idp.slo_binding, "SAMLRequest", request, relay_state), str(request.get("ID"))


def write_response(
    sp: Sp, idp: Idp, *, in_response_to: str, moment: datetime, relay_state: str = "", success: bool = True, url: str = ""
) -> str | Form:
    """Answer the provider's request; to ``url`` (its ResponseLocation) when given. Not ``success``: somebody stays signed in."""
    url = url or idp.slo_url
    response = _message("LogoutResponse", sp.entity_id, url, moment)
    response.set("InResponseTo", in_response_to)
    code = etree.SubElement(etree.SubElement(response, samlp("Status")), samlp("StatusCode"))
    code.set("Value", STATUS + ("Success" if success else "Responder"))
    return _sent(sp, url, idp.slo_binding, "SAMLResponse", response, relay_state)


def read_request(received: Received, *, sp: Sp, idp: Idp, moment: datetime) -> LogoutRequest:
    """A request of the provider to end sessions. Raises Refused."""
    request = _opened(received, "LogoutRequest", sp, idp, moment)
    end = documents.moment(request.get("NotOnOrAfter"))
    issued = documents.moment(request.get("IssueInstant"))
    end = end or (issued + _LASTS if issued and issued.year < 9000 else None)
    if end is None or moment - checks.SKEW >= end:
        raise refused("saml_logout_expired")
    name_id = checks.name_id(request)
    return LogoutRequest(
        id=documents.identifier(request),
        issuer=idp.entity_id,
        name_id=documents.text(name_id),
        name_id_format=str(name_id.get("Format", "")),
        session_indexes=tuple(documents.text(one) for one in request.findall(samlp("SessionIndex"))),
        not_on_or_after=end,
        relay_state=received.relay_state,
    )


def read_response(received: Received, *, sp: Sp, idp: Idp, request_id: str | None, moment: datetime) -> LogoutResponse:
    """The provider's answer to the request of ours with this ID; None where nothing follows from it but a sentence. Raises Refused."""
    response = _opened(received, "LogoutResponse", sp, idp, moment)
    if request_id is not None and response.get("InResponseTo") != request_id:
        raise refused("saml_logout_in_response_to")
    issued = documents.moment(response.get("IssueInstant"))
    if issued is None or moment - checks.SKEW >= issued + _LASTS:
        raise refused("saml_logout_expired")
    codes = [str(code.get("Value", "")) for code in response.iter(samlp("StatusCode"))]
    partial = STATUS + "PartialLogout" in codes
    if codes[:1] != [STATUS + "Success"] and not partial:
        raise refused("saml_logout_status")
    return LogoutResponse(documents.identifier(response), str(response.get("InResponseTo", "")), partial, received.relay_state)


def peek(received: Received) -> tuple[str, str]:
    """Issuer and ID of a request as it claims to be, for finding out who asks. Nothing is verified."""
    request = documents.parse(received.xml)
    if request.tag != samlp("LogoutRequest"):
        raise refused("saml_not_a_logout")
    return documents.text(request.find(saml("Issuer"))), documents.identifier(request)


def _opened(received: Received, name: str, sp: Sp, idp: Idp, moment: datetime) -> Element:
    """The signed message of this name, from the connection's provider to us."""
    if received.name != ("SAMLRequest" if name == "LogoutRequest" else "SAMLResponse"):
        raise refused("saml_not_a_logout")
    message = bindings.opened(received, certificates=idp.certificates, moment=moment, unsigned="saml_logout_unsigned")
    if message.tag != samlp(name):
        raise refused("saml_not_a_logout")
    checks.version(message)
    checks.issued(message, moment)
    if not checks.is_from(message.find(saml("Issuer")), idp):
        raise refused("saml_logout_issuer")
    # In a redirect the whole message is signed, so its destination is required in both bindings (saml-bindings §3.4.5.2, §3.5.5.2).
    if message.get("Destination") != sp.slo_url:
        raise refused("saml_logout_destination")
    return message


def _message(name: str, issuer: str, destination: str, moment: datetime) -> Element:
    message = etree.Element(samlp(name), nsmap={"samlp": SAMLP, "saml": SAML})
    message.set("ID", bindings.new_id())
    message.set("Version", "2.0")
    message.set("IssueInstant", documents.written(moment))
    message.set("Destination", destination)
    etree.SubElement(message, saml("Issuer")).text = issuer
    return message


def _sent(sp: Sp, url: str, binding: str, name: str, message: Element, relay_state: str) -> str | Form:
    if binding == POST:
        return bindings.form(url, name, message, relay_state=relay_state, key_pem=sp.signing_key, certificate_pem=sp.signing_certificate)
    return bindings.address(url, name, message, relay_state=relay_state, key_pem=sp.signing_key)
