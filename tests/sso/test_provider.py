"""The built-in test identity provider, spoken to as a browser and a service do."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from html import unescape
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.test import override_settings

from tenantry.sso.provider.gate import is_open
from tenantry.sso.refused import Refused
from tenantry.sso.saml import bindings, certificates, logout, metadata, requests, responses
from tenantry.sso.saml.parties import Idp, Sp
from tenantry.tenancy.services import create_tenant

from ..people import Client, Tenant

FAULTS = {
    "expired": "saml_confirmation_expired",
    "audience": "saml_audience",
    "unsigned": "saml_assertion_unsigned",
    "stranger": "saml_certificate_unknown",
    "changed": "saml_digest_mismatch",
    "request": "saml_in_response_to",
}


class Browser:
    """Follows forms as a browser does, without scripts."""

    def __init__(self, tenant: Tenant) -> None:
        self.http = Client(tenant.url)

    def get(self, url: str) -> httpx.Response:
        return self.http.get(url)

    def post(self, url: str, **fields: str) -> httpx.Response:
        return self.http.post(url, data=fields)

    @staticmethod
    def form(page: httpx.Response) -> tuple[str, dict[str, str]]:
        """Address and hidden fields of the form that goes on by itself."""
        assert page.status_code == 200, page.text
        found = re.search(r'<form[^>]*action="([^"]+)" data-onward>', page.text)
        assert found, page.text
        fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text[found.end() :])
        return unescape(found[1]), {name: unescape(value) for name, value in fields}


def parties(tenant: Tenant, browser: Browser) -> tuple[Sp, Idp]:
    key, certificate = certificates.make(name="us", moment=datetime.now(UTC))
    base = f"{tenant.url}/sso/con_1"
    sp = Sp(f"{base}/metadata", f"{base}/acs", f"{base}/slo", key, certificate)
    document = browser.get(f"{tenant.url}/test-provider/saml/metadata")
    assert document.headers["content-type"] == "application/samlmetadata+xml"
    told = metadata.read_idp(document.content, moment=datetime.now(UTC))
    certificates.check(told.certificates[0], datetime.now(UTC))
    return sp, Idp(told.entity_id, told.sso_url, told.slo_url, told.certificates, allow_idp_initiated=True)


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    return Tenant.make(f"idp-{secrets.token_hex(6)}")


def test_a_whole_sign_in_and_every_wrong_answer(tenant: Tenant) -> None:
    browser = Browser(tenant)
    sp, idp = parties(tenant, browser)
    url, request_id = requests.authn_request(sp, idp, moment=datetime.now(UTC), relay_state="state")
    page = browser.get(url)
    assert sp.entity_id in page.text
    person = {"email": "Ada@contoso.example", "name": "Ada Okafor", "groups": "Staff\nAdmins", "more": "department = Sales"}

    def answered(**more: str) -> responses.Assertion:
        to, fields = browser.form(browser.post(url, **person, **more))
        assert to == sp.acs_url
        assert fields["RelayState"] == "state"
        return responses.read(fields["SAMLResponse"], sp=sp, idp=idp, request_id=request_id, moment=datetime.now(UTC))

    found = answered()
    assert found.name_id == "ada@contoso.example"
    assert found.attributes == {
        "email": ["Ada@contoso.example"], "name": ["Ada Okafor"], "groups": ["Staff", "Admins"], "department": ["Sales"],
    }  # fmt: skip
    assert answered(subject="00u1").name_id == "00u1"
    for fault, code in FAULTS.items():
        with pytest.raises(Refused) as refusal:
            answered(fault=fault)
        assert refusal.value.code == code
    assert browser.post(url, email="nobody").status_code == 422


def test_begun_at_the_provider_and_ended_both_ways(tenant: Tenant) -> None:
    browser = Browser(tenant)
    sp, idp = parties(tenant, browser)
    begun = browser.post(f"{tenant.url}/test-provider/begin", audience=sp.entity_id, email="ada@contoso.example")
    to, fields = browser.form(begun)
    assert to == sp.acs_url
    now: Any = datetime.now(UTC)
    assert responses.read(fields["SAMLResponse"], sp=sp, idp=idp, request_id=None, moment=now).name_id == "ada@contoso.example"

    told = browser.post(f"{tenant.url}/test-provider/end", audience=sp.entity_id, subject="ada@contoso.example")
    assert told.status_code == 302
    address, _, query = told.headers["location"].partition("?")
    assert address == sp.slo_url
    assert logout.read_request(bindings.from_query(query), sp=sp, idp=idp, moment=now).name_id == "ada@contoso.example"

    asked, request_id = logout.write_request(
        sp, idp, name_id="ada@contoso.example", name_id_format="", session_index="", moment=now, relay_state="back"
    )
    answer = browser.get(str(asked)).headers["location"]
    found = logout.read_response(bindings.from_query(answer.partition("?")[2]), sp=sp, idp=idp, request_id=request_id, moment=now)
    assert found.relay_state == "back"
    ours = logout.write_response(sp, idp, in_response_to="_1", moment=now)
    assert "has ended its session" in browser.get(str(ours)).text


def test_it_answers_to_its_own_workspace_alone(tenant: Tenant) -> None:
    browser = Browser(tenant)
    sp, idp = parties(tenant, browser)
    foreign = Sp("https://evil.example/metadata", "https://evil.example/acs")
    asked, _ = requests.authn_request(foreign, idp, moment=datetime.now(UTC), relay_state="")
    assert browser.get(asked).status_code == 403
    for path in ("begin", "end"):
        fields = {"audience": f"{tenant.url}@evil.example/metadata", "email": "a@b.example", "subject": "a"}
        assert browser.post(f"{tenant.url}/test-provider/{path}", **fields).status_code == 403
    for broken in ("", "?SAMLRequest=x", "?SAMLRequest=eA%3D%3D&SAMLRequest=eA%3D%3D"):
        for path in ("sso", "slo"):
            assert browser.get(f"{tenant.url}/test-provider/saml/{path}{broken}").status_code == 400
    assert sp.entity_id not in browser.get(f"{tenant.url}/test-provider/").text


def test_it_is_open_in_development_and_in_sandboxes_alone(tenant: Tenant) -> None:
    serious = Tenant(create_tenant(slug=f"real-{secrets.token_hex(6)}", name="Northwind"), "")
    with serious.scope():
        assert is_open()
    with override_settings(ENVIRONMENT=settings.ENVIRONMENT.model_copy(update={"mode": "production"})):
        with serious.scope():
            assert not is_open()
        with tenant.scope():
            assert is_open()
