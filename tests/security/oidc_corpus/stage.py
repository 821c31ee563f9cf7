"""An honest OpenID Connect provider on paper, and what a forger needs: keys, tokens with anything in them, odd answers.

``Stage`` answers a ``Fetch`` from memory, so that a case says in a line what it sends and the library does the rest.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from joserfc import jwk, jws

from tenantry.kit.outgoing import Answer
from tenantry.sso.oidc import codes, discovery, keys, tokens

MOMENT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NOW = int(MOMENT.timestamp())
CLIENT, SECRET = "tenantry-at-contoso", "s3cret+/=:that nobody may read"
NONCE, STATE, VERIFIER = "nonce-of-this-browser", "state-of-this-browser", "v" * 43
CALLBACK = "https://app.tenantry.example/sso/con_1/callback"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"

_numbers = itertools.count()


@cache
def private(kind: str = "RSA", size: int | str = 2048, name: str = "honest") -> jwk.Key:
    """A private key, made once per kind and name."""
    return jwk.generate_key(kind, size, {"kid": f"{name}-{kind}-{size}"})  # type: ignore[call-overload]  # kinds come from a table


def public(key: jwk.Key, **changed: Any) -> dict[str, Any]:
    """Its public half as a provider lists it."""
    listed = {"use": "sig", **key.as_dict(private=False), **changed}
    return {name: value for name, value in listed.items() if value is not None}


def part(value: Any) -> str:
    """A part of a token: JSON (or bytes as they are) in base64url."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: Any, claims: Any, key: jwk.Key, alg: str = "RS256") -> str:
    """A token over any header and any claims, also such as no library would write; ``alg`` is what really is done."""
    text = f"{part(header)}.{part(claims)}"
    model = jws.JWSRegistry.algorithms[alg]
    return f"{text}.{part(model.sign(text.encode(), key))}"


def id_claims(**changed: Any) -> dict[str, Any]:
    """The claims of an honest id_token; None takes one away."""
    honest = {
        "iss": Stage.ISSUER, "sub": "248289761001", "aud": CLIENT, "exp": NOW + 300, "iat": NOW - 5, "nonce": NONCE,
        "email": "ada@contoso.example",
    }  # fmt: skip
    return {name: value for name, value in {**honest, **changed}.items() if value is not None}


def logout_claims(**changed: Any) -> dict[str, Any]:
    """The claims of an honest logout token."""
    honest = {
        "iss": Stage.ISSUER, "sub": "248289761001", "aud": CLIENT, "iat": NOW - 5, "exp": NOW + 115, "jti": "a-logout", "sid": "s-1",
        "events": {LOGOUT: {}},
    }  # fmt: skip
    return {name: value for name, value in {**honest, **changed}.items() if value is not None}


def at_hash(access_token: str) -> str:
    """As RS256 and the other algorithms with SHA-256 have it."""
    return part(hashlib.sha256(access_token.encode()).digest()[:16])


class Stage:
    """One provider at addresses of its own (so that no cache of another stage answers), and everything it answers.

    ``answers`` maps an address to a document, bytes, an ``Answer``, or an exception to raise; a case changes them.
    """

    ISSUER = "https://login.contoso.example"

    def __init__(self, *, algorithms: tuple[str, ...] = ("RS256",), listed: list[Any] | None = None, **provider: Any) -> None:
        number = next(_numbers)
        self.key = private()
        self.calls: list[tuple[str, str, dict[str, str], bytes]] = []
        self.provider = discovery.Provider(
            issuer=self.ISSUER,
            authorization_endpoint=f"{self.ISSUER}/authorize",
            token_endpoint=f"{self.ISSUER}/token",
            jwks_uri=f"{self.ISSUER}/{number}/jwks",
            userinfo_endpoint=f"{self.ISSUER}/userinfo",
            end_session_endpoint=f"{self.ISSUER}/end",
            algorithms=algorithms,
            **provider,
        )
        self.answers: dict[str, Any] = {self.provider.jwks_uri: {"keys": [public(self.key)] if listed is None else listed}}

    def description(self, **changed: Any) -> dict[str, Any]:
        """Its honest description, with changes; None takes a member away."""
        honest = {
            "issuer": self.ISSUER,
            "authorization_endpoint": self.provider.authorization_endpoint,
            "token_endpoint": self.provider.token_endpoint,
            "jwks_uri": self.provider.jwks_uri,
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "authorization_response_iss_parameter_supported": True,
        }
        return {name: value for name, value in {**honest, **changed}.items() if value is not None}

    def fetch(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """A Fetch that answers from memory."""
        self.calls.append((method, url, dict(headers), body))
        answer = self.answers.get(url, Answer(404, {}, b"", 1))
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, Answer):
            return answer
        return Answer(200, {"Content-Type": "application/json"}, answer if isinstance(answer, bytes) else json.dumps(answer).encode(), 1)

    def discover(self, document: Any = None, *, issuer: str = "", **bounds: Any) -> discovery.Provider:
        """Read a description as if this provider gave it."""
        asked = issuer or self.ISSUER
        self.answers.setdefault(asked.rstrip("/") + discovery.WELL_KNOWN, self.description() if document is None else document)
        return discovery.read(asked, self.fetch, **bounds)

    def token(self, header: dict[str, Any] | None = None, *, key: jwk.Key | None = None, alg: str = "RS256", **changed: Any) -> str:
        """An id_token, honest but for what is changed."""
        return signed({"alg": alg, "kid": (key or self.key).kid, **(header or {})}, id_claims(**changed), key or self.key, alg)

    def logout_token(self, header: dict[str, Any] | None = None, **changed: Any) -> str:
        """A logout token, honest but for what is changed."""
        return signed({"alg": "RS256", "kid": self.key.kid, "typ": "logout+jwt", **(header or {})}, logout_claims(**changed), self.key)

    def read(self, token: str, **changed: Any) -> tokens.Claims:
        """Read an id_token as our callback does."""
        expected = {"client_id": CLIENT, "nonce": NONCE, "moment": MOMENT, **changed}
        return tokens.read_id_token(token, keys=keys.Keys(self.provider, self.fetch), provider=self.provider, **expected)

    def read_logout(self, token: str) -> tokens.LogoutToken:
        """Read a logout token as our back-channel door does."""
        return tokens.read_logout_token(
            token, keys=keys.Keys(self.provider, self.fetch), provider=self.provider, client_id=CLIENT, moment=MOMENT
        )

    def callback(self, **params: Any) -> str:
        """The browser comes back with these parameters; None takes away one of the honest ones."""
        honest = {"code": "a-code", "state": STATE, "iss": self.ISSUER}
        given = {name: value for name, value in {**honest, **params}.items() if value is not None}
        return codes.check_callback(given, provider=self.provider, state=STATE)

    def exchange(self, answer: Any, *, code: str = "a-code", **client: Any) -> codes.Tokens:
        """Exchange a code for what the token endpoint answers."""
        self.answers[self.provider.token_endpoint] = answer
        who = codes.Client(**{"id": CLIENT, "secret": SECRET, **client})
        return codes.exchange(self.provider, self.fetch, client=who, code=code, redirect_uri=CALLBACK, verifier=VERIFIER, moment=MOMENT)
