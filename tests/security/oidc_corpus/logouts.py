"""Back-channel logout tokens that are none, or another's (Back-Channel Logout 1.0 §2.6), and id_tokens in their place."""

from __future__ import annotations

from typing import Any

from .case import Case, off
from .stage import LOGOUT, NOW, Stage, logout_claims, part, private, signed


def _told(name: str, code: str, *checks: str, header: dict[str, Any] | None = None, **claims: Any) -> Case:
    def attack() -> object:
        stage = Stage()
        return stage.read_logout(stage.logout_token(header, **claims))

    return Case(name, code, attack, off(*(f"checks.{check}" for check in checks)))


def _id_token(name: str, code: str, *checks: str, **claims: Any) -> Case:
    def attack() -> object:
        stage = Stage()
        return stage.read_logout(stage.token(**claims))

    return Case(name, code, attack, off(*(f"checks.{check}" for check in checks)))


def _unsigned() -> object:
    return Stage().read_logout(f"{part({'alg': 'none', 'typ': 'logout+jwt'})}.{part(logout_claims())}.")


def _forged() -> object:
    stage = Stage()
    return stage.read_logout(signed({"alg": "RS256", "kid": stage.key.kid}, logout_claims(), private(name="forger")))


CASES = [
    _id_token("logout by an id_token", "oidc_logout_nonce", "logout_nonce", "logout_event", jti="x"),
    _id_token("logout by an id_token without a nonce", "oidc_logout_event_missing", "logout_event", jti="x", nonce=None),
    _told("logout token with a nonce", "oidc_logout_nonce", "logout_nonce", nonce="x"),
    _told("logout token of no event", "oidc_logout_event_missing", "logout_event", events=None),
    _told("logout token of another event", "oidc_logout_event_missing", "logout_event", events={"https://example.com/event": {}}),
    _told("logout token whose events are a list", "oidc_logout_event_missing", "logout_event", events=[LOGOUT]),
    _told("logout token whose event is text", "oidc_logout_event_missing", "logout_event", events={LOGOUT: "yes"}),
    _told("logout token of another type", "oidc_token_type_unexpected", "kind", header={"typ": "at+jwt"}),
    _told("logout token of nobody", "oidc_logout_target_missing", "logout_target", sub=None, sid=None),
    _told("logout token of an empty name", "oidc_logout_target_missing", "logout_target", sub="", sid=""),
    _told("logout token with a number as session", "oidc_claim_malformed", "forms", "logout_target", sid=5),
    _told("logout token with an endless session", "oidc_claim_malformed", "logout_target", sid="s" * 256),
    _told("logout token by another issuer", "oidc_issuer_wrong", "issuer", iss="https://evil.example"),
    _told("logout token for another client", "oidc_audience_wrong", "audience", aud="another-application"),
    _told("logout token that has expired", "oidc_token_expired", "expiry", exp=NOW - 60),
    _told("logout token of the future", "oidc_token_from_the_future", "issued", iat=NOW + 61),
    _told("logout token that is not valid yet", "oidc_token_not_yet_valid", "not_before", nbf=NOW + 61),
    _told("logout token of yesterday with a long life", "oidc_logout_token_old", "logout_age", iat=NOW - 86400, exp=NOW + 86400),
    Case(
        "logout token without jti", "oidc_claim_missing", lambda: Stage().read_logout(Stage().logout_token(jti="")), off("checks.present")
    ),
    Case("logout token not signed", "oidc_algorithm_none", _unsigned, off("checks.algorithm", "tokens.check_signature")),
    Case("logout token signed by somebody else", "oidc_signature_invalid", _forged, off("tokens.check_signature")),
]
