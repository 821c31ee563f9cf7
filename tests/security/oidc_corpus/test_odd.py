"""Whatever stands in whatever member: it is read or refused, and nothing of ours breaks on it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tenantry.sso.oidc import discovery, keys, userinfo
from tenantry.sso.refused import Refused

from .stage import NOW, Stage, id_claims, logout_claims, part, private, public, signed

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")

ODD: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 10**30, -(10**30), NOW * 10**9),
    *("", " ", "\n", "é", "\u200b", "{", "A" * 70000, "\u0430" * 300),
    *("https://", "https://[", "https://[::1", "https://a:99999/", "//x", "https://\u2100.example", "https://%zz/", "http://"),
    *([], [[]], [None], [0], ["x"], [{}], {}, {"": ""}, {"x": [{}]}, ["S256", 5]),
]
HEADER = ("alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c", "x5t", "cty", "zip")
CLAIMS = ("iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "auth_time", "at_hash", "sid", "jti", "events", "email")
DESCRIPTION = (
    *("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint", "userinfo_endpoint", "scopes_supported"),
    *("response_types_supported", "code_challenge_methods_supported", "id_token_signing_alg_values_supported"),
    *("token_endpoint_auth_methods_supported", "authorization_response_iss_parameter_supported"),
)
KEY = ("kty", "crv", "x", "y", "n", "e", "use", "key_ops", "alg", "kid", "x5c", "d")


def _tried(attempt: Callable[..., object], *given: Any, **named: Any) -> None:
    try:
        attempt(*given, **named)
    except Refused as refused:
        assert refused.code.startswith("oidc_")
        assert refused.detail.isprintable() and len(refused.detail) < 600


@pytest.mark.parametrize("name", CLAIMS)
def test_claims(name: str) -> None:
    stage = Stage()
    for odd in ODD:
        header = {"alg": "RS256", "kid": stage.key.kid}
        _tried(stage.read, signed(header, {**id_claims(), name: odd}, stage.key), access_token="opaque")
        _tried(stage.read_logout, signed(header, {**logout_claims(), name: odd}, stage.key))


@pytest.mark.parametrize("name", HEADER)
def test_headers(name: str) -> None:
    stage = Stage(algorithms=("RS256", "ES256", "EdDSA"))
    for odd in [*ODD, "none", "HS256", "ES256", "EdDSA", "RS256"]:
        token = signed({"alg": "RS256", "kid": stage.key.kid, name: odd}, id_claims(), stage.key)
        _tried(stage.read, token)


@pytest.mark.parametrize("name", DESCRIPTION)
def test_descriptions(name: str) -> None:
    for odd in ODD:
        stage = Stage()
        _tried(stage.discover, {**stage.description(), name: odd})
        _tried(discovery.read, str(odd), stage.fetch)


@pytest.mark.parametrize("name", KEY)
def test_keys(name: str) -> None:
    for honest in (public(private()), public(private("EC", "P-256")), public(private("OKP", "Ed25519"))):
        for odd in [*ODD, "P-256", "Ed448", "X25519", "RSA", "EC", "OKP", "AQ", "AA"]:
            _tried(keys.read_set, {"keys": [{**honest, name: odd}]})


def test_answers() -> None:
    for odd in ODD:
        stage = Stage()
        for name in ("id_token", "access_token", "token_type", "error", "error_description"):
            _tried(stage.exchange, {"id_token": "a.b.c", name: odd})
        _tried(stage.callback, code=str(odd), state=str(odd))
        _tried(stage.callback, error=str(odd), error_description=str(odd))
        stage.answers[stage.provider.userinfo_endpoint] = {"sub": odd}
        _tried(userinfo.read, stage.provider, stage.fetch, access_token="x", subject="y")


def test_tokens_with_letters_changed() -> None:
    """A thousand tokens with a few letters changed anywhere: none is believed, but for what makes no difference."""
    stage, chance = Stage(), random.Random(4)  # the same ones each time
    honest = stage.token()
    letters = "ABCabc019-_.=+/ \n\0é{}\"'"
    for _ in range(1000):
        changed = list(honest)
        for _ in range(chance.randint(1, 3)):
            changed[chance.randrange(len(changed))] = chance.choice(letters)
        token = "".join(changed)
        try:
            claims = stage.read(token)
        except Refused:
            continue
        assert claims.values == id_claims()
        assert token.rpartition(".")[0] == honest.rpartition(".")[0], "only bits after the end of the signature"
    for text in (part(b"\xff"), "..", ".a.", "a..a", "." * 5000, "\ud800.a.a"):
        _tried(stage.read, text)
