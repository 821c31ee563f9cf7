"""Answers in the browser, at the token endpoint and from userinfo that are not what was asked for."""

from __future__ import annotations

from typing import Any

from tenantry.kit import destinations, outgoing
from tenantry.kit.outgoing import Answer
from tenantry.sso.oidc import codes, documents, keys, userinfo

from .case import Case, off
from .stage import SECRET, STATE, VERIFIER, Stage, public

GIVEN = {"id_token": "x.y.z", "access_token": "opaque", "token_type": "Bearer"}
SPOKEN = "the provider itself says no"
SILENT = "there is no answer"
OURS = "we have nothing to show who we are"


def _back(name: str, code: str, check: str, *, supported: bool = True, **params: Any) -> Case:
    return Case(name, code, lambda: Stage(iss_parameter_supported=supported).callback(**params), off(f"codes.{check}") if check else {})


def _exchanged(name: str, code: str, answer: Any, weak: dict[str, Any] | None = None, why: str = "", **client: Any) -> Case:
    return Case(name, code, lambda: Stage().exchange(answer, **client), weak or {}, why)


def _said(error: str, code: str) -> Case:
    return Case(
        f"the provider answers {error}", code, lambda: Stage().callback(code=None, error=error, error_description="Not today."), {}, SPOKEN
    )


def _slipped_in() -> object:
    """A code of the attacker's own sign-in at the same provider, brought to the victim's browser: all is honest but the nonce."""
    stage = Stage()
    given = stage.exchange({**GIVEN, "id_token": stage.token(nonce="nonce-of-the-attacker", sub="mallory")})
    return stage.read(given.id_token)


def _asked(answer: Any, subject: str = "248289761001") -> object:
    stage = Stage()
    stage.answers[stage.provider.userinfo_endpoint] = answer
    return userinfo.read(stage.provider, stage.fetch, access_token="opaque", subject=subject)


def _exploding(answer: Any) -> object:
    stage = Stage()
    stage.answers[stage.provider.jwks_uri] = answer
    return stage.read(stage.token())


def _tried_again() -> object:
    """The second of two tokens, a moment after the provider's keys could not be read."""
    stage = Stage(listed=[])
    try:
        stage.read(stage.token())
    except keys.Refused:
        stage.answers |= Stage(listed=None).answers
        stage.answers[stage.provider.jwks_uri] = {"keys": [keys_of(stage)]}
    return stage.read(stage.token())


def keys_of(stage: Stage) -> dict[str, Any]:
    """The one honest key as it is listed."""
    return public(stage.key)


def _follows(fetch: Any, method: str, url: str, **more: Any) -> Answer:
    """A client that goes wherever it is sent."""
    answer: Answer = fetch(method, url, more.get("headers") or {}, more.get("body", b""))
    while 300 <= answer.status < 400:
        answer = fetch("GET", answer.headers["Location"], {}, b"")
    return answer


def _redirected() -> object:
    stage = Stage()
    stage.answers[stage.provider.jwks_uri] = Answer(302, {"Location": "https://evil.example/jwks"}, b"", 1)
    stage.answers["https://evil.example/jwks"] = {"keys": [keys_of(stage)]}
    return stage.read(stage.token())


