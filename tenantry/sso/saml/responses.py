"""Reading a response: from what a browser posted to what an identity provider asserts, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..refused import Refused
from . import bindings, checks, documents, encryption, signatures
from .documents import Element
from .names import UNSPECIFIED_FORMAT, saml
from .parties import Idp, Sp
from .reasons import refused


@dataclass(frozen=True, slots=True)
class Assertion:
    """What the provider asserts. Keep ``id`` until ``not_on_or_after`` plus ``checks.SKEW``: a second one is a replay.

    ``not_on_or_after`` is the last moment at which it could be presented; ``session_not_on_or_after`` when its session shall end.
    """

    id: str
    issuer: str
    name_id: str
    name_id_format: str
    attributes: dict[str, list[str]]
    session_index: str
    authn_instant: datetime | None
    not_on_or_after: datetime
    session_not_on_or_after: datetime | None = None
    response_signed: bool = False
    encrypted: bool = False


def in_response_to(saml_response: str) -> str | None:
    """Which request a response claims to answer: to find what is known of it. Nothing is verified, so nothing may follow from it."""
    root = documents.parse(bindings.decode(saml_response))
    checks.is_response(root)
    return root.get("InResponseTo")


def read(saml_response: str, *, sp: Sp, idp: Idp, request_id: str | None, moment: datetime) -> Assertion:
    """What a response of the POST binding asserts, after every check; ``request_id`` None: nobody asked (begun at the provider).

    The caller remembers the assertion's id. Raises Refused, and nothing else, whatever the text is.
    """
    document = documents.parse(bindings.decode(saml_response))
    checks.is_response(document)
    checks.version(document)
    checks.unique_ids(document)
    checks.response_parts(document)
    checks.status(document)
    checks.one_assertion(document)
    held = checks.assertions(document)[0]
    checks.assertion_in_place(document, held)
    signatures.places(document, [document, held])

    response, signed = _response(document, idp, moment)
    checks.asked_for(idp, request_id)
    checks.destination(response, sp)
    checks.response_issuer(response, idp, signed=signed)
    checks.response_in_response_to(response, request_id)
    checks.issued(response, moment)

    encrypted = held.tag == saml("EncryptedAssertion")
    assertion = _decrypted(held, sp, idp, moment, signed) if encrypted else _assertion(held, idp, moment)
    return _asserted(assertion, sp, idp, request_id, moment, response_signed=signed, encrypted=encrypted)


def _response(document: Element, idp: Idp, moment: datetime) -> tuple[Element, bool]:
    """The response as it was signed; as it came where it need not be signed and isn't."""
    covered = signatures.verified(document, certificates=idp.certificates, moment=moment)
    if covered is None:
        signed_response(idp)
        return document, False
    return documents.parse(covered), True


def signed_response(idp: Idp) -> None:
    """Called for a response without a signature of its own."""
    if idp.require_signed_response:
        raise refused("saml_response_unsigned")


def _assertion(held: Element, idp: Idp, moment: datetime) -> Element:
    """The assertion, parsed from the bytes that its own signature covers."""
    covered = signatures.verified(held, certificates=idp.certificates, moment=moment)
    if covered is None:
        return unsigned_assertion(held)
    return documents.parse(covered)


def unsigned_assertion(held: Element) -> Element:
    """Called for an assertion without a signature of its own, also inside a signed response."""
    raise refused("saml_assertion_unsigned")


def _decrypted(held: Element, sp: Sp, idp: Idp, moment: datetime, response_signed: bool) -> Element:
    """The encrypted assertion, verified. Unless the ciphertext itself is authentic, every fault reads the same (see encryption)."""
    told = response_signed or encryption.is_authenticated(held)
    found = encryption.opened(held, keys=sp.decryption_keys)
    try:
        checks.is_assertion(found)
        checks.unique_ids(found)
        checks.one_assertion(found)
        signatures.places(found, [found])
        return _assertion(found, idp, moment)
    except Refused as error:
        if told:
            raise
        raise refused("saml_decryption_failed") from error


def _asserted(
    assertion: Element, sp: Sp, idp: Idp, request_id: str | None, moment: datetime, *, response_signed: bool, encrypted: bool
) -> Assertion:
    checks.version(assertion)
    checks.assertion_parts(assertion)
    checks.assertion_issuer(assertion, idp)
    checks.issued(assertion, moment)
    subject = checks.subject(assertion)
    name_id = checks.name_id(subject)
    checks.confirmation(subject, sp, request_id, moment)
    conditions = checks.conditions(assertion)
    checks.begun(conditions, moment)
    checks.unexpired(conditions, moment)
    checks.audience(conditions, sp)
    statement = checks.authn_statement(assertion, moment)
    return Assertion(
        id=documents.identifier(assertion),
        issuer=idp.entity_id,
        name_id=documents.text(name_id),
        name_id_format=str(name_id.get("Format") or UNSPECIFIED_FORMAT),
        attributes=checks.attributes(assertion),
        session_index=str(statement.get("SessionIndex", "")),
        authn_instant=documents.moment(statement.get("AuthnInstant")),
        not_on_or_after=_end(subject, conditions),
        session_not_on_or_after=documents.moment(statement.get("SessionNotOnOrAfter")),
        response_signed=response_signed,
        encrypted=encrypted,
    )


def _end(subject: Element, conditions: Element) -> datetime:
    """Until when somebody could present it: the conditions have to hold, and one of the confirmations."""
    named = [documents.moment(one.get("NotOnOrAfter")) for one in subject.iter(saml("SubjectConfirmationData"))]
    last = max((end for end in named if end is not None), default=documents.NEVER)
    return min(last, documents.moment(conditions.get("NotOnOrAfter")) or last)
