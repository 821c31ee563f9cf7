"""The authorization code flow (OpenID Connect Core §3.1) with PKCE (RFC 7636): there, back, and the code for tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwk, jwt

from tenantry.sso.refused import Refused

from . import network, own_key
from .discovery import Provider
from .documents import read_object, words

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_CODE = 8192
_CURVE_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}

# What the provider said instead of a code (RFC 6749 §4.1.2.1, Core §3.1.2.6), as code and sentence.
_ANSWERS = {
    "access_denied": (
        "oidc_access_denied",
        "The identity provider let nobody in: it was declined there, or you may not use this application.",
    ),
    "login_required": ("oidc_login_required", "The identity provider asks you to sign in there first."),
    "interaction_required": ("oidc_interaction_required", "The identity provider wants to ask you something first. Sign in again."),
    "account_selection_required": ("oidc_interaction_required", "The identity provider wants to know with which account. Sign in again."),
    "consent_required": ("oidc_consent_required", "The identity provider wants your consent, or that of your administrator."),
    "invalid_scope": ("oidc_scope_refused", "The identity provider doesn't give what was asked for. Look at the scopes of the connection."),
    "unauthorized_client": ("oidc_client_not_allowed", "The identity provider doesn't let this application sign people in this way."),
    "unsupported_response_type": ("oidc_response_type_refused", "The identity provider doesn't allow this application the code flow."),
    "invalid_request": ("oidc_request_refused", "The identity provider didn't understand the request."),
    "server_error": ("oidc_provider_failed", "The identity provider had a fault of its own. Try again."),
    "temporarily_unavailable": ("oidc_provider_busy", "The identity provider is not available at the moment. Try again."),
}
_ONCE = ("state", "iss", "error", "error_description", "code")
_FOREIGN = ("id_token", "access_token", "response")


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are at the provider. ``method`` is one of ``discovery.AUTHENTICATION``; empty picks what the provider offers.

    ``private_key`` is PEM (RSA or EC), for ``private_key_jwt``; the provider knows it by ``key_id``, or by its ``certificate`` (PEM).
    """

    id: str
    secret: str = field(default="", repr=False)
    method: str = ""
    private_key: str = field(default="", repr=False)
    key_id: str = ""
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was exchanged for. ``access_token`` is empty where there is none."""

    id_token: str = field(repr=False)
    access_token: str = field(default="", repr=False)


def new_secret() -> str:
    """A state, a nonce or a verifier: 256 bits, 43 characters (RFC 7636 §4.1)."""
    return secrets.token_urlsafe(32)


def challenge(verifier: str) -> str:
    """S256 (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


def start(
    provider: Provider,
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    nonce: str,
    verifier: str,
    scopes: tuple[str, ...] | list[str] = ("openid", "email", "profile"),
    login_hint: str = "",
    prompt: str = "",
    max_age: int | None = None,
) -> str:
    """Where the browser goes to sign in. ``prompt`` and ``max_age`` (seconds) as in Core §3.1.2.1: ``login`` and 0 ask anew."""
    if not (state and nonce and 43 <= len(verifier) <= 128):
        raise ValueError("state, nonce and a verifier of 43 to 128 characters are needed")
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(dict.fromkeys(["openid", *scopes])),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
        "prompt": prompt,
        "max_age": "" if max_age is None else str(max_age),
        "login_hint": login_hint,
    }
    query = urlencode({name: value for name, value in asked.items() if value != ""})
    return f"{provider.authorization_endpoint}{'&' if '?' in provider.authorization_endpoint else '?'}{query}"


def check_callback(params: Mapping[str, Any], *, provider: Provider, state: str) -> str:
    """The code in the parameters that the browser came back with (``QueryDict``, or a mapping to text or lists). Raises Refused.

    ``state`` is the one that this browser was sent away with. It is looked at first: without it nothing else is worth a
    look, not even what claims to be an error.
    """
    given = _once(params)
    check_state(given, state)
    check_response_issuer(given, provider)
    if "error" in given:
        raise _answered(given["error"], given.get("error_description", ""))
    check_response_type(given)
    code = given.get("code", "")
    if not code:
        raise Refused("oidc_code_missing", "The identity provider sent no code.")
    check_code(code)
    return code


