"""What a response and its assertion have to say (saml-profiles-2.0-os §4.1.4.3, saml-core-2.0-os §2 and §3.2). One function per check.

Each is given elements that were read from signed bytes, as far as something was signed. ``SKEW`` is the difference between
two clocks that is put up with.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from lxml import etree

from ..refused import Refused
from . import documents
from .documents import Element
from .names import BEARER, SAML, STATUS, ds, saml, samlp
from .parties import Idp, Sp
from .reasons import refused

SKEW = timedelta(seconds=60)
NAME_ID, FORMAT, SESSION_INDEX = 512, 200, 300  # characters
_RESPONSE_PARTS = frozenset(
    {saml("Issuer"), ds("Signature"), samlp("Extensions"), samlp("Status"), saml("Assertion"), saml("EncryptedAssertion")}
)
_STATEMENTS = frozenset({saml("AuthnStatement"), saml("AttributeStatement"), saml("AuthzDecisionStatement")})
_ASSERTION_PARTS = _STATEMENTS | {saml("Issuer"), ds("Signature"), saml("Subject"), saml("Conditions"), saml("Advice")}
_CONDITIONS = frozenset({saml("AudienceRestriction"), saml("OneTimeUse"), saml("ProxyRestriction")})
_STATUSES = {
    "AuthnFailed": "authn_failed",
    "RequestDenied": "request_denied",
    "NoPassive": "no_passive",
    "NoAuthnContext": "no_authn_context",
    "UnknownPrincipal": "unknown_principal",
    "InvalidNameIDPolicy": "name_id_policy",
    "Requester": "requester",
    "Responder": "responder",
    "VersionMismatch": "version",
}


# -- the document ------------------------------------------------------------------------------------------------------


def is_response(root: Element) -> None:
    """The root is a Response of the protocol."""
    if root.tag != samlp("Response"):
        raise refused("saml_not_a_response")


def version(element: Element) -> None:
    """SAML 2.0, of a message or an assertion."""
    if element.get("Version") != "2.0":
        raise refused("saml_version")


def unique_ids(root: Element) -> None:
    """No two elements with one ID, however the attribute is spelled: a reference means one element, for every reader."""
    seen: set[str] = set()
    for element in documents.elements(root):
        for name in element.attrib:  # names alone: values are looked up one by one, which takes long where there are thousands
            if str(name).rpartition("}")[2].lower() in ("id", "assertionid"):
                value = str(element.get(name))
                if value in seen:
                    raise refused("saml_duplicate_id")
                seen.add(value)


def response_parts(root: Element) -> None:
    """What a response may hold, and each but the assertion at most once."""
    names = [element.tag for element in root.iterchildren(etree.Element)]
    for name in names:
        if name not in _RESPONSE_PARTS:
            raise refused("saml_shape", f"Found: {name}")
    for name in (saml("Issuer"), samlp("Extensions"), samlp("Status")):
        if names.count(name) > 1:
            raise refused("saml_shape", f"Twice: {name}")


def one_assertion(root: Element) -> None:
    """One in the whole document, encrypted or not, at whatever depth."""
    count = len(assertions(root))
    if count != 1:
        raise refused("saml_no_assertion" if not count else "saml_several_assertions")


def assertions(root: Element) -> list[Element]:
    """Every assertion of the document, encrypted ones too, at whatever depth."""
    return list(root.iter(saml("Assertion"), saml("EncryptedAssertion")))


def assertion_in_place(root: Element, assertion: Element) -> None:
    """The assertion is a child of the response."""
    if assertion.getparent() is not root:
        raise refused("saml_assertion_misplaced")


def status(root: Element) -> None:
    """Success, or a refusal by the innermost code with what the provider says to it."""
    found = root.findall(samlp("Status"))
    if len(found) != 1:
        raise refused("saml_shape", "Status")
    codes = [str(code.get("Value", "")).removeprefix(STATUS) for code in found[0].iter(samlp("StatusCode"))][:3]
    if codes[:1] == ["Success"]:
        return
    known = next((_STATUSES[code] for code in reversed(codes) if code in _STATUSES), "other")
    message = documents.text(found[0].find(samlp("StatusMessage")))
    raise refused(f"saml_status_{known}", f"It says: {message}" if message else f"Its status: {', '.join(codes)}"[:200])


# -- the response ------------------------------------------------------------------------------------------------------


def destination(response: Element, sp: Sp) -> None:
    """The response was sent to our address (saml-bindings §3.5.5.2)."""
    if response.get("Destination") != sp.acs_url:
        raise refused("saml_destination", f"It says {response.get('Destination')}, ours is {sp.acs_url}.")


def response_issuer(response: Element, idp: Idp, *, signed: bool) -> None:
    """The connection's provider. It may be left out of a response that isn't signed (saml-profiles §4.1.4.2)."""
    found = response.find(saml("Issuer"))
    if found is None and not signed:
        return
    if not is_from(found, idp):
        raise refused("saml_response_issuer", f"It says {documents.text(found)}.")


def is_from(issuer: Element | None, idp: Idp) -> bool:
    """An Issuer that is there and names the provider, which has a name."""
    return documents.text(issuer) == idp.entity_id != ""


def response_in_response_to(response: Element, request_id: str | None) -> None:
    """The response answers our request, or none where there was none."""
    if response.get("InResponseTo") != request_id:
        raise refused("saml_in_response_to")


def asked_for(idp: Idp, request_id: str | None) -> None:
    """Somebody asked, or the connection allows what nobody asked for."""
    if request_id is None and not idp.allow_idp_initiated:
        raise refused("saml_unsolicited")


def issued(element: Element, now: datetime) -> None:
    """It was not issued in the future."""
    instant = documents.moment(element.get("IssueInstant"))
    if instant is None:
        raise refused("saml_time", "IssueInstant")
    if instant > now + SKEW:
        raise refused("saml_issued_in_future")


# -- the assertion -----------------------------------------------------------------------------------------------------


def is_assertion(element: Element) -> None:
    """What was decrypted is an Assertion."""
    if element.tag != saml("Assertion"):
        raise refused("saml_no_assertion")


def assertion_parts(assertion: Element) -> None:
    """What an assertion may hold, and its issuer, subject and conditions at most once."""
    names = [element.tag for element in assertion.iterchildren(etree.Element)]
    for name in names:
        if name not in _ASSERTION_PARTS:
            raise refused("saml_shape", f"Found: {name}")
    for name in (saml("Issuer"), saml("Subject"), saml("Conditions")):
        if names.count(name) > 1:
            raise refused("saml_shape", f"Twice: {name}")


def assertion_issuer(assertion: Element, idp: Idp) -> None:
    """The connection's provider issued the assertion."""
    if not is_from(assertion.find(saml("Issuer")), idp):
        raise refused("saml_assertion_issuer", f"It says {documents.text(assertion.find(saml('Issuer')))}.")


