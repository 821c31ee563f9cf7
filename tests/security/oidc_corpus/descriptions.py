"""Descriptions of providers, and lists of keys, that lead elsewhere or say odd things."""

from __future__ import annotations

import json
from typing import Any

from tenantry.kit.outgoing import Answer
from tenantry.sso.oidc import keys

from .case import Case, off
from .flows import _follows
from .stage import Stage, private, public


def _described(name: str, code: str, weak: dict[str, Any] | None = None, *, why: str = "", issuer: str = "", **changed: Any) -> Case:
    def attack() -> object:
        stage = Stage()
        return stage.discover(stage.description(**changed), issuer=issuer)

    return Case(name, code, attack, weak or {}, why)


def _asked(name: str, code: str, issuer: str, weak: dict[str, Any]) -> Case:
    """An address that nobody is asked at."""

    def attack() -> object:
        stage = Stage()
        return stage.discover(stage.description(issuer=issuer), issuer=issuer)

    return Case(name, code, attack, weak)


def _redirected() -> object:
    stage, elsewhere = Stage(), "https://evil.example/description"
    stage.answers[elsewhere] = stage.description()
    return stage.discover(Answer(301, {"Location": elsewhere}, b"", 1))


def _at(name: str, endpoint: str, address: str, code: str = "oidc_endpoint_refused") -> Case:
    return _described(f"{endpoint} {name}", code, off("discovery.check_endpoint"), **{endpoint: address})


ANY_ISSUER = off("discovery.check_issuer")
ANY_ADDRESS = off("discovery.check_issuer_address")
HERE = Stage.ISSUER
NOT_THERE = "what is missing can't be called"

