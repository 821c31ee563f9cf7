"""OpenID Connect as it goes well: what is sent, and what is read. What must not go well is in tests/security/oidc_corpus."""

from __future__ import annotations

import base64
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from joserfc import jwk, jwt

from tenantry.kit.outgoing import Answer
from tenantry.sso import mapping, oidc_door
from tenantry.sso.oidc import codes, discovery, keys, logout, own_key, userinfo
from tenantry.sso.refused import Refused
from tenantry.sso.saml import certificates as x509
from tests.security.oidc_corpus.stage import (
    CALLBACK,
    CLIENT,
    LOGOUT,
    MOMENT,
    NONCE,
    NOW,
    SECRET,
    STATE,
    VERIFIER,
    Stage,
    at_hash,
    private,
    public,
)

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")

KINDS = [
    *((alg, "RSA", 2048) for alg in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
    ("ES256", "EC", "P-256"), ("ES384", "EC", "P-384"), ("ES512", "EC", "P-521"), ("EdDSA", "OKP", "Ed25519"),
]  # fmt: skip


def test_a_description_is_read_and_can_be_kept() -> None:
    stage = Stage()
    told = {
        "end_session_endpoint": "https://login.contoso.example/end",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "token_endpoint_auth_methods_supported": ["client_secret_post", "tls_client_auth"],
        "scopes_supported": ["openid", "email"],
        "something_else": {"nobody": ["reads"]},
    }
    found = stage.discover(stage.description(**told))
    assert found.issuer == Stage.ISSUER
    assert found.algorithms == ("RS256",), "of what it offers, only what we accept"
    assert found.token_auth_methods == ("client_secret_post",)
    assert found.iss_parameter_supported and found.backchannel_logout and found.backchannel_logout_session
    assert found.userinfo_endpoint == ""
    assert discovery.Provider.of(json.loads(json.dumps(found.kept()))) == found
    assert discovery.issuer_of(f" {Stage.ISSUER}/.well-known/openid-configuration ") == Stage.ISSUER


def test_an_issuer_that_ends_in_a_slash_keeps_it() -> None:
    stage = Stage()
    found = stage.discover(stage.description(issuer=f"{Stage.ISSUER}/"), issuer=f"{Stage.ISSUER}/")
    assert found.issuer == f"{Stage.ISSUER}/"
    assert stage.calls[0][1] == f"{Stage.ISSUER}/.well-known/openid-configuration"


def test_this_machine_is_for_development() -> None:
    stage, here = Stage(), "http://localhost:9"
    told = {name: f"{here}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    document = stage.description(issuer=here, **told)
    assert stage.discover(document, issuer=here, allow_loopback=True).token_endpoint == f"{here}/token_endpoint"
    with pytest.raises(Refused) as refused:
        stage.discover(document, issuer=here)
    assert refused.value.code == "oidc_issuer_invalid"


def test_the_browser_is_sent_with_everything_that_binds_the_answer() -> None:
    there = codes.start(
        Stage().provider, client_id=CLIENT, redirect_uri=CALLBACK, state=STATE, nonce=NONCE, verifier=VERIFIER, scopes=["email"],
        login_hint="ada@contoso.example", prompt="login", max_age=0,
    )  # fmt: skip
    assert dict(parse_qsl(urlsplit(there).query)) == {
        "response_type": "code", "client_id": CLIENT, "redirect_uri": CALLBACK, "scope": "openid email", "state": STATE, "nonce": NONCE,
        "code_challenge": codes.challenge(VERIFIER), "code_challenge_method": "S256", "prompt": "login", "max_age": "0",
        "login_hint": "ada@contoso.example",
    }  # fmt: skip
    # RFC 7636, appendix B
    assert codes.challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    with pytest.raises(ValueError, match="verifier"):
        codes.start(Stage().provider, client_id=CLIENT, redirect_uri=CALLBACK, state=STATE, nonce=NONCE, verifier="short")
    assert len(codes.new_secret()) == 43


def test_the_browser_comes_back_with_a_code() -> None:
    assert Stage(iss_parameter_supported=True).callback() == "a-code"
    assert Stage().callback(iss=None, session_state="ignored") == "a-code"
    assert Stage().callback(code=["in-a-list"], state=[STATE]) == "in-a-list"


def test_a_code_is_exchanged_by_each_way_of_saying_who_we_are() -> None:
    stage = Stage(token_auth_methods=("client_secret_post", "client_secret_basic", "private_key_jwt"))
    given = {"id_token": "x.y.z", "access_token": "opaque", "token_type": "bearer"}
    assert stage.exchange(given) == codes.Tokens("x.y.z", "opaque")
    stage.exchange(given, method="client_secret_basic")
    key = private("EC", "P-256")
    stage.exchange(given, method="", secret="", private_key=key.as_pem(private=True).decode(), key_id="ours")
    secret_key, certificate = x509.make(name="Contoso SSO", moment=datetime.fromtimestamp(NOW, UTC))
    stage.exchange(given, method="private_key_jwt", secret="", private_key=secret_key, certificate=certificate)
    posted, basic, keyed, own = ({name: value[0] for name, value in parse_qs(body.decode()).items()} for _, _, _, body in stage.calls)
    common = {"grant_type": "authorization_code", "code": "a-code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    assert posted == common | {"client_id": CLIENT, "client_secret": SECRET}
    assert basic == common
    credentials = base64.b64decode(stage.calls[1][2]["Authorization"].removeprefix("Basic ")).decode()
    assert credentials == f"{CLIENT}:s3cret%2B%2F%3D%3Athat+nobody+may+read"
    assertion = jwt.decode(keyed["client_assertion"], key, algorithms=["ES256"])
    assert assertion.header == {"typ": "JWT", "alg": "ES256", "kid": "ours"}
    assert {assertion.claims[name] for name in ("iss", "sub")} == {CLIENT}
    assert assertion.claims["aud"] == stage.provider.token_endpoint
    assert assertion.claims["exp"] == NOW + 120
    listed = own_key.key_set(certificate)["keys"]
    found = jwt.decode(own["client_assertion"], jwk.KeySet.import_key_set({"keys": listed}), algorithms=["RS256"])
    assert set(found.header) == {"typ", "alg", "kid", "x5t", "x5t#S256"}, "by the list, or by the certificate"
    assert {"d", "p", "q"}.isdisjoint(listed[0]) and own_key.key_set("") == {"keys": []}
    assert SECRET not in repr(codes.Client(CLIENT, SECRET)) + repr(codes.Tokens("secret-token", "secret-token"))


@pytest.mark.parametrize(("alg", "kind", "size"), KINDS)
def test_each_accepted_signature_is_read(alg: str, kind: str, size: int | str) -> None:
    key = private(kind, size)
    stage = Stage(algorithms=(alg,), listed=[public(key)])
    assert stage.read(stage.token(key=key, alg=alg)).subject == "248289761001"


def test_an_id_token_is_read_with_all_its_claims() -> None:
    stage = Stage()
    told = {
        "aud": [CLIENT, "another"],
        "azp": CLIENT,
        "nbf": NOW + 59,
        "exp": NOW - 59,
        "auth_time": NOW - 30,
        "at_hash": at_hash("opaque"),
        "sid": "s-1",
        "groups": ["staff", "all"],
    }
    claims = stage.read(stage.token({"typ": "JWT"}, **told), access_token="opaque", authenticated_since=MOMENT)
    assert claims.values["groups"] == ["staff", "all"]
    assert (claims.session_id, claims.authenticated_at) == ("s-1", MOMENT - timedelta(seconds=30))
    completed = claims.with_userinfo({"email": "mallory@contoso.example", "given_name": "Ada"})
    assert (completed.values["email"], completed.values["given_name"]) == ("ada@contoso.example", "Ada")


def test_userinfo_tells_the_rest_and_nothing_that_must_be_signed() -> None:
    stage = Stage()
    stage.answers[stage.provider.userinfo_endpoint] = {"sub": "248289761001", "given_name": "Ada", "aud": "another", "nonce": "x"}
    assert userinfo.read(stage.provider, stage.fetch, access_token="opaque", subject="248289761001") == {"given_name": "Ada"}
    assert stage.calls[0][2]["Authorization"] == "Bearer opaque"
    assert userinfo.read(stage.provider, stage.fetch, access_token="", subject="248289761001") == {}


def test_userinfo_is_asked_for_whatever_is_mapped_and_missing() -> None:
    stage, at = Stage(), "https://login.contoso.example/userinfo"
    stage.answers[at] = {"sub": "248289761001", "email": "mallory@contoso.example", "name": "Ada", "groups": ["staff"], "dept": "R&D"}

    def told(*, custom: dict[str, str] | None = None, groups: bool = False, **claims: object) -> dict[str, object]:
        found = stage.read(stage.token(**claims))
        lacking = mapping.lacking(
            mapping.flattened(found.values), mapping={"custom": custom or {}}, preset="generic", kind="oidc", groups=groups
        )
        stage.calls.clear()
        return oidc_door.completed(found, lacking, provider=stage.provider, fetch=stage.fetch, access_token="opaque").values

    assert "dept" not in told(name="Ada") and not stage.calls, "nothing is missing, so nobody is asked"
    assert (told()["name"], told()["email"]) == ("Ada", "ada@contoso.example"), "what is signed goes before what isn't"
    assert told(name="Ada", groups=True)["groups"] == ["staff"]
    assert told(name="Ada", custom={"department": "dept"})["dept"] == "R&D"
    assert told(name="Ada", email=None)["email"] == "mallory@contoso.example"
    for lacking in ({}, {"groups": True}):
        stage.answers[at] = {"sub": "somebody-else", "name": "Eve", "groups": ["admins"]}
        with pytest.raises(Refused, match="oidc_userinfo_subject_mismatch"):
            told(**lacking)
    stage.answers[at] = Answer(403, {}, b"", 1)
    assert "name" not in told(), "a name alone keeps nobody out"
    with pytest.raises(Refused, match="oidc_answer_status"):
        told(groups=True)


def test_a_logout_token_is_read() -> None:
    stage = Stage()
    for told, ended in (({}, ("248289761001", "s-1")), ({"sub": None}, ("", "s-1")), ({"sid": None}, ("248289761001", ""))):
        found = stage.read_logout(stage.logout_token(**told))
        assert (found.subject, found.session_id, found.jti) == (*ended, "a-logout")
        assert found.until == MOMENT + timedelta(seconds=115 + 60)
    assert stage.read_logout(
        stage.logout_token({"typ": "JWT"}, events={LOGOUT: {}, "another": {}}, exp=NOW + 10**6)
    ).until == MOMENT + timedelta(seconds=600 - 5 + 60)


def test_where_the_browser_goes_to_sign_out_there() -> None:
    there = logout.url(
        Stage().provider, client_id=CLIENT, id_token_hint="x.y.z", post_logout_redirect_uri="https://app.example/", state="s"
    )
    assert dict(parse_qsl(urlsplit(there).query)) == {
        "client_id": CLIENT, "id_token_hint": "x.y.z", "post_logout_redirect_uri": "https://app.example/", "state": "s",
    }  # fmt: skip
    assert "id_token_hint" not in logout.url(Stage().provider, client_id=CLIENT, id_token_hint="x" * 5000)
    assert logout.url(discovery.Provider("i", "a", "t", "j"), client_id=CLIENT) == ""


def test_keys_roll_over_and_strangers_cannot_make_us_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, now = Stage(), 1000.0
    monkeypatch.setattr(keys.time, "monotonic", lambda: now)
    old, new = private(), private("EC", "P-256", "rolled")
    stage.read(stage.token())
    stage.read(stage.token())
    assert len(stage.calls) == 1, "kept"
    for name in ("made-up", "../../etc/passwd", "' or 1=1 --", "a", "b", "c"):
        with pytest.raises(Refused) as refused:
            stage.read(stage.token({"kid": name}))
        assert refused.value.code == "oidc_key_unknown"
    assert len(stage.calls) == 1 + keys.RENEWALS, "strangers make us ask some times and no more"
    now += keys.WITHIN_SECONDS + 1
    with pytest.raises(Refused, match="oidc_key_unknown"):
        stage.read(stage.token({"kid": "made-up"}))
    # Rolled over a moment after we asked: the very first token counts.
    now += 0.5
    stage.answers[stage.provider.jwks_uri] = {"keys": [public(old), public(new)]}
    asked = len(stage.calls)
    rolled = Stage(algorithms=("RS256", "ES256"))
    rolled.provider = discovery.Provider.of({**stage.provider.kept(), "algorithms": ["RS256", "ES256"]})
    rolled.answers = stage.answers
    assert rolled.read(rolled.token(key=new, alg="ES256")).subject
    assert (len(stage.calls), len(rolled.calls)) == (asked, 1), "one asks for the whole process"
    # The provider has a fault while a stranger sends a made-up kid: the keys we have stay good.
    now += keys.WITHIN_SECONDS + 1
    stage.answers[stage.provider.jwks_uri] = Answer(503, {}, b"", 1)
    with pytest.raises(Refused, match="oidc_key_unknown"):
        stage.read(stage.token({"kid": "made-up"}))
    stage.read(stage.token())
    # But no longer than they are kept.
    now += keys.KEPT_SECONDS + 1
    with pytest.raises(Refused, match="oidc_answer_status"):
        stage.read(stage.token())
    with pytest.raises(Refused, match="oidc_keys_unavailable"):
        stage.read(stage.token())
    # A withdrawn key is out.
    now += keys.FAILED_SECONDS + 1
    stage.answers[stage.provider.jwks_uri] = {"keys": [public(new)]}
    with pytest.raises(Refused, match="oidc_key_unknown"):
        stage.read(stage.token())


def test_many_at_once_ask_for_the_keys_once() -> None:
    stage = Stage()
    honest = stage.fetch

    def slow(*call: object) -> Answer:
        time.sleep(0.05)
        return honest(*call)  # type: ignore[arg-type]  # as it was called

    stage.fetch = slow  # type: ignore[method-assign]  # this one's only
    token, read = stage.token(), []
    threads = [threading.Thread(target=lambda: read.append(stage.read(token))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(read), len(stage.calls)) == (8, 1)


def test_nobody_waits_for_a_strangers_asking() -> None:
    """A token with a made-up kid makes us ask a provider that is slow today: tokens with known keys are read meanwhile."""
    stage, asked, go_on = Stage(), threading.Event(), threading.Event()
    stage.read(stage.token())
    honest = stage.fetch

    def slow(*call: object) -> Answer:
        asked.set()
        assert go_on.wait(5)
        return honest(*call)  # type: ignore[arg-type]  # as it was called

    stage.fetch = slow  # type: ignore[method-assign]  # this one's only
    keys.Keys(stage.provider, slow)._held.asked = float("-inf")
    stranger = threading.Thread(target=lambda: _refused(stage, stage.token({"kid": "made-up"})))
    stranger.start()
    assert asked.wait(5)
    assert stage.read(stage.token()).subject
    go_on.set()
    stranger.join()


def test_who_waited_in_vain_does_not_ask_in_turn() -> None:
    stage = Stage()
    stage.answers[stage.provider.jwks_uri] = Answer(503, {}, b"", 1)
    honest, told = stage.fetch, []

    def slow(*call: object) -> Answer:
        time.sleep(0.05)
        return honest(*call)  # type: ignore[arg-type]  # as it was called

    stage.fetch = slow  # type: ignore[method-assign]  # this one's only
    threads = [threading.Thread(target=lambda: told.append(_refused(stage, stage.token()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["oidc_answer_status", *["oidc_keys_unavailable"] * 7]
    assert len(stage.calls) == 1


def _refused(stage: Stage, token: str) -> str:
    with pytest.raises(Refused) as refused:
        stage.read(token)
    return refused.value.code


def test_keys_that_cannot_be_used_are_left_out_with_the_reason() -> None:
    good = private()
    weak = {"kty": "RSA", "kid": "weak", "e": "AQAB", "n": base64.urlsafe_b64encode(b"\xff" * 128).decode().rstrip("=")}
    found = keys.read_set(
        {
            "keys": [
                {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
                weak,
                {**private().as_dict(private=True), "kid": "published"},
                public(good, use="enc", kid="for-encryption"),
                public(good, key_ops=["encrypt"], use=None, kid="also"),
                public(good, alg="HS256", kid="for-hmac"),
                {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA", "kid": "curve"},
                {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "no-point"},
                {"kty": 5},
                public(good, x5c=["nonsense"], x5u="ftp://elsewhere"),
            ]
        }
    )
    assert [key.kid for key in found.keys] == [good.kid]
    told = dict(text.split(": ", 1) for text in found.skipped)
    assert told["weak"] == "it has 1024 bits, and 2048 to 8192 are accepted"
    assert "private part" in told["published"] and "shared secret" in told["shared"]
    assert len(told) == 9
