"""What isn't a response: metadata, certificates, requests and logout, each fault with its own code."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tenantry.sso.refused import Refused
from tenantry.sso.saml import bindings, certificates, logout, metadata, requests, responses
from tenantry.sso.saml.names import POST, REDIRECT
from tenantry.sso.saml.parties import Idp, Sp
from tenantry.sso.saml.reasons import REASONS

from .case import NAME, idp, sp
from .issuer import DS, IDP, MORE, NOW, REQUEST, SLO, SP, b64, ec_pair, good, idp_pair, other_pair, pair, parse, text_of

SSO = "https://idp.example/sso"


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as found:
        call()
    assert found.value.detail.startswith(REASONS[found.value.code])
    return found.value.code


# -- metadata ----------------------------------------------------------------------------------------------------------


def entity(
    *, name: str = IDP, attributes: str = "", sso: str = SSO, binding: str = REDIRECT, keys: tuple[str, ...] = (' use="signing"',),
    role: str = "IDPSSODescriptor", more: str = "",
) -> str:  # fmt: skip
    shown = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n{idp_pair().bare}\n</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    descriptors = "".join(f"<md:KeyDescriptor{use}>{shown}</md:KeyDescriptor>" for use in keys)
    return (
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="{DS}" entityID="{name}"{attributes}><!-- ours -->'
        f'<md:{role} protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{descriptors}{more}'
        f'<md:SingleSignOnService Binding="{binding}" Location="{sso}"/></md:{role}></md:EntityDescriptor>'
    )


def several(*entities: str) -> str:
    return f'<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">{"".join(entities)}</md:EntitiesDescriptor>'


METADATA = {
    "saml_metadata_kind": "<html/>",
    "saml_metadata_several": several(entity(), entity(name="https://b.example")),
    "saml_metadata_no_provider": entity(role="SPSSODescriptor"),
    "saml_metadata_no_sign_in": entity(binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP"),
    "saml_metadata_address": entity(sso="javascript:alert(1)"),
    "saml_metadata_entity_id": entity(name=" "),
    "saml_metadata_certificate": entity(keys=(' use="encryption"',)),
    "saml_metadata_expired": entity(attributes=' validUntil="2026-06-01T12:00:00Z"'),
    "saml_certificate_unreadable": entity().replace("MII", "MIJ", 1),
    "saml_doctype": "<!DOCTYPE x>" + entity(),
    "saml_malformed": entity()[:-1],
    "saml_too_large": entity() + " " * 1024 * 1024,
}


@pytest.mark.parametrize("code", METADATA)
def test_metadata_that_is_refused(code: str) -> None:
    assert refusal(lambda: metadata.read_idp(METADATA[code].encode(), moment=NOW)) == code


@pytest.mark.parametrize(
    "url", ["//evil.example", "https://", "https://a b.example", "data:text/html,x", "https://a.example/#x", "http://[::1", ""]
)
def test_addresses_of_metadata_that_are_refused(url: str) -> None:
    assert refusal(lambda: metadata.read_idp(entity(sso=url).encode())) == "saml_metadata_address"


def test_metadata_is_read_into_fields() -> None:
    more = (
        f'<md:SingleLogoutService Binding="{POST}" Location="https://idp.example/slo" ResponseLocation="https://idp.example/slo2"/>'
        "<md:NameIDFormat>urn:a</md:NameIDFormat>"
    )
    until = ' validUntil="2026-06-08T12:00:00Z" cacheDuration="P1DT2H"'
    found = metadata.read_idp(entity(attributes=until, keys=(' use="signing"', "", ' use="encryption"'), more=more).encode(), moment=NOW)
    assert (found.entity_id, found.sso_url, found.sso_binding) == (IDP, SSO, REDIRECT)
    assert (found.slo_url, found.slo_binding, found.slo_response_url) == ("https://idp.example/slo", POST, "https://idp.example/slo2")
    assert (found.valid_until, found.cache_seconds, found.name_id_formats) == (NOW + timedelta(days=7), 93_600, ("urn:a",))
    assert [one.fingerprint for one in found.certificates] == [certificates.read(idp_pair().certificate_pem).fingerprint]
    federation = several(entity(), entity(name="https://b.example", binding=POST), entity(name="https://c.example", role="SPSSODescriptor"))
    chosen = metadata.read_idp(federation.encode(), entity_id="https://b.example")
    assert (chosen.entity_id, chosen.sso_binding) == ("https://b.example", POST)
    assert metadata.read_idp(several(entity()).encode()).entity_id == IDP


def test_our_metadata_says_what_a_provider_needs() -> None:
    later = pair(ec_pair().key)
    root = parse(metadata.write_sp(replace(sp(), further_certificates=(later.certificate_pem,))))
    assert root.get("entityID") == SP
    text = text_of(root)
    assert text.count(other_pair().bare) == text.count(later.bare) == 2  # for signing and for encryption
    assert text.count(SLO) == 2
    assert 'WantAssertionsSigned="true"' in text


# -- certificates ------------------------------------------------------------------------------------------------------


def test_certificates_are_judged() -> None:
    key = idp_pair().key
    good = certificates.read(idp_pair().certificate_pem)
    assert certificates.read(idp_pair().bare) == certificates.read(f"\r\n{idp_pair().certificate_pem}\r\n") == good
    assert (good.strength, good.subject, good.weakness) == ("RSA 2048", "CN=idp.example", "")
    certificates.check(good, NOW)
    certificates.check(certificates.read(ec_pair().certificate_pem), NOW)
    judged = {
        "saml_certificate_expired": pair(key, ends=NOW - timedelta(seconds=1)),
        "saml_certificate_not_yet_valid": pair(key, begins=NOW + timedelta(seconds=1)),
        "saml_certificate_weak": pair(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
    }
    assert {code: refusal(lambda p=p: certificates.check(certificates.read(p.certificate_pem), NOW)) for code, p in judged.items()} == {
        code: code for code in judged
    }
    assert certificates.read(pair(ec.generate_private_key(ec.SECP192R1())).certificate_pem).weakness == "EC secp192r1"
    private = idp_pair().key_pem
    for text in ("", "no", private, idp_pair().certificate_pem * 2, idp_pair().bare[:-40], "A" * 30_000, "-----BEGIN CERTIFICATE-----"):
        assert refusal(lambda text=text: certificates.read(text)) == "saml_certificate_unreadable"


# -- logout ------------------------------------------------------------------------------------------------------------


@lru_cache
def their_side() -> tuple[Sp, Idp]:
    """The same connection from the provider's side."""
    pair = idp_pair()
    them = Sp(IDP, "", slo_url="https://idp.example/slo", signing_key=pair.key_pem, signing_certificate=pair.certificate_pem)
    return them, Idp(SP, "", slo_url=SLO, certificates=(certificates.read(other_pair().certificate_pem),))