CASES = [
    # CSRF: the answer is to a request that this browser didn't make
    _back("no state", "oidc_state_missing", "check_state", state=None),
    _back("empty state", "oidc_state_missing", "check_state", state=""),
    _back("state of the attacker's own sign-in", "oidc_state_mismatch", "check_state", state="state-of-another-browser"),
    _back("state that begins like the right one", "oidc_state_mismatch", "check_state", state=STATE + "x"),
    _back("state in letters that are no ASCII", "oidc_state_mismatch", "check_state", state="ſtate-of-this-browser"),
    Case(
        "no state was ever given to this browser",
        "oidc_state_mismatch",
        lambda: codes.check_callback({"code": "a-code", "state": "x"}, provider=Stage().provider, state=""),
        off("codes.check_state"),
    ),
    # Mix-up (RFC 9207): the answer is by a provider that wasn't asked
    _back("no iss from a provider that always sends it", "oidc_response_issuer_missing", "check_response_issuer", iss=None),
    _back("iss of the attacker's provider", "oidc_response_issuer_mismatch", "check_response_issuer", iss="https://evil.example"),
    _back("iss with a slash more", "oidc_response_issuer_mismatch", "check_response_issuer", iss=f"{Stage.ISSUER}/"),
    _back("empty iss", "oidc_response_issuer_mismatch", "check_response_issuer", iss=""),
    _back(
        "iss of another from a provider that never sends it",
        "oidc_response_issuer_mismatch",
        "check_response_issuer",
        supported=False,
        iss="https://evil.example",
    ),
    # What came back
    Case(
        "code twice",
        "oidc_parameter_repeated",
        lambda: Stage().callback(code=["one", "two"]),
        {"codes._once": lambda params: {name: value[0] if isinstance(value, list) else value for name, value in params.items()}},
    ),
    Case(
        "state twice",
        "oidc_parameter_repeated",
        lambda: Stage().callback(state=[STATE, "x"]),
        {"codes._once": lambda params: {name: value[0] if isinstance(value, list) else value for name, value in params.items()}},
    ),
    _back("an id_token in the address", "oidc_response_unexpected", "check_response_type", id_token="x.y.z"),
    _back("an access token in the address", "oidc_response_unexpected", "check_response_type", access_token="stolen"),
    Case("no code", "oidc_code_missing", lambda: Stage().callback(code=None), {}, "there is nothing to exchange"),
    Case("a code of 9 KB", "oidc_code_malformed", lambda: Stage().callback(code="x" * 9000), {"codes.LONGEST_CODE": 10000}),
    Case(
        "a code with a line break", "oidc_code_malformed", lambda: Stage().callback(code="x\r\nHost: evil.example"), off("codes.check_code")
    ),
    _said("access_denied", "oidc_access_denied"),
    _said("login_required", "oidc_login_required"),
    _said("interaction_required", "oidc_interaction_required"),
    _said("account_selection_required", "oidc_interaction_required"),
    _said("consent_required", "oidc_consent_required"),
    _said("invalid_scope", "oidc_scope_refused"),
    _said("unauthorized_client", "oidc_client_not_allowed"),
    _said("unsupported_response_type", "oidc_response_type_refused"),
    _said("invalid_request", "oidc_request_refused"),
    _said("server_error", "oidc_provider_failed"),
    _said("temporarily_unavailable", "oidc_provider_busy"),
    _said("<script>alert(1)</script>", "oidc_provider_error"),
    Case(
        "a refusal of another provider",
        "oidc_response_issuer_mismatch",
        lambda: Stage().callback(code=None, error="access_denied", iss="https://evil.example"),
        {},
        "without the check it is refused as well, in the words of the wrong one",
    ),
    # The code for tokens
    Case("a code slipped in", "oidc_nonce_mismatch", _slipped_in, off("checks.nonce")),
    _exchanged(
        "a code used twice, or with the wrong PKCE verifier",
        "oidc_code_refused",
        Answer(400, {}, b'{"error": "invalid_grant"}', 1),
        why=SPOKEN,
    ),
    _exchanged(
        "the provider doesn't know our secret", "oidc_client_refused", Answer(401, {}, b'{"error": "invalid_client"}', 1), why=SPOKEN
    ),
    _exchanged("401 without a word", "oidc_client_refused", Answer(401, {}, b"<html>", 1), why=SPOKEN),
    _exchanged("another refusal", "oidc_exchange_refused", Answer(400, {}, b'{"error": "unauthorized_client"}', 1), why=SPOKEN),
    _exchanged("a refusal with status 200", "oidc_exchange_refused", {"error": "weird", **GIVEN}, why=SPOKEN),
    _exchanged("a fault of the provider", "oidc_answer_status", Answer(500, {}, b"", 1), why=SPOKEN),
    _exchanged("tokens of another kind", "oidc_token_kind_unsupported", {**GIVEN, "token_type": "mac"}, why="such tokens are of no use"),
    _exchanged("no id_token", "oidc_id_token_missing", {"access_token": "opaque"}, why="nobody is named"),
    _exchanged("an id_token that is an object", "oidc_id_token_missing", {**GIVEN, "id_token": {"sub": "mallory"}}, why="nobody is named"),
    _exchanged(
        "an access token with a header in it",
        "oidc_access_token_malformed",
        {**GIVEN, "access_token": "x\r\nHost: evil.example"},
        off("codes.check_access_token"),
    ),
    _exchanged("two id_tokens", "oidc_answer_duplicate_member", b'{"id_token": "a.b.c", "id_token": "d.e.f"}', {"documents._single": dict}),
    _exchanged(
        "text that can't be kept", "oidc_answer_text_invalid", b'{"id_token": "a.b.c", "scope": "\\ud800"}', off("documents._check")
    ),
    _exchanged(
        "an answer nested 20 deep",
        "oidc_answer_too_deep",
        b'{"id_token": "a.b.c", "x": ' + b"[" * 20 + b"]" * 20 + b"}",
        off("documents._check"),
    ),
    _exchanged("a page in place of an answer", "oidc_answer_unreadable", b"<html>Sign in</html>", why="it can't be read"),
    _exchanged(
        "an answer of 300 KB",
        "oidc_answer_too_large",
        {**GIVEN, "x": "x" * 300000},
        {"network.LARGEST": 2**20, "codes.read_object": lambda data, **more: documents.read_object(data, **more, largest=2**20)},
    ),
    _exchanged("no client secret", "oidc_client_incomplete", GIVEN, why=OURS, secret=""),
    _exchanged("a key that is none", "oidc_client_incomplete", GIVEN, why=OURS, method="private_key_jwt", private_key="x"),
    # Where our calls go
    Case("keys behind a redirect", "oidc_answer_redirected", _redirected, {"network.call": _follows}),
    _exchanged(
        "a code sent on by a redirect",
        "oidc_answer_redirected",
        Answer(307, {"Location": "https://evil.example/"}, b"", 1),
        {"network.call": lambda *_, **__: Answer(200, {}, b'{"id_token": "a.b.c"}', 1)},
    ),
    Case("keys at an inner address", "oidc_address_refused", lambda: _exploding(destinations.Refused("Not there.")), {}, SILENT),
    Case("keys that nobody gives", "oidc_unreachable", lambda: _exploding(outgoing.Unreachable("No answer.")), {}, SILENT),
    Case("keys that aren't there", "oidc_answer_status", lambda: _exploding(Answer(404, {}, b"{}", 1)), {}, SILENT),
    Case("keys that could not be read a moment ago", "oidc_keys_unavailable", _tried_again, {"keys.FAILED_SECONDS": -1}),
    # Whom userinfo speaks of
    Case(
        "userinfo of somebody else",
        "oidc_userinfo_subject_mismatch",
        lambda: _asked({"sub": "mallory", "email": "ada@contoso.example"}),
        off("userinfo.check_subject"),
    ),
    Case(
        "userinfo of nobody",
        "oidc_userinfo_subject_mismatch",
        lambda: _asked({"email": "ada@contoso.example"}),
        off("userinfo.check_subject"),
    ),
    Case("signed userinfo", "oidc_answer_unreadable", lambda: _asked(b"eyJhbGciOiJub25lIn0.e30."), {}, "it can't be read"),
]

# What must never be in a sentence, and answers that repeat it.
ECHOES = [
    Answer(400, {}, b'{"error": "invalid_grant", "error_description": "no: %s"}' % secret, 1)
    for secret in (SECRET.encode(), b"a-code", VERIFIER.encode(), b"s3cret%2B%2F%3D%3Athat+nobody+may+read")
]