def _once(params: Mapping[str, Any]) -> dict[str, str]:
    """The parameters, each of which may be there once (RFC 6749 §3.1)."""
    found: dict[str, str] = {}
    for name in (*_ONCE, *_FOREIGN):
        if name not in params:
            continue
        lists = getattr(params, "getlist", None)
        values = lists(name) if lists else params[name]
        values = [values] if isinstance(values, str) else list(values)
        if len(values) > 1:
            raise Refused("oidc_parameter_repeated", f"The parameter {name} came back twice.")
        if values:
            found[name] = str(values[0])
    return found


def check_state(given: dict[str, str], state: str) -> None:
    """The answer belongs to the request of this browser (RFC 6749 §10.12): nobody else's sign-in is brought to it."""
    if not given.get("state"):
        raise Refused("oidc_state_missing", "The answer doesn't say which sign-in it belongs to. Sign in again.")
    if not state or not same(given["state"], state):
        raise Refused("oidc_state_mismatch", "The answer belongs to another sign-in. Sign in again.")


def check_response_issuer(given: dict[str, str], provider: Provider) -> None:
    """The answer is by the provider that was asked (RFC 9207 §2.4): the code of one is never brought to another."""
    if "iss" not in given:
        if provider.iss_parameter_supported:
            raise Refused("oidc_response_issuer_missing", "The answer doesn't say which provider it is from, though this one always says.")
        return
    if given["iss"] != provider.issuer:
        raise Refused("oidc_response_issuer_mismatch", "The answer is from another identity provider than the one that was asked.")


def check_response_type(given: dict[str, str]) -> None:
    """A code was asked for; tokens in an address are nothing we take."""
    if any(name in given for name in _FOREIGN):
        raise Refused("oidc_response_unexpected", "The answer brings tokens in the address, where only a code was asked for.")


def check_code(code: str) -> None:
    """A code is printable ASCII of bounded length (RFC 6749, appendix A.11)."""
    if len(code) > LONGEST_CODE or not code.isprintable() or not code.isascii():
        raise Refused("oidc_code_malformed", "What the identity provider sent is not a code.")


def _answered(error: str, description: str) -> Refused:
    code, sentence = _ANSWERS.get(error, ("oidc_provider_error", "The identity provider refused."))
    said = words(description) or (words(error, longest=60) if code == "oidc_provider_error" else "")
    return Refused(code, f"{sentence} It says: {said}" if said else sentence)


def same(one: str, other: str) -> bool:
    """Compared in a time that tells nothing of where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def exchange(
    provider: Provider, fetch: network.Fetch, *, client: Client, code: str, redirect_uri: str, verifier: str, moment: datetime
) -> Tokens:
    """The tokens for a code (Core §3.1.3). Raises Refused; what it says holds neither secret nor code. Waits for the network."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    method = _method(provider, client)
    if method == "client_secret_basic":
        # Both parts are encoded before they are joined (RFC 6749 §2.3.1): a colon in the id would move the border.
        pair = f"{quote_plus(client.id)}:{quote_plus(client.secret)}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    elif method == "client_secret_post":
        form |= {"client_id": client.id, "client_secret": client.secret}
    else:
        form |= {"client_id": client.id, "client_assertion_type": ASSERTION, "client_assertion": _assertion(provider, client, moment)}
    what = "The provider's token endpoint"
    answer = network.call(fetch, "POST", provider.token_endpoint, what=what, headers=headers, body=urlencode(form).encode())
    hidden = (client.secret, quote_plus(client.secret), code, quote_plus(code), verifier)
    if answer.status != 200:
        raise _not_exchanged(answer.status, answer.body, hidden)
    given = read_object(answer.body, kind="answer", what="The provider's answer with the tokens")
    if "error" in given:
        raise _refusal(given, hidden)
    if str(given.get("token_type", "Bearer")).lower() != "bearer":
        raise Refused("oidc_token_kind_unsupported", "The provider gave tokens of a kind that is not supported.")
    id_token, access_token = given.get("id_token"), given.get("access_token", "")
    if not isinstance(id_token, str) or not id_token:
        raise Refused("oidc_id_token_missing", "The provider gave no id_token. Is the scope openid allowed for this application?")
    check_access_token(access_token)
    return Tokens(id_token, access_token)


