"""id_tokens that are signed by the right key and say the wrong thing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from .case import Case, off
from .stage import CLIENT, LOGOUT, MOMENT, NOW, Stage, at_hash, id_claims, private, signed


def _token(
    name: str, code: str, check: str, header: dict[str, Any] | None = None, read: dict[str, Any] | None = None, **claims: Any
) -> Case:
    def attack() -> object:
        stage = Stage()
        return stage.read(stage.token(header, **claims), **(read or {}))

    return Case(name, code, attack, off(f"checks.{check}"))


def _raw(name: str, code: str, payload: bytes, weak: dict[str, Any], why: str = "", header: bytes | None = None) -> Case:
    """Bytes that no JSON library would write, signed by the right key."""

    def attack() -> object:
        key = private()
        return Stage().read(signed(header or {"alg": "RS256", "kid": key.kid}, payload, key))

    return Case(name, code, attack, weak, why)


def _with(text: str) -> bytes:
    """The honest claims with more text at their end."""
    return json.dumps(id_claims()).encode()[:-1] + b", " + text.encode("utf-8", "surrogatepass") + b"}"


UNREADABLE = "there is nothing to be read in it"

CASES = [
    # Whose token it is
    _token("issuer of another provider", "oidc_issuer_wrong", "issuer", iss="https://login.fabrikam.example"),
    _token("issuer with a slash more", "oidc_issuer_wrong", "issuer", iss=f"{Stage.ISSUER}/"),
    _token("issuer in capitals", "oidc_issuer_wrong", "issuer", iss=Stage.ISSUER.upper()),
    _token("issuer that begins like the right one", "oidc_issuer_wrong", "issuer", iss=f"{Stage.ISSUER}.evil.example"),
    _token("audience is another client of the provider", "oidc_audience_wrong", "audience", aud="another-application"),
    _token("audience begins like ours", "oidc_audience_wrong", "audience", aud=f"{CLIENT}-evil"),
    _token("audience is part of ours", "oidc_audience_wrong", "audience", aud=CLIENT[:5]),
    Case(
        "audiences without ours",
        "oidc_audience_wrong",
        lambda: _read(aud=["another", f"{CLIENT} "]),
        off("checks.audience", "checks.authorized_party"),
    ),
    _token("given to another client, for us too", "oidc_authorized_party_wrong", "authorized_party", aud=[CLIENT, "evil"], azp="evil"),
    _token("given to another client, for us alone", "oidc_authorized_party_wrong", "authorized_party", azp="evil"),
    _token("several audiences, given to nobody", "oidc_authorized_party_missing", "authorized_party", aud=[CLIENT, "evil"]),
    # When
    _token("expired", "oidc_token_expired", "expiry", exp=NOW - 60),
    _token("expired years ago", "oidc_token_expired", "expiry", exp=0),
    _token("made in the future", "oidc_token_from_the_future", "issued", iat=NOW + 61),
    _token("valid from later", "oidc_token_not_yet_valid", "not_before", nbf=NOW + 61),
    # For which sign-in
    _token("nonce of another browser: a code slipped in", "oidc_nonce_mismatch", "nonce", nonce="nonce-of-another-browser"),
    _token("nonce that begins like the right one", "oidc_nonce_mismatch", "nonce", nonce="nonce-of-this-browser-and-more"),
    _token("nonce in letters that are no ASCII", "oidc_nonce_mismatch", "nonce", nonce="nоnce-of-this-browser"),
    _token("no nonce", "oidc_nonce_missing", "nonce", nonce=None),
    _token("empty nonce", "oidc_nonce_missing", "nonce", nonce=""),
    _token(
        "an old sign-in where a fresh one was asked for",
        "oidc_auth_time_too_old",
        "authentication",
        read={"authenticated_since": MOMENT - timedelta(seconds=10)},
        auth_time=NOW - 71,
    ),
    _token(
        "no word of when, where a fresh sign-in was asked for",
        "oidc_auth_time_missing",
        "authentication",
        read={"authenticated_since": MOMENT},
    ),
    _token(
        "access token of somebody else",
        "oidc_access_token_mismatch",
        "access_token_hash",
        read={"access_token": "stolen"},
        at_hash=at_hash("given"),
    ),
    # What is missing
    Case("no exp", "oidc_claim_missing", lambda: _read(exp=None), off("checks.present", "checks.expiry")),
    Case("no iat", "oidc_claim_missing", lambda: _read(iat=None), off("checks.present", "checks.issued")),
    Case("no iss", "oidc_claim_missing", lambda: _read(iss=None), off("checks.present", "checks.issuer")),
    Case("no aud", "oidc_claim_missing", lambda: _read(aud=None), off("checks.present", "checks.audience", "checks.authorized_party")),
    Case("no audience in the list", "oidc_claim_missing", lambda: _read(aud=[]), off("checks.present", "checks.audience")),
    Case("empty sub", "oidc_claim_missing", lambda: _read(sub=""), off("checks.present")),
    # What is not of its type
    Case("sub is a number", "oidc_claim_malformed", lambda: _read(sub=248289761001), off("checks.forms", "checks.subject")),
    Case("sub is a list", "oidc_claim_malformed", lambda: _read(sub=["248289761001"]), off("checks.forms", "checks.subject")),
    Case(
        "aud is an object with our name in it",
        "oidc_claim_malformed",
        lambda: _read(aud={CLIENT: 1}),
        off("checks.forms", "checks.audience", "checks.authorized_party"),
    ),
    Case(
        "aud has a list in it",
        "oidc_claim_malformed",
        lambda: _read(aud=[[CLIENT], CLIENT]),
        off("checks.forms", "checks.authorized_party"),
    ),
    Case("exp is text", "oidc_claim_malformed", lambda: _read(exp="9999999999"), off("checks.forms", "checks.expiry")),
    Case("exp is true", "oidc_claim_malformed", lambda: _read(exp=True), off("checks.forms", "checks.expiry")),
    Case("nbf is an object", "oidc_claim_malformed", lambda: _read(nbf={}), off("checks.forms", "checks.not_before")),
    _token("auth_time is in the year 300000", "oidc_claim_malformed", "forms", auth_time=10**13),
    _token("iat is below nought", "oidc_claim_malformed", "forms", iat=-1),
    Case("nonce is a list", "oidc_claim_malformed", lambda: _read(nonce=["nonce-of-this-browser"]), off("checks.forms", "checks.nonce")),
    Case("azp is a list", "oidc_claim_malformed", lambda: _read(azp=[CLIENT]), off("checks.forms", "checks.authorized_party")),
    _raw(
        "exp is larger than numbers go",
        "oidc_token_unreadable",
        _with('"a": 1').replace(str(NOW + 300).encode(), b"1e999"),
        off("checks.forms") | {"documents._float": float},
    ),
    _raw("a number that would be written as Infinity", "oidc_token_unreadable", _with('"level": [1e999]'), {"documents._float": float}),
    _token("sub of 256 characters", "oidc_subject_malformed", "subject", sub="a" * 256),
    _token("sub with a line break", "oidc_subject_malformed", "subject", sub="ada\n"),
    _token("sub with a space at its end", "oidc_subject_malformed", "subject", sub="248289761001 "),
    _token("sub with a letter that can't be seen", "oidc_subject_malformed", "subject", sub="248289\u200b761001"),
    # What isn't an id_token
    Case("an access token (RFC 9068)", "oidc_token_type_unexpected", lambda: _read({"typ": "at+jwt"}), off("checks.kind")),
    Case("a logout token by its type", "oidc_token_type_unexpected", lambda: _read({"typ": "logout+jwt"}), off("checks.kind")),
    _token("a logout token by what it says", "oidc_logout_token_as_id_token", "no_logout", events={LOGOUT: {}}),
    # JSON that two readers read differently, or that nobody can keep
    _raw("sub twice", "oidc_token_duplicate_member", _with('"sub": "mallory"'), {"documents._single": dict}),
    _raw("aud twice, once escaped", "oidc_token_duplicate_member", _with(f'"a\\u0075d": "{CLIENT}"'), {"documents._single": dict}),
    _raw(
        "a member twice deep inside",
        "oidc_token_duplicate_member",
        _with('"address": {"country": "DE", "country": "IN"}'),
        {"documents._single": dict},
    ),
    _raw("half a surrogate pair", "oidc_token_text_invalid", _with('"name": "\\ud800"'), off("documents._check")),
    _raw("NUL in a name", "oidc_token_text_invalid", _with('"na\\u0000me": "Ada"'), off("documents._check")),
    _raw("NUL in a list", "oidc_token_text_invalid", _with('"groups": ["admins\\u0000"]'), off("documents._check")),
    _raw("nested 20 deep", "oidc_token_too_deep", _with('"a": ' + "[" * 20 + "]" * 20), off("documents._check")),
    _raw("nested 20,000 deep", "oidc_token_too_deep", _with('"a": ' + "[" * 20000 + "]" * 20000), why=UNREADABLE, weak={}),
    _raw("NaN", "oidc_token_unreadable", _with('"level": NaN'), {"documents._no_constant": float}),
    _raw("a number of 5,000 digits", "oidc_token_unreadable", _with('"level": ' + "9" * 5000), why=UNREADABLE, weak={}),
    _raw("no UTF-8", "oidc_token_unreadable", b'{"sub": "\xff"}', why=UNREADABLE, weak={}),
    _raw("a list of claims", "oidc_token_unreadable", b"[1]", why=UNREADABLE, weak={}),
    _raw("two documents", "oidc_token_unreadable", b"{} {}", why=UNREADABLE, weak={}),
    _raw("no claims", "oidc_token_unreadable", b" ", why=UNREADABLE, weak={}),
    Case(
        "larger than 64 KB",
        "oidc_token_too_large",
        lambda: _read(groups=["x" * 60] * 800),
        {"tokens.LONGEST": 2**20, "tokens._Registry.max_payload_length": 2**20},
    ),
]


def _read(header: dict[str, Any] | None = None, **claims: Any) -> object:
    stage = Stage()
    return stage.read(stage.token(header, **claims))