CASES = [
    # Who it says it is
    _described("it calls itself another's name", "oidc_issuer_mismatch", ANY_ISSUER, issuer="https://evil.example"),
    Case(
        "it says nothing of who it is", "oidc_issuer_mismatch", lambda: Stage().discover({**Stage().description(), "issuer": 5}), ANY_ISSUER
    ),
    Case(
        "its name has a slash more",
        "oidc_issuer_mismatch",
        lambda: Stage().discover({**Stage().description(), "issuer": f"{HERE}/"}),
        ANY_ISSUER,
    ),
    Case(
        "it names two issuers",
        "oidc_answer_duplicate_member",
        lambda: Stage().discover(json.dumps(Stage().description()).replace("{", '{"issuer": "https://evil.example", ', 1).encode()),
        {"documents._single": dict},
    ),
    Case(
        "it is any directory of Entra",
        "oidc_issuer_template",
        lambda: Stage().discover({**Stage().description(), "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"}),
        ANY_ISSUER,
    ),
    *(
        _asked(f"Entra's {name}", "oidc_issuer_template", f"https://login.microsoftonline.com/{name}/v2.0", ANY_ADDRESS)
        for name in ("common", "organizations", "consumers", "Common")
    ),
    _asked(
        "an address with a hole in it",
        "oidc_issuer_template",
        "https://login.microsoftonline.com/{tenantid}/v2.0",
        ANY_ADDRESS | ANY_ISSUER,
    ),
    _asked("http", "oidc_issuer_invalid", "http://login.contoso.example", ANY_ADDRESS),
    _asked("a query", "oidc_issuer_invalid", "https://login.contoso.example/?x=1", ANY_ADDRESS),
    _asked("a fragment", "oidc_issuer_invalid", "https://login.contoso.example/#x", ANY_ADDRESS),
    _asked("a user name", "oidc_issuer_invalid", "https://login.contoso.example@evil.example", ANY_ADDRESS),
    _asked("this machine", "oidc_issuer_invalid", "https://localhost", ANY_ADDRESS),
    _asked("a cloud's metadata", "oidc_issuer_invalid", "https://169.254.169.254", ANY_ADDRESS),
    _asked("no address", "oidc_issuer_invalid", "ada@contoso.example", ANY_ADDRESS),
    # Where it leads
    Case("it is somewhere else", "oidc_answer_redirected", _redirected, {"network.call": _follows}),
    _at("without TLS", "token_endpoint", "http://login.contoso.example/token", "oidc_endpoint_insecure"),
    _at("without TLS", "jwks_uri", "http://login.contoso.example/jwks", "oidc_endpoint_insecure"),
    _at("without TLS, on this machine", "jwks_uri", "http://127.0.0.1/jwks", "oidc_endpoint_insecure"),
    _at("is a cloud's metadata", "jwks_uri", "https://169.254.169.254/latest/meta-data"),
    _at("is an inner address", "token_endpoint", "https://10.0.0.7/token"),
    _at("is this machine", "userinfo_endpoint", "https://localhost/userinfo"),
    _at("is a script", "authorization_endpoint", "javascript:alert(document.cookie)"),
    _at("is a file", "jwks_uri", "file:///etc/passwd"),
    _at("has a password in it", "token_endpoint", "https://login.contoso.example:x@evil.example/token"),
    _at("has a fragment", "authorization_endpoint", "https://login.contoso.example/authorize#"),
    _at("has a line break", "end_session_endpoint", "https://login.contoso.example/end\r\nX: y"),
    _described(
        "authorization_endpoint sets a parameter of ours",
        "oidc_endpoint_refused",
        {"discovery.OURS": frozenset()},
        authorization_endpoint="https://login.contoso.example/authorize?redirect_uri=https://evil.example",
    ),
    *(
        _described(f"no {name}", "oidc_endpoint_missing", why=NOT_THERE, **{name: None})
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
    ),
    _described(
        "an endpoint that is a list", "oidc_endpoint_missing", why=NOT_THERE, token_endpoint=["https://login.contoso.example/token"]
    ),
    # What it offers
    _described("only the implicit flow", "oidc_code_flow_unsupported", off("discovery.check_flow"), response_types_supported=["id_token"]),
    _described("only plain PKCE", "oidc_pkce_unsupported", off("discovery.check_flow"), code_challenge_methods_supported=["plain"]),
    _described(
        "only symmetric signatures, or none",
        "oidc_algorithms_unsupported",
        {"discovery._algorithms": lambda document: ("HS256",)},
        id_token_signing_alg_values_supported=["HS256", "none"],
    ),
    _described(
        "only certificates to say who we are",
        "oidc_client_authentication_unsupported",
        {"discovery._methods": lambda document: ()},
        token_endpoint_auth_methods_supported=["tls_client_auth", "none"],
    ),
    _described(
        "its kinds of answer are text",
        "oidc_description_malformed",
        {"discovery._list": lambda document, name, default: default},
        response_types_supported="code",
    ),
    # Documents
    Case("nothing is there", "oidc_answer_status", lambda: Stage().discover(Answer(404, {}, b"", 1)), {}, NOT_THERE),
    Case("a page is there", "oidc_answer_unreadable", lambda: Stage().discover(b"<!doctype html>"), {}, "it can't be read"),
    Case(
        "300 KB are there",
        "oidc_answer_too_large",
        lambda: Stage().discover({**Stage().description(), "x": "x" * 300000}),
        {"network.LARGEST": 2**20, "network.read_object": lambda data, **_: json.loads(data)},
    ),
    # Keys
    Case("no list of keys", "oidc_keys_malformed", lambda: keys.read_set({"keys": {"kid": public(private())}}), {}, NOT_THERE),
    Case("keys that are texts", "oidc_keys_malformed", lambda: keys.read_set({"keys": ["a key"]}), {}, NOT_THERE),
    Case("65 keys", "oidc_keys_too_many", lambda: keys.read_set({"keys": [public(private())] * 65}), {"keys.MOST_KEYS": 100}),
    Case("no key at all", "oidc_keys_unusable", lambda: keys.read_set({"keys": []}), {}, NOT_THERE),
]
