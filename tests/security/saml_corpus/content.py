"""Assertions that are signed well and say the wrong thing: for others, from others, too early, too late, about nobody."""

from __future__ import annotations

from datetime import timedelta

from .case import CRASH, NAME, Case
from .issuer import BEARER, IDP, NOW, SP, Said, good, signed_response, stamp

LATER = stamp(NOW + timedelta(seconds=61))
EARLIER = stamp(NOW - timedelta(seconds=60))  # over the skew by nothing: an end is not included
OTHER = "https://other.example/saml"


def _audience(*names: str) -> str:
    return "".join(f"<saml:AudienceRestriction><saml:Audience>{name}</saml:Audience></saml:AudienceRestriction>" for name in names)


def _name(inside: str) -> str:
    return good(name_id=inside)


def _indexed(index: str) -> str:
    return good(statement=f'<saml:AuthnStatement AuthnInstant="{stamp(NOW)}" SessionIndex="{index}"/>')


CONTENT = [
    Case("another destination", "saml_destination", lambda: good(destination="https://evil.example/acs"), "destination"),
    Case("no destination", "saml_destination", lambda: good(destination=None), "destination"),
    Case("another response issuer", "saml_response_issuer",
        lambda: good(response_issuer=f"<saml:Issuer>{OTHER}</saml:Issuer>"), "response issuer"),
    Case("a signed response without issuer", "saml_response_issuer", lambda: signed_response(response_issuer=""), "response issuer"),
    Case("another assertion issuer", "saml_assertion_issuer",
        lambda: good(issuer=f"<saml:Issuer>{OTHER}</saml:Issuer>"), "assertion issuer"),
    Case("no assertion issuer", "saml_assertion_issuer", lambda: good(issuer=""), "assertion issuer"),
    Case("no issuer for a provider without a name", "saml_assertion_issuer",
        lambda: good(issuer="", response_issuer=""), "assertion issuer", idp={"entity_id": ""}),
    Case("answer to another request", "saml_in_response_to", lambda: good(in_response_to="_other"), "InResponseTo"),
    Case("answer to no request", "saml_in_response_to", lambda: good(in_response_to=None), "InResponseTo"),
    Case("assertion for another request", "saml_in_response_to", lambda: good(confirmed_request="_other"), "InResponseTo"),
    Case("assertion for no request", "saml_in_response_to", lambda: good(confirmed_request=None), "InResponseTo"),
    Case("nobody asked", "saml_unsolicited",
        lambda: good(in_response_to=None, confirmed_request=None), "who asked", request_id=None),
    Case("an answer where nobody asked", "saml_in_response_to", good, "InResponseTo", request_id=None, idp={"allow_idp_initiated": True}),
    Case("response from the future", "saml_issued_in_future", lambda: good(issued=LATER), "issue instant"),
    Case("assertion from the future", "saml_issued_in_future", lambda: good(assertion_issued=LATER), "issue instant"),
    Case("no subject", "saml_subject", lambda: good(subject=""), "subject", CRASH),
    Case("no name", "saml_name_id", lambda: _name(""), "name", CRASH),
    Case("empty name", "saml_name_id", lambda: _name("<saml:NameID> </saml:NameID>"), "name", named=""),
    Case("two names", "saml_name_id", lambda: _name(f"<saml:NameID>{NAME}</saml:NameID><saml:NameID>b</saml:NameID>"), "name"),
    Case("endless name", "saml_name_id", lambda: _name(f"<saml:NameID>{'a' * 513}</saml:NameID>"), "name", named="a" * 513),
    Case("name with an element in it", "saml_shape",
        lambda: _name(f"<saml:NameID>{NAME}<x xmlns='urn:x'/>.evil.example</saml:NameID>"), "plain text", named=f"{NAME}.evil.example"),
    Case("encrypted name", "saml_name_id_encrypted", lambda: _name("<saml:EncryptedID/>"), "name", CRASH),
    Case("no bearer", "saml_confirmation_missing",
        lambda: good(method=BEARER.replace("bearer", "sender-vouches")), "confirmation"),
    Case("no confirmation", "saml_confirmation_missing",
        lambda: good(subject=f"<saml:Subject><saml:NameID>{NAME}</saml:NameID></saml:Subject>"), "confirmation"),
    Case("another recipient", "saml_recipient", lambda: good(recipient="https://evil.example/acs"), "recipient"),
    Case("no recipient", "saml_recipient", lambda: good(recipient=None), "recipient"),
    Case("presented too late", "saml_confirmation_expired", lambda: good(confirmed_until=EARLIER), "end of the confirmation"),
    Case("presented without an end", "saml_confirmation_expired", lambda: good(confirmed_until=None), "end of the confirmation"),
    Case("presented too early", "saml_confirmation_not_yet_valid",
        lambda: good(confirmed_from=LATER), "begin of the confirmation"),
    Case("no conditions", "saml_conditions_missing", lambda: good(conditions=""), "conditions", CRASH),
    Case("an unknown condition", "saml_condition_unknown",
        lambda: good(audience=_audience(SP) + "<saml:Condition/>"), "conditions"),
    Case("not yet valid", "saml_not_yet_valid", lambda: good(not_before=LATER), "begin"),
    Case("expired", "saml_expired", lambda: good(not_on_or_after=EARLIER), "end"),
    Case("no audience", "saml_audience_missing", lambda: good(audience=""), "audience"),
    Case("another audience", "saml_audience", lambda: good(audience=_audience(OTHER)), "audience"),
    Case("another audience besides ours", "saml_audience", lambda: good(audience=_audience(SP, OTHER)), "audience"),
    Case("an audience that only begins like ours", "saml_audience", lambda: good(audience=_audience(SP + "/more")), "audience"),
    Case("no statement of authentication", "saml_authn_statement", lambda: good(statement=""), "statement", CRASH),
    Case("endless session index", "saml_authn_statement",
        lambda: _indexed("a" * 301), "statement"),
    Case("session over", "saml_session_ended", lambda: good(session_until=EARLIER), "statement"),
    Case("attribute without a name", "saml_attribute", lambda: good(attributes='<saml:Attribute Name=" "/>'), "attributes"),
    Case("encrypted attribute", "saml_attribute", lambda: good(attributes="<saml:EncryptedAttribute/>"), "attributes"),
    Case("a moment before all moments", "saml_time", lambda: good(not_before="0000-01-01T00:00:00Z"), "begin"),
]  # fmt: skip
assert IDP and Said
