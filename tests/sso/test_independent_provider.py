"""Our side of OpenID Connect against a provider that others wrote and certified: there, back, tokens, userinfo, logout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwk

from tenantry.sso.oidc import codes, discovery, keys, logout, network, tokens, userinfo
from tenantry.sso.oidc.codes import Client
from tenantry.sso.refused import Refused
from tests.receivers import Receiver

from .independent_provider import CLIENT, SECRET, Independent, independent_provider

CALLBACK, AFTERWARDS = "https://app.tenantry.example/sso/con_1/callback", "https://app.tenantry.example/signed-out"
KEYED = jwk.generate_key("EC", "P-256", {"kid": "ours", "use": "sig"})
fetch = network.guarded(allow_loopback=True)


@pytest.fixture(scope="module")
def told() -> Iterator[Receiver]:
    """Our door for what the provider tells without a browser."""
    with Receiver(lambda request: (200, {"Cache-Control": "no-store"}, b"")) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def independent(told: Receiver) -> Iterator[Independent]:
    """The one provider of this module, with a client for each way to say who we are."""
    more = [
        {"client_id": "posting", "client_secret": SECRET, "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "client_secret_post"},
        {"client_id": "keyed", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt",
         "jwks": {"keys": [KEYED.as_dict(private=False)]}, "id_token_signed_response_alg": "ES256"},
    ]  # fmt: skip
    with independent_provider(
        redirect_uris=[CALLBACK], post_logout_redirect_uris=[AFTERWARDS], backchannel_logout_uri=told.url, further_clients=more
    ) as running:
        yield running


@pytest.fixture(scope="module")
def provider(independent: Independent) -> discovery.Provider:
    """What it says of itself."""
    return discovery.read(discovery.issuer_of(independent.discovery_url), fetch, allow_loopback=True)


class Browser:
    """Somebody's browser: it goes where it is sent until it would come back to us."""

    def __init__(self, provider: discovery.Provider, client: Client) -> None:
        self.provider, self.client = provider, client
        self.web = httpx.Client(follow_redirects=False)
        self.state, self.nonce, self.verifier = codes.new_secret(), codes.new_secret(), codes.new_secret()

    def sign_in(self, hint: str = "", *, scopes: tuple[str, ...] = ("email", "profile", "groups"), **more: object) -> dict[str, str]:
        """The parameters that it comes back with."""
        there = codes.start(
            self.provider, client_id=self.client.id, redirect_uri=CALLBACK, state=self.state, nonce=self.nonce, verifier=self.verifier,
            scopes=scopes, login_hint=hint, **more,  # type: ignore[arg-type]  # prompt and max_age
        )  # fmt: skip
        return self.follow(there)

    def follow(self, address: str) -> dict[str, str]:
        """Go on until an address of ours, or fail."""
        for _ in range(10):
            answer = self.web.get(address)
            assert answer.is_redirect, answer.text
            address = str(answer.url.join(answer.headers["Location"]))
            if address.startswith((CALLBACK, AFTERWARDS)):
                return dict(parse_qsl(urlsplit(address).query))
        raise AssertionError("it goes in circles")

    def exchange(self, code: str, **changed: str) -> codes.Tokens:
        """What the code is worth."""
        given = {"redirect_uri": CALLBACK, "verifier": self.verifier, **changed}
        return codes.exchange(self.provider, fetch, client=self.client, code=code, moment=datetime.now(UTC), **given)

    def read(self, given: codes.Tokens, **more: object) -> tokens.Claims:
        """Who it is."""
        return tokens.read_id_token(
            given.id_token, keys=keys.Keys(self.provider, fetch), provider=self.provider, client_id=self.client.id, nonce=self.nonce,
            moment=datetime.now(UTC), access_token=given.access_token, **more,  # type: ignore[arg-type]  # authenticated_since
        )  # fmt: skip


WAYS = [Client(CLIENT, SECRET), Client("posting", SECRET, "client_secret_post"),
        Client("keyed", "", "private_key_jwt", KEYED.as_pem(private=True).decode(), "ours")]  # fmt: skip


def test_it_describes_itself(independent: Independent, provider: discovery.Provider) -> None:
    assert provider.issuer == independent.issuer
    assert provider.iss_parameter_supported and provider.backchannel_logout and provider.backchannel_logout_session
    assert provider.algorithms == ("RS256", "ES256")
    assert set(provider.token_auth_methods) == set(discovery.AUTHENTICATION)
    with pytest.raises(Refused, match="oidc_issuer_mismatch"):
        discovery.read(independent.issuer.replace("localhost", "127.0.0.1"), fetch, allow_loopback=True)