def subject(assertion: Element) -> Element:
    """The subject of the assertion."""
    found = assertion.find(saml("Subject"))
    if found is None:
        raise refused("saml_subject")
    return found


def name_id(of: Element) -> Element:
    """The one NameID of a subject."""
    if of.find(saml("EncryptedID")) is not None:
        raise refused("saml_name_id_encrypted")
    found = of.findall(saml("NameID"))
    if len(found) != 1 or not 0 < len(documents.text(found[0])) <= NAME_ID or len(found[0].get("Format", "")) > FORMAT:
        raise refused("saml_name_id")
    return found[0]


def confirmation(of: Element, sp: Sp, request_id: str | None, now: datetime) -> None:
    """One bearer confirmation that is for us, for this request, and for now. Of several the last one's fault is told."""
    found = [one for one in of.findall(saml("SubjectConfirmation")) if one.get("Method") == BEARER]
    data = [one.find(saml("SubjectConfirmationData")) for one in found]
    fault = refused("saml_confirmation_missing")
    for one in data:
        if one is None:
            continue
        try:
            _confirmed(one, sp, request_id, now)
        except Refused as error:
            fault = error
        else:
            return
    raise fault


def _confirmed(data: Element, sp: Sp, request_id: str | None, now: datetime) -> None:
    recipient(data, sp)
    confirmation_in_response_to(data, request_id)
    confirmation_begun(data, now)
    confirmation_unexpired(data, now)