def received(sent: str | bindings.Form) -> bindings.Received:
    return bindings.from_query(sent.partition("?")[2]) if isinstance(sent, str) else bindings.from_form(sent.fields)


def asks(*, them: Sp | None = None, us: Idp | None = None, moment: Any = NOW) -> str | bindings.Form:
    signer, target = their_side()
    return logout.write_request(
        them or signer, us or target, name_id=NAME, name_id_format="", session_index="_s1", moment=moment, relay_state="x"
    )[0]


def answers(request_id: str = "_r1", *, success: bool = True, moment: Any = NOW) -> str | bindings.Form:
    return logout.write_response(*their_side(), in_response_to=request_id, moment=moment, success=success)


def read_request(sent: str | bindings.Form, them: Idp | None = None) -> logout.LogoutRequest:
    return logout.read_request(received(sent), sp=sp(), idp=them or idp(), moment=NOW)


def read_response(sent: str | bindings.Form) -> logout.LogoutResponse:
    return logout.read_response(received(sent), sp=sp(), idp=idp(), request_id="_r1", moment=NOW)


@pytest.mark.parametrize("binding", [REDIRECT, POST])
def test_logout_both_ways(binding: str) -> None:
    found = read_request(asks(us=replace(their_side()[1], slo_binding=binding)))
    assert (found.name_id, found.session_indexes, found.relay_state) == (NAME, ("_s1",), "x")
    assert found.not_on_or_after == NOW + timedelta(minutes=5)
    assert not read_response(answers()).partial