@pytest.mark.parametrize("client", WAYS, ids=lambda client: client.id)
def test_a_whole_sign_in(provider: discovery.Provider, client: Client) -> None:
    browser = Browser(provider, client)
    back = browser.sign_in("ada@contoso.example")
    assert back["iss"] == provider.issuer
    given = browser.exchange(codes.check_callback(back, provider=provider, state=browser.state))
    claims = browser.read(given)
    assert claims.subject == "u-ada"
    assert "email" not in claims.values, "that is what userinfo is for"
    more = userinfo.read(provider, fetch, access_token=given.access_token, subject=claims.subject)
    whole = claims.with_userinfo(more).values
    assert (whole["email"], whole["given_name"], whole["groups"]) == ("ada@contoso.example", "Ada", ["staff", "engineering"])
    with pytest.raises(Refused, match="oidc_userinfo_subject_mismatch"):
        userinfo.read(provider, fetch, access_token=given.access_token, subject="u-grace")
    with pytest.raises(Refused, match="oidc_code_refused"):
        browser.exchange(back["code"])


def test_a_code_is_worth_nothing_without_its_verifier_its_address_or_its_client(provider: discovery.Provider) -> None:
    wrong = ({"verifier": codes.new_secret()}, {"redirect_uri": f"{CALLBACK}/elsewhere"})
    for changed in wrong:
        browser = Browser(provider, WAYS[0])
        code = codes.check_callback(browser.sign_in("ada@contoso.example"), provider=provider, state=browser.state)
        with pytest.raises(Refused, match="oidc_code_refused"):
            browser.exchange(code, **changed)
    browser = Browser(provider, WAYS[0])
    code = browser.sign_in("ada@contoso.example")["code"]
    for client, refusal in ((WAYS[1], "oidc_code_refused"), (Client(CLIENT, "another-secret"), "oidc_client_refused")):
        browser.client = client
        with pytest.raises(Refused, match=refusal) as refused:
            browser.exchange(code)
        assert not any(secret in str(refused.value) for secret in (SECRET, "another-secret", code, browser.verifier))


def test_a_code_slipped_into_another_browser_stops_at_the_nonce(provider: discovery.Provider) -> None:
    """The attacker's browser hands its code, and even its verifier: the id_token is for another nonce."""
    attacker, victim = Browser(provider, WAYS[0]), Browser(provider, WAYS[0])
    given = attacker.exchange(attacker.sign_in("linus@contoso.example")["code"])
    with pytest.raises(Refused, match="oidc_nonce_mismatch"):
        victim.read(given)


def test_a_fresh_sign_in_is_asked_for_and_shown(provider: discovery.Provider) -> None:
    browser, asked = Browser(provider, WAYS[0]), datetime.now(UTC)
    browser.sign_in("ada@contoso.example")
    browser.state, browser.nonce = codes.new_secret(), codes.new_secret()
    back = browser.sign_in("ada@contoso.example", prompt="login", max_age=0)
    claims = browser.read(browser.exchange(back["code"]), authenticated_since=asked)
    assert claims.authenticated_at and claims.authenticated_at > asked - timedelta(seconds=1)


def test_what_it_refuses_is_told(provider: discovery.Provider) -> None:
    silent = Browser(provider, WAYS[0])
    with pytest.raises(Refused, match="oidc_login_required"):
        codes.check_callback(silent.sign_in(prompt="none"), provider=provider, state=silent.state)
    browser = Browser(provider, WAYS[0])
    with pytest.raises(AssertionError, match="Who are you"):
        browser.sign_in("nobody-it-knows@contoso.example")
    refused = browser.follow(f"{_interaction(browser)}?as=nobody")
    with pytest.raises(Refused, match=r"oidc_access_denied.*Nobody wanted to"):
        codes.check_callback(refused, provider=provider, state=browser.state)


def _interaction(browser: Browser) -> str:
    """Where the browser is asked who it is: the path of the cookie says so."""
    path = next(cookie.path for cookie in browser.web.cookies.jar if cookie.path.startswith("/interaction/"))
    return f"{browser.provider.issuer}{path}"


def test_signing_out_there_tells_us_by_the_back_channel(provider: discovery.Provider, told: Receiver) -> None:
    browser = Browser(provider, WAYS[0])
    given = browser.exchange(browser.sign_in("grace@contoso.example")["code"])
    claims = browser.read(given)
    there = logout.url(provider, client_id=CLIENT, id_token_hint=given.id_token, post_logout_redirect_uri=AFTERWARDS, state="s-1")
    page = browser.web.get(there)
    xsrf = page.text.partition('name="xsrf" value="')[2].partition('"')[0]
    confirmed = browser.web.post(f"{provider.end_session_endpoint}/confirm", data={"xsrf": xsrf, "logout": "yes"})
    assert confirmed.headers["Location"] == f"{AFTERWARDS}?state=s-1"
    text = dict(parse_qsl(told.wait(1)[-1].body.decode()))["logout_token"]
    found = tokens.read_logout_token(text, keys=keys.Keys(provider, fetch), provider=provider, client_id=CLIENT, moment=datetime.now(UTC))
    assert (found.subject, found.session_id) == ("u-grace", claims.session_id)
    with pytest.raises(Refused, match="oidc_token_type_unexpected"):
        browser.read(codes.Tokens(text))
    with pytest.raises(Refused, match="oidc_logout_nonce"):
        tokens.read_logout_token(
            given.id_token, keys=keys.Keys(provider, fetch), provider=provider, client_id=CLIENT, moment=datetime.now(UTC)
        )