def recipient(data: Element, sp: Sp) -> None:
    """The confirmation is for our address (saml-profiles §4.1.4.3)."""
    if data.get("Recipient") != sp.acs_url:
        raise refused("saml_recipient", f"It says {data.get('Recipient')}, ours is {sp.acs_url}.")


def confirmation_in_response_to(data: Element, request_id: str | None) -> None:
    """The confirmation is for our request, or for none where there was none."""
    if data.get("InResponseTo") != request_id:
        raise refused("saml_in_response_to")


def confirmation_begun(data: Element, now: datetime) -> None:
    """The confirmation may be presented already; the profile wants no NotBefore here, some send one."""
    begin = documents.moment(data.get("NotBefore"))
    if begin is not None and begin > now + SKEW:
        raise refused("saml_confirmation_not_yet_valid")


def confirmation_unexpired(data: Element, now: datetime) -> None:
    """An end is required (saml-profiles §4.1.4.2): without one an assertion could be presented for ever."""
    end = documents.moment(data.get("NotOnOrAfter"))
    if end is None or now - SKEW >= end:
        raise refused("saml_confirmation_expired")


def conditions(assertion: Element) -> Element:
    """The conditions, none of a kind that is unknown (saml-core §2.5.1)."""
    found = assertion.find(saml("Conditions"))
    if found is None:
        raise refused("saml_conditions_missing")
    for one in found.iterchildren(etree.Element):
        if one.tag not in _CONDITIONS:
            raise refused("saml_condition_unknown", one.tag)
    return found


def begun(of: Element, now: datetime) -> None:
    """The conditions hold already."""
    begin = documents.moment(of.get("NotBefore"))
    if begin is not None and begin > now + SKEW:
        raise refused("saml_not_yet_valid")


def unexpired(of: Element, now: datetime) -> None:
    """The conditions still hold."""
    end = documents.moment(of.get("NotOnOrAfter"))
    if end is not None and now - SKEW >= end:
        raise refused("saml_expired")


def audience(of: Element, sp: Sp) -> None:
    """Every restriction names us (saml-core §2.5.1.4: they are joined by "and", the audiences of one by "or")."""
    restrictions = of.findall(saml("AudienceRestriction"))
    if not restrictions:
        raise refused("saml_audience_missing")
    for restriction in restrictions:
        named = [documents.text(one) for one in restriction.findall(saml("Audience"))]
        if sp.entity_id not in named:
            raise refused("saml_audience", f"It says {', '.join(named)}; ours is {sp.entity_id}.")


def authn_statement(assertion: Element, now: datetime) -> Element:
    """The statement that the person signed in; its session has not ended."""
    found = assertion.findall(saml("AuthnStatement"))
    if not found or len(found[0].get("SessionIndex", "")) > SESSION_INDEX:
        raise refused("saml_authn_statement")
    for one in found:
        session_open(one, now)
    return found[0]


def session_open(statement: Element, now: datetime) -> None:
    """The provider's session goes on."""
    end = documents.moment(statement.get("SessionNotOnOrAfter"))
    if end is not None and now - SKEW >= end:
        raise refused("saml_session_ended")


def attributes(assertion: Element) -> dict[str, list[str]]:
    """Every attribute by its Name, with all its values; one that comes twice has the values of both."""
    found: dict[str, list[str]] = {}
    for statement in assertion.findall(saml("AttributeStatement")):
        for one in statement.iterchildren(etree.Element):
            name = str(one.get("Name", "")).strip()
            if one.tag != saml("Attribute") or not name:
                raise refused("saml_attribute")
            values = ["".join(value.itertext()).strip() for value in one.findall(f"{{{SAML}}}AttributeValue")]
            found.setdefault(name, []).extend(value for value in values if value)
    return found
