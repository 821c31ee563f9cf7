"""libxmlsec1, which shares no line with our code, and we understand each other; and providers' ways of writing that are right."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import xmlsec
from lxml import etree

from tenantry.sso.refused import Refused
from tenantry.sso.saml import bindings, certificates, logout, requests, signatures
from tenantry.sso.saml.names import POST

from .case import NAME, idp, read, sp, trusting
from .issuer import (
    EXC,
    NOW,
    PSS,
    SAML,
    XENC,
    XENC11,
    Pair,
    Said,
    Signing,
    b64,
    ec_pair,
    encrypt,
    good,
    idp_pair,
    other_pair,
    pair,
    parse,
    sign,
    signed_response,
    text_of,
)  # fmt: skip
from .signing import flipped

T = xmlsec.constants


def _key(of: Pair, *, private: bool) -> Any:
    if private:
        key = xmlsec.Key.from_memory(of.key_pem, T.KeyDataFormatPem)
        key.load_cert_from_memory(of.certificate_pem, T.KeyDataFormatPem)
        return key
    return xmlsec.Key.from_memory(of.certificate_pem, T.KeyDataFormatCertPem)


def _signed_by_xmlsec(xml: str, method: Any = T.TransformRsaSha256, digest: Any = T.TransformSha256, by: Pair | None = None) -> str:
    root = parse(xml)
    node = xmlsec.template.create(root, T.TransformExclC14N, method, ns="ds")
    issuer = root.find(f"{{{SAML}}}Issuer")
    root.insert(root.index(issuer) + 1, node)
    reference = xmlsec.template.add_reference(node, digest, uri="#" + root.get("ID"))
    xmlsec.template.add_transform(reference, T.TransformEnveloped)
    xmlsec.template.add_transform(reference, T.TransformExclC14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(node))
    context = xmlsec.SignatureContext()
    context.key = _key(by or idp_pair(), private=True)
    xmlsec.tree.add_ids(root, ["ID"])
    context.sign(node)
    return text_of(root)


def _verified_by_xmlsec(root: Any, by: Pair) -> None:
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = _key(by, private=False)
    context.verify(xmlsec.tree.find_node(root, xmlsec.constants.NodeSignature))


@pytest.mark.parametrize("method, digest", [
    (T.TransformRsaSha256, T.TransformSha256), (T.TransformRsaSha384, T.TransformSha384), (T.TransformRsaSha512, T.TransformSha512),
])  # fmt: skip
def test_what_xmlsec_signs_is_accepted(method: Any, digest: Any) -> None:
    asserted = _signed_by_xmlsec(Said().assertion(), method, digest)
    assert read(Said().response(asserted)).name_id == NAME
    both = read(_signed_by_xmlsec(Said().response(asserted), method, digest), them=replace(idp(), require_signed_response=True))
    assert both.response_signed
    assert both.attributes == {"email": [NAME], "groups": ["staff", "admins"]}


def test_what_xmlsec_signs_with_a_curve_is_accepted() -> None:
    asserted = _signed_by_xmlsec(Said().assertion(), T.TransformEcdsaSha256, by=ec_pair())
    assert read(Said().response(asserted), them=replace(idp(), **trusting(ec_pair().certificate_pem))).name_id == NAME


@pytest.mark.parametrize("data, kind, bits", [
    (T.TransformAes128Gcm, T.KeyDataAes, 128), (T.TransformAes256Gcm, T.KeyDataAes, 256), (T.TransformAes256Cbc, T.KeyDataAes, 256),
])  # fmt: skip
def test_what_xmlsec_encrypts_is_accepted(data: Any, kind: Any, bits: int) -> None:
    asserted = parse(sign(Said().assertion()))
    box = etree.Element(f"{{{SAML}}}EncryptedAssertion", nsmap={"saml": SAML})
    box.append(asserted)
    template = xmlsec.template.encrypted_data_create(box, data, type=T.TypeEncElement, ns="xenc")
    xmlsec.template.encrypted_data_ensure_cipher_value(template)
    info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
    wrapped = xmlsec.template.add_encrypted_key(info, T.TransformRsaOaep)
    xmlsec.template.encrypted_data_ensure_cipher_value(wrapped)
    manager = xmlsec.KeysManager()
    manager.add_key(_key(other_pair(), private=False))
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(kind, bits, T.KeyDataTypeSession)
    context.encrypt_xml(template, asserted)
    found = read(Said().response(text_of(box)))
    assert (found.name_id, found.encrypted) == (NAME, True)


def test_what_we_sign_xmlsec_accepts() -> None:
    message = parse(Said().response(Said().assertion()))
    ours = sp()
    signatures.sign(message, key_pem=ours.signing_key, certificate_pem=ours.signing_certificate)
    _verified_by_xmlsec(parse(text_of(message)), other_pair())
    form, _ = requests.authn_request_form(ours, idp(), moment=NOW, relay_state="")
    _verified_by_xmlsec(parse(base64.b64decode(form.fields["SAMLRequest"])), other_pair())
    asked, _ = logout.write_request(ours, replace(idp(), slo_binding=POST), name_id=NAME, name_id_format="", session_index="", moment=NOW)
    assert isinstance(asked, bindings.Form)
    _verified_by_xmlsec(parse(base64.b64decode(asked.fields["SAMLRequest"])), other_pair())
    url, _ = requests.authn_request(ours, idp(), moment=NOW, relay_state="é &=+ state")
    received = bindings.from_query(url.partition("?")[2])
    assert received.relay_state == "é &=+ state"
    context = xmlsec.SignatureContext()
    context.key = _key(other_pair(), private=False)
    context.verify_binary(received.signed, T.TransformRsaSha256, received.signature)


@pytest.mark.parametrize("method", [f"{PSS}sha{size}-rsa-MGF1" for size in (256, 384, 512)])
def test_pss_is_accepted(method: str) -> None:
    assert read(Said().response(sign(Said().assertion(), Signing(method=method)))).name_id == NAME


@pytest.mark.parametrize("how", [
    {}, {"data": XENC + "aes128-cbc"}, {"beside": True}, {"digest": XENC + "sha256"},
    {"transport": XENC11 + "rsa-oaep"},
    {"transport": XENC11 + "rsa-oaep", "digest": XENC + "sha256", "mask": XENC11 + "mgf1sha256"},
], ids=str)  # fmt: skip
def test_the_ways_in_which_providers_encrypt_are_accepted(how: dict[str, Any]) -> None:
    sealed = Said().response(encrypt(sign(Said().assertion()), other_pair(), **how))
    assert read(sealed).name_id == NAME
    assert read(sign(sealed), them=replace(idp(), require_signed_response=True)).response_signed
    rolled = replace(sp(), decryption_keys=(idp_pair().key_pem, other_pair().key_pem))
    assert read(sealed, us=rolled).name_id == NAME


def test_what_is_right_in_other_ways_is_accepted() -> None:
    restrictions = Said().audience.replace("<saml:Audience>", "<saml:Audience>https://other.example</saml:Audience><saml:Audience>")
    anew = pair(idp_pair().key, ends=NOW + timedelta(days=900))
    old = pair(idp_pair().key, ends=NOW - timedelta(days=1))
    over = pair(ec_pair().key, ends=NOW - timedelta(days=1))
    lines = "\r\n".join(b64(good())[i : i + 76] for i in range(0, len(b64(good())), 76))
    with_comments = Said().response(sign(Said().assertion(), Signing(canonicalization=EXC + "WithComments")))
    right = {
        "several audiences in one restriction": read(good(audience=restrictions)),
        "no KeyInfo": read(Said().response(sign(Said().assertion(), Signing(key_info="")))),
        "form with comments": read(with_comments),
        "no issuer of an unsigned response": read(good(response_issuer="")),
        "begun at the provider": read(
            good(in_response_to=None, confirmed_request=None), request_id=None, them=replace(idp(), allow_idp_initiated=True)
        ),
        "roll-over, old key": read(good(), them=replace(idp(), **trusting(other_pair().certificate_pem, idp_pair().certificate_pem))),
        "roll-over, new certificate": read(good(), them=replace(idp(), **trusting(anew.certificate_pem))),
        "renewed for the same key": read(
            good(), them=replace(idp(), **trusting(old.certificate_pem, anew.certificate_pem))
        ),
        "one certificate of two is over": read(
            good(), them=replace(idp(), **trusting(over.certificate_pem, idp_pair().certificate_pem))
        ),
        "clocks apart": read(good(issued="2026-06-01T12:00:59.1234567Z", not_before="2026-06-01T14:00:58+02:00")),
        "one use": read(good(audience=Said().audience + "<saml:OneTimeUse/>")),
        "pretty": read(good(name_id=f"\n  <saml:NameID>\n    {NAME}\n  </saml:NameID>\n")),
        "no SessionNotOnOrAfter": read(good(session_until=None)),
        "Base64 in lines": read(lines, raw=True),
    }  # fmt: skip
    assert {what for what, found in right.items() if found.name_id != NAME} == set()


def test_a_replay_has_the_same_id_until_it_can_no_longer_be_presented() -> None:
    first = read(good(not_on_or_after="2026-06-01T12:03:00Z"))
    second = read(signed_response(not_on_or_after="9999-12-31T23:59:59.9999999Z", response_id="_response2"))
    assert first.id == second.id == "_assertion1"
    assert (first.not_on_or_after, second.not_on_or_after) == (NOW + timedelta(minutes=3), NOW + timedelta(minutes=5))
    endless = read(good(not_on_or_after=None, confirmed_until="9999-12-31T23:59:59Z"))
    assert endless.not_on_or_after + timedelta(days=365)  # can be counted with


def test_names_and_values_are_read_whole() -> None:
    found = read(good(attributes=(
        '<saml:Attribute Name="a"><saml:AttributeValue>x &amp; <![CDATA[<y>]]></saml:AttributeValue><saml:AttributeValue/></saml:Attribute>'
        '<saml:Attribute Name="a"><saml:AttributeValue><saml:NameID>z</saml:NameID></saml:AttributeValue></saml:Attribute>'
    )))  # fmt: skip
    assert found.attributes == {"a": ["x & <y>", "z"]}


def test_with_cbc_every_change_is_answered_alike() -> None:
    """No oracle: whatever is changed in the ciphertext, code and wording are one."""
    told = set()
    for block in range(0, 30, 3):
        for position, by in ((0, 1), (15, 0x80), (7, 0xFF)):
            with pytest.raises(Refused) as refusal:
                read(flipped(block, position=position, by=by))
            told.add((refusal.value.code, refusal.value.detail))
    for position in range(16):
        with pytest.raises(Refused) as refusal:
            read(flipped(-2, position=position, by=0x11))
        told.add((refusal.value.code, refusal.value.detail))
    assert len(told) == 1
    assert told.pop()[0] == "saml_decryption_failed"


def test_an_expired_key_is_told_from_a_wrong_one() -> None:
    over = certificates.read(pair(idp_pair().key, ends=NOW - timedelta(days=1)).certificate_pem)
    with pytest.raises(Refused, match="It ended on 2026-05-31") as refusal:
        read(good(), them=replace(idp(), certificates=(over,)))
    assert refusal.value.code == "saml_certificate_expired"