def check_access_token(access_token: object) -> None:
    """An access token is printable ASCII (RFC 6749, appendix A.12): it is sent on in a header."""
    if not isinstance(access_token, str) or not access_token.isascii() or not access_token.isprintable():
        raise Refused("oidc_access_token_malformed", "The provider's access token is not one.")


def _method(provider: Provider, client: Client) -> str:
    if client.method:
        method = client.method
    elif client.private_key and "private_key_jwt" in provider.token_auth_methods:
        method = "private_key_jwt"
    else:
        method = next((name for name in provider.token_auth_methods if name.startswith("client_secret_")), "client_secret_basic")
    if not (client.private_key if method == "private_key_jwt" else client.secret):
        raise Refused("oidc_client_incomplete", "The connection has no client secret or key yet.")
    return method


def _assertion(provider: Provider, client: Client, moment: datetime) -> str:
    """Who we are, signed (Core §9, RFC 7523 §3)."""
    try:
        native = load_pem_private_key(client.private_key.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise Refused("oidc_client_incomplete", "The connection's private key can't be read.") from error
    key: jwk.Key
    if isinstance(native, RSAPrivateKey):
        algorithm, key = "RS256", jwk.RSAKey.import_key(client.private_key)
    elif isinstance(native, EllipticCurvePrivateKey) and native.curve.name in _CURVE_ALGORITHMS:
        algorithm, key = _CURVE_ALGORITHMS[native.curve.name], jwk.ECKey.import_key(client.private_key)
    else:
        raise Refused("oidc_client_incomplete", "The connection's key is neither RSA nor one of the curves P-256, P-384, P-521.")
    now = int(moment.timestamp())
    claims = {"iss": client.id, "sub": client.id, "aud": provider.token_endpoint, "jti": new_secret(), "iat": now, "exp": now + 120}
    names = own_key.names_of(client.certificate) if client.certificate else {}
    header = {"alg": algorithm, **names, **({"kid": client.key_id} if client.key_id else {})}
    return jwt.encode(header, claims, key, algorithms=[algorithm])


def _not_exchanged(status: int, body: bytes, hidden: tuple[str, ...]) -> Refused:
    try:
        given = read_object(body, kind="answer", what="The answer")
    except Refused:
        given = {}
    if isinstance(given.get("error"), str):
        return _refusal(given, hidden)
    if status == 401:
        return Refused("oidc_client_refused", "The provider doesn't accept the client id with this client secret.")
    return Refused("oidc_answer_status", f"The provider's token endpoint answered with status {status}.")


def _refusal(given: dict[str, Any], hidden: tuple[str, ...]) -> Refused:
    """Why no tokens were given (RFC 6749 §5.2)."""
    error = given.get("error")
    said = words(given.get("error_description") or error or "", secrets=hidden)
    if error == "invalid_client":
        return Refused("oidc_client_refused", f"The provider doesn't accept the client id with this client secret. It says: {said}")
    if error == "invalid_grant":
        return Refused(
            "oidc_code_refused", f"The provider didn't take its code: it is used, too old, or not for this address. It says: {said}"
        )
    return Refused("oidc_exchange_refused", f"The provider gave no tokens. It says: {said}")