def test_logout_that_is_refused() -> None:
    signer, target = their_side()
    unsigned, stranger = replace(signer, signing_key=""), replace(signer, signing_key=other_pair().key_pem)
    url = asks()
    assert isinstance(url, str)
    posted = asks(us=replace(target, slo_binding=POST))
    assert isinstance(posted, bindings.Form)
    inside = base64.b64decode(posted.fields["SAMLRequest"]).decode()
    changed = bindings.Form("", {"SAMLRequest": base64.b64encode(inside.replace(NAME, "bo@contoso.example").encode()).decode()})
    found = {
        "unsigned": refusal(lambda: read_request(asks(them=unsigned))),
        "unsigned form": refusal(lambda: read_request(asks(them=unsigned, us=replace(target, slo_binding=POST)))),
        "stranger": refusal(lambda: read_request(asks(them=stranger))),
        "changed form": refusal(lambda: read_request(changed)),
        "other state": refusal(lambda: read_request(url.replace("RelayState=x", "RelayState=y"))),
        "SHA-1": refusal(lambda: read_request(url.replace(quote_plus(MORE + "rsa-sha256"), quote_plus(DS + "rsa-sha1")))),
        "HMAC": refusal(lambda: read_request(url.replace("rsa-sha256", "hmac-sha256"))),
        "no method": refusal(lambda: read_request(url.replace("SigAlg", "Sig"))),
        "issuer": refusal(lambda: read_request(asks(them=replace(signer, entity_id="https://other.example")))),
        "destination": refusal(lambda: read_request(asks(us=replace(target, slo_url="https://evil.example/slo")))),
        "late": refusal(lambda: read_request(asks(moment=NOW - timedelta(minutes=6)))),
        "early": refusal(lambda: read_request(asks(moment=NOW + timedelta(seconds=61)))),
        "no certificate": refusal(lambda: read_request(url, replace(idp(), certificates=()))),
        "response as request": refusal(lambda: read_request(answers())),
        "request as response": refusal(lambda: read_response(asks())),
        "answer to another": refusal(lambda: read_response(answers("_r2"))),
        "failed": refusal(lambda: read_response(answers(success=False))),
        "old answer": refusal(lambda: read_response(answers(moment=NOW - timedelta(minutes=7)))),
    }
    assert found == {
        "unsigned": "saml_logout_unsigned", "unsigned form": "saml_logout_unsigned", "stranger": "saml_signature_invalid",
        "changed form": "saml_digest_mismatch", "other state": "saml_signature_invalid", "SHA-1": "saml_sha1",
        "HMAC": "saml_signature_hmac",
        "no method": "saml_signature_algorithm", "issuer": "saml_logout_issuer", "destination": "saml_logout_destination",
        "late": "saml_logout_expired", "early": "saml_issued_in_future", "no certificate": "saml_certificate_none",
        "response as request": "saml_not_a_logout", "request as response": "saml_not_a_logout",
        "answer to another": "saml_logout_in_response_to", "failed": "saml_logout_status", "old answer": "saml_logout_expired",
    }  # fmt: skip


# -- bindings and requests ---------------------------------------------------------------------------------------------


def _packed(data: bytes) -> str:
    packed = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return quote_plus(base64.b64encode(packed.compress(data) + packed.flush()).decode())


def test_addresses_that_are_refused() -> None:
    found = {
        "twice": refusal(lambda: bindings.from_query("SAMLRequest=a&SAMLRequest=b")),
        "both": refusal(lambda: bindings.from_query("SAMLRequest=a&SAMLResponse=b")),
        "both in a form": refusal(lambda: bindings.from_form({"SAMLRequest": "a", "SAMLResponse": "b"})),
        "none": refusal(lambda: bindings.from_query("RelayState=x")),
        "bomb": refusal(lambda: bindings.from_query("SAMLRequest=" + _packed(b"<" * 10_000_000))),
        "not packed": refusal(lambda: bindings.from_query("SAMLRequest=" + quote_plus(base64.b64encode(b"<x/>").decode()))),
        "cut": refusal(lambda: bindings.from_query("SAMLRequest=" + quote_plus(base64.b64encode(zlib.compress(b"x" * 99)[2:-8]).decode()))),
        "other encoding": refusal(lambda: bindings.from_query("SAMLEncoding=urn:x&SAMLRequest=a")),
        "another kind": refusal(lambda: requests.read(bindings.from_query("SAMLRequest=" + _packed(b"<x/>")), moment=NOW)),
    }
    assert found == {
        "twice": "saml_query", "both": "saml_query", "both in a form": "saml_query", "none": "saml_missing", "bomb": "saml_too_large",
        "not packed": "saml_encoding", "cut": "saml_encoding", "other encoding": "saml_encoding", "another kind": "saml_not_a_request",
    }  # fmt: skip


def test_only_a_response_is_asked_which_request_it_answers() -> None:
    assert responses.in_response_to(b64(good())) == REQUEST
    assert refusal(lambda: responses.in_response_to(b64(good().replace("samlp:Response", "samlp:Other")))) == "saml_not_a_response"


def test_requests_say_what_they_must() -> None:
    theirs = (certificates.read(other_pair().certificate_pem),)
    url, request_id = requests.authn_request(sp(), replace(idp(), sso_url=SSO + "?a=1"), moment=NOW, relay_state="s", force_authn=True)
    assert url.startswith(SSO + "?a=1&SAMLRequest=")
    asked = requests.read(bindings.from_query(url.partition("?")[2]), certificates=theirs, moment=NOW)
    assert (asked.id, asked.issuer, asked.acs_url, asked.force_authn, asked.relay_state) == (request_id, SP, sp().acs_url, True, "s")
    plain, other_id = requests.authn_request(sp(), replace(idp(), sign_requests=False), moment=NOW, relay_state="")
    assert "Signature=" not in plain
    assert other_id != request_id
