"""The built-in test provider's OpenID Connect, spoken to as a browser and a service do, and read by our own strict library."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tenantry.kit.outgoing import Answer
from tenantry.sso.oidc import codes, discovery, keys, logout, network, tokens, userinfo
from tenantry.sso.provider import oidc
from tenantry.sso.provider.identity import identity
from tenantry.sso.refused import Refused

from ..people import Tenant
from ..threads import Threads
from .test_provider import Browser

FAULTS = {
    "expired": "oidc_token_expired",
    "audience": "oidc_audience_wrong",
    "unsigned": "oidc_algorithm_none",
    "stranger": "oidc_signature_invalid",
    "changed": "oidc_signature_invalid",
    "request": "oidc_nonce_mismatch",
}
ADA = {
    "email": "Ada@contoso.example",
    "name": "Ada Okafor",
    "groups": "Staff\nAdmins",
    "more": "department = Sales\niss = https://evil.example",
}
fetch = network.guarded(allow_loopback=True)


class Service:
    """Our side, for one tenant: what a connection to its test provider would do."""

    def __init__(self) -> None:
        self.tenant = Tenant.make(f"oidc-{secrets.token_hex(6)}")
        with self.tenant.scope():
            self.secret, self.told = oidc.client_secret(identity()), oidc.provider()
        self.callback = f"{self.tenant.url}/sso/con_1/callback"
        self.provider = discovery.read(f"{self.tenant.url}/test-provider/oidc", fetch, allow_loopback=True)
        self.client = codes.Client(oidc.CLIENT_ID, self.secret)
        self.browser = Browser(self.tenant)
        self.anew()

    def anew(self) -> None:
        """What binds the next sign-in."""
        self.state, self.nonce, self.verifier = codes.new_secret(), codes.new_secret(), codes.new_secret()

    def start(self, **more: Any) -> str:
        """Where the browser is sent."""
        asked = {"redirect_uri": self.callback, "state": self.state, "nonce": self.nonce, "verifier": self.verifier, **more}
        return codes.start(self.provider, client_id=self.client.id, **asked)

    def back(self, answer: httpx.Response) -> str:
        """The code that the browser brings."""
        assert answer.status_code == 302, answer.text
        to = urlsplit(answer.headers["location"])
        assert answer.headers["location"].startswith(self.callback + "?")
        return codes.check_callback(dict(parse_qsl(to.query)), provider=self.provider, state=self.state)

    def exchange(self, code: str, **changed: Any) -> codes.Tokens:
        """What a code is worth."""
        given = {"client": self.client, "redirect_uri": self.callback, "verifier": self.verifier, **changed}
        return codes.exchange(self.provider, fetch, code=code, moment=datetime.now(UTC), **given)

    def read(self, given: codes.Tokens, **more: Any) -> tokens.Claims:
        """Who signed in."""
        return tokens.read_id_token(
            given.id_token, keys=keys.Keys(self.provider, fetch), provider=self.provider, client_id=self.client.id, nonce=self.nonce,
            moment=datetime.now(UTC), access_token=given.access_token, **more,
        )  # fmt: skip


@pytest.fixture(scope="module")
def service() -> Service:
    return Service()


def test_a_whole_sign_in_and_every_wrong_answer(service: Service) -> None:
    assert service.provider == service.told, "what it says over the network is what a connection is told without it"
    begun = datetime.now(UTC)
    page = service.browser.get(service.start(login_hint="ada@contoso.example"))
    assert service.callback in page.text
    assert 'value="ada@contoso.example"' in page.text
    code = service.back(service.browser.post(service.start(), **ADA))
    given = service.exchange(code)
    claims = service.read(given, authenticated_since=begun)
    assert claims.subject == "ada@contoso.example"
    told = {
        "email": "Ada@contoso.example",
        "email_verified": True,
        "name": "Ada Okafor",
        "groups": ["Staff", "Admins"],
        "department": "Sales",
    }
    assert told.items() <= claims.values.items()
    assert claims.values["iss"] == service.provider.issuer
    assert userinfo.read(service.provider, fetch, access_token=given.access_token, subject=claims.subject) == told
    with pytest.raises(Refused, match="oidc_code_refused"):
        service.exchange(code)
    for fault, refusal in FAULTS.items():
        service.anew()
        given = service.exchange(service.back(service.browser.post(service.start(), **ADA, fault=fault)))
        with pytest.raises(Refused) as refused:
            service.read(given)
        assert refused.value.code == refusal
    assert service.browser.post(service.start(), email="nobody").status_code == 422


def test_codes_are_for_one_client_address_and_browser_and_for_once(service: Service) -> None:
    def code() -> str:
        service.anew()
        return service.back(service.browser.post(service.start(), email="ada@contoso.example"))

    for changed, refusal in (
        ({"verifier": codes.new_secret()}, "oidc_code_refused"),
        ({"redirect_uri": f"{service.callback}x"}, "oidc_code_refused"),
        ({"client": codes.Client(oidc.CLIENT_ID, "another")}, "oidc_client_refused"),
        ({"client": codes.Client("another", service.secret, "client_secret_post")}, "oidc_client_refused"),
    ):
        with pytest.raises(Refused, match=refusal):
            service.exchange(code(), **changed)
    with pytest.raises(Refused, match="oidc_code_refused"):
        service.exchange("made-up")
    contested = code()

    def race(_: int) -> bool:
        try:
            return bool(service.exchange(contested))
        except Refused:
            return False

    with Threads(6) as pool:
        assert sum(pool.map(race, range(6))) == 1
    given = service.exchange(code(), client=codes.Client(oidc.CLIENT_ID, service.secret, "client_secret_post"))
    for bearer in ("made-up", code(), given.id_token):
        with pytest.raises(Refused, match="oidc_answer_status"):
            userinfo.read(service.provider, fetch, access_token=bearer, subject="ada@contoso.example")


def test_what_it_refuses_goes_back_to_the_service(service: Service) -> None:
    service.anew()
    honest = service.start()
    for change, refusal in (
        (("code_challenge_method=S256", "code_challenge_method=plain"), "oidc_request_refused"),
        (("response_type=code", "response_type=id_token"), "oidc_response_type_refused"),
        (("scope=openid", "scope=x"), "oidc_scope_refused"),
        (("&state=", "&prompt=none&state="), "oidc_login_required"),
    ):
        with pytest.raises(Refused, match=refusal):
            service.back(service.browser.get(honest.replace(*change)))
    assert service.browser.get(service.start(redirect_uri="https://evil.example/")).status_code == 403
    assert service.browser.get(honest.replace(oidc.CLIENT_ID, "another")).status_code == 400
    assert service.browser.get(service.provider.authorization_endpoint).status_code == 400
    posted = httpx.post(service.provider.token_endpoint, headers={"Authorization": "Basic !"}, data={"grant_type": "authorization_code"})
    assert (posted.status_code, posted.json()["error"]) == (400, "invalid_request")
    form = {"client_id": oidc.CLIENT_ID, "client_secret": service.secret, "grant_type": "password"}
    assert httpx.post(service.provider.token_endpoint, data=form).json()["error"] == "unsupported_grant_type"


def test_signing_out_both_ways(service: Service) -> None:
    service.anew()
    given = service.exchange(service.back(service.browser.post(service.start(), email="ada@contoso.example")))
    afterwards = f"{service.tenant.url}/signed-out"
    asked = {"client_id": oidc.CLIENT_ID, "id_token_hint": given.id_token, "post_logout_redirect_uri": afterwards, "state": "s-1"}
    assert service.browser.get(logout.url(service.provider, **asked)).headers["location"] == f"{afterwards}?state=s-1"
    assert service.browser.get(logout.url(service.provider, **asked | {"id_token_hint": "x.y.z"})).status_code == 400
    assert (
        service.browser.get(logout.url(service.provider, **asked | {"post_logout_redirect_uri": "https://evil.example"})).status_code == 403
    )
    assert service.browser.get(service.provider.end_session_endpoint).status_code == 200

    ours, end = f"{service.tenant.url}/sso/con_1/slo", f"{service.tenant.url}/test-provider/oidc/end"
    to, fields = service.browser.form(service.browser.post(end, logout_url=ours, oidc_subject="ada@contoso.example"))
    assert to == ours
    found = tokens.read_logout_token(
        fields["logout_token"], keys=keys.Keys(service.provider, fetch), provider=service.provider, client_id=oidc.CLIENT_ID,
        moment=datetime.now(UTC),
    )  # fmt: skip
    assert found.subject == "ada@contoso.example"
    assert service.browser.post(end, logout_url="https://evil.example", oidc_subject="x").status_code == 403
    assert service.browser.post(end, logout_url="", oidc_subject="").status_code == 422


def test_keys_of_two_tenants_are_two(service: Service) -> None:
    other = Tenant.make(f"oidc-{secrets.token_hex(6)}")

    def asked(url: str) -> Answer:
        return network.call(fetch, "GET", url, what="It")

    assert asked(f"{other.url}/test-provider/oidc/keys").body != asked(service.provider.jwks_uri).body
    with other.scope():
        assert oidc.client_secret(identity()) != service.secret
