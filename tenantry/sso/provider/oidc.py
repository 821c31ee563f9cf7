"""The test provider's side of OpenID Connect: its description, what it takes of a request, tokens (right ones and wrong ones), logout."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote_plus, urlencode

from joserfc import jwk, jwt
from joserfc.errors import JoseError

from tenantry.kit.problems import Problem
from tenantry.tenancy.addresses import address

from ..oidc.checks import LOGOUT_EVENT
from ..oidc.codes import challenge, new_secret
from ..oidc.discovery import WELL_KNOWN, Provider
from .identity import Identity
from .people import Person

CLIENT_ID = "tenantry-test"
ID_TOKEN_SECONDS = 300
SCOPES = ("openid", "email", "profile", "groups")
_PROTOCOL = frozenset("iss sub aud azp exp iat nbf nonce auth_time at_hash sid jti events".split())


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to sign somebody in, as far as it matters here."""

    client_id: str
    redirect_uri: str
    state: str
    nonce: str
    challenge: str
    prompt: str = ""
    login_hint: str = ""


class Unanswerable(Exception):
    """An error that goes back to the service by redirect (RFC 6749 §4.1.2.1): its code and a sentence."""

    def __init__(self, asked: Asked, error: str, description: str) -> None:
        super().__init__(error)
        self.asked, self.error, self.description = asked, error, description


class TokenError(Exception):
    """An error of the token endpoint (RFC 6749 §5.2)."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status, self.error, self.description = status, error, description


def client_secret(own: Identity) -> str:
    """The one client's secret: made from the tenant's key, so that it stands nowhere."""
    return (
        base64.urlsafe_b64encode(hmac.digest(own.key_pem.encode(), b"client secret of the test provider", "sha256")).rstrip(b"=").decode()
    )


def issuer() -> str:
    """The present tenant's test provider."""
    return address("test_provider_oidc_description").removesuffix(WELL_KNOWN)


def provider() -> Provider:
    """The same as a service knows it, without asking it over the network."""
    return Provider(
        issuer=issuer(),
        authorization_endpoint=address("test_provider_oidc_authorize"),
        token_endpoint=address("test_provider_oidc_token"),
        jwks_uri=address("test_provider_oidc_keys"),
        userinfo_endpoint=address("test_provider_oidc_userinfo"),
        end_session_endpoint=address("test_provider_oidc_end_session"),
        iss_parameter_supported=True,
        algorithms=("RS256",),
        token_auth_methods=("client_secret_basic", "client_secret_post"),
        backchannel_logout=True,
        backchannel_logout_session=True,
        scopes=SCOPES,
    )


def description() -> dict[str, Any]:
    """Its description (OpenID Connect Discovery §3)."""
    known = provider()
    return {
        "issuer": known.issuer,
        "authorization_endpoint": known.authorization_endpoint,
        "token_endpoint": known.token_endpoint,
        "jwks_uri": known.jwks_uri,
        "userinfo_endpoint": known.userinfo_endpoint,
        "end_session_endpoint": known.end_session_endpoint,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(known.algorithms),
        "token_endpoint_auth_methods_supported": list(known.token_auth_methods),
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(known.scopes),
        "claims_supported": ["sub", "email", "email_verified", "name", "groups"],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }


def key_set(own: Identity) -> dict[str, Any]:
    """Its public key."""
    return {"keys": [{**_key(own).as_dict(private=False), "use": "sig", "alg": "RS256"}]}


def _key(own: Identity) -> jwk.RSAKey:
    found = jwk.RSAKey.import_key(own.key_pem)
    return jwk.RSAKey.import_key(own.key_pem, {"kid": found.thumbprint()})


def read_request(params: Mapping[str, str]) -> Asked:
    """What a service asks for. Raises Problem 400 ``test_provider_request_refused`` where there is nobody to answer to.

    The caller has yet to check that ``redirect_uri`` may be answered to.
    """
    asked = Asked(
        client_id=params.get("client_id", ""),
        redirect_uri=params.get("redirect_uri", ""),
        state=params.get("state", ""),
        nonce=params.get("nonce", ""),
        challenge=params.get("code_challenge", ""),
        prompt=params.get("prompt", ""),
        login_hint=params.get("login_hint", ""),
    )
    if asked.client_id != CLIENT_ID or not asked.redirect_uri:
        raise Problem(
            400, "test_provider_request_refused", f"The test provider knows one client, {CLIENT_ID}, and answers to a redirect_uri."
        )
    return asked


def check_request(asked: Asked, params: Mapping[str, str]) -> None:
    """The rest of a request, whose faults go back to the service. Raises Unanswerable."""
    if params.get("response_type") != "code":
        raise Unanswerable(asked, "unsupported_response_type", "Only the code flow is known here.")
    if "openid" not in params.get("scope", "").split():
        raise Unanswerable(asked, "invalid_scope", "The scope openid is missing.")
    if not asked.challenge or params.get("code_challenge_method") != "S256":
        raise Unanswerable(asked, "invalid_request", "PKCE with S256 is required.")
    if asked.prompt == "none":
        raise Unanswerable(asked, "login_required", "Nobody is ever signed in here.")


def back(asked: Asked, **params: str) -> str:
    """The address that brings an answer to the service, with ``state`` and ``iss`` (RFC 9207)."""
    return with_query(asked.redirect_uri, {**params, **({"state": asked.state} if asked.state else {}), "iss": issuer()})


def with_query(to: str, params: Mapping[str, str]) -> str:
    """An address with these parameters added."""
    return f"{to}{'&' if '?' in to else '?'}{urlencode(params)}" if params else to


def grant(asked: Asked, person: Person, *, at: float, fault: str) -> dict[str, Any]:
    """What a code stands for. ``fault`` is one of ``people.FAULTS``, for the id_token."""
    return {"asked": asdict(asked), "person": asdict(person), "fault": fault, "auth_time": int(at), "sid": new_secret()}


def authenticate(own: Identity, form: Mapping[str, str], authorization: str) -> None:
    """Who asks for tokens is the client (RFC 6749 §2.3.1). Raises TokenError."""
    scheme, _, credentials = authorization.partition(" ")
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = (unquote_plus(part) for part in base64.b64decode(credentials, validate=True).decode().partition(":"))
        except (binascii.Error, UnicodeDecodeError) as error:
            raise TokenError(400, "invalid_request", "The header Authorization can't be read.") from error
    if client_id != CLIENT_ID or not hmac.compare_digest(secret.encode(), client_secret(own).encode()):
        raise TokenError(401, "invalid_client", "Client id and client secret don't belong together.")


def check_grant(given: dict[str, Any] | None, form: Mapping[str, str]) -> dict[str, Any]:
    """The code is known, for this address and by whoever asked for it (RFC 6749 §4.1.3, RFC 7636 §4.6). Raises TokenError."""
    if given is None:
        raise TokenError(400, "invalid_grant", "The code is unknown, used, or older than a minute.")
    if form.get("redirect_uri") != given["asked"]["redirect_uri"]:
        raise TokenError(400, "invalid_grant", "The code is for another redirect_uri.")
    verifier = form.get("code_verifier", "")
    if not verifier.isascii() or not hmac.compare_digest(challenge(verifier), given["asked"]["challenge"]):
        raise TokenError(400, "invalid_grant", "The code_verifier is not the one of the request (PKCE).")
    return given


def claims_of(person: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a person, in the id_token and as userinfo."""
    more = {name: values[0] if len(values) == 1 else values for name, values in person["more"].items() if name not in _PROTOCOL}
    told = {"email": person["email"], "email_verified": True, "name": person["name"], "groups": person["groups"]}
    return {"sub": person["subject"], **{name: value for name, value in told.items() if value}, **more}


def id_token(own: Identity, given: dict[str, Any], *, access_token: str, at: float) -> str:
    """The id_token for a grant, with the fault that was chosen for it."""
    asked, fault = given["asked"], given["fault"]
    made = int(at) - (3600 if fault == "expired" else 0)
    claims = claims_of(given["person"]) | {
        "iss": issuer(),
        "aud": "another-service" if fault == "audience" else asked["client_id"],
        "iat": made,
        "exp": made + ID_TOKEN_SECONDS,
        "auth_time": given["auth_time"],
        "nonce": new_secret() if fault == "request" else asked["nonce"],
        "sid": given["sid"],
        "at_hash": _hash(access_token),
    }
    if fault == "unsigned":
        return ".".join([_part(b'{"alg": "none"}'), _signed(own, claims).split(".")[1], ""])
    if fault == "stranger":
        return _signed(own, claims, key=jwk.RSAKey.generate_key(2048))
    if fault == "changed":
        header, _, signature = _signed(own, claims).split(".")
        other = _signed(own, claims | {"sub": f"changed-{claims['sub']}"}).split(".")[1]
        return f"{header}.{other}.{signature}"
    return _signed(own, claims)


def logout_token(own: Identity, *, subject: str, at: float) -> str:
    """Tells a service that somebody's sessions are over (OpenID Connect Back-Channel Logout §2.4)."""
    claims = {
        "iss": issuer(),
        "aud": CLIENT_ID,
        "sub": subject,
        "iat": int(at),
        "exp": int(at) + 120,
        "jti": new_secret(),
        "events": {LOGOUT_EVENT: {}},
    }
    return _signed(own, claims, kind="logout+jwt")


def hinted(own: Identity, hint: str) -> bool:
    """Whether an ``id_token_hint`` is a token of ours, however old."""
    try:
        return bool(jwt.decode(hint, _key(own), algorithms=["RS256"]).claims.get("iss") == issuer())
    except (JoseError, ValueError):
        return False


def _signed(own: Identity, claims: dict[str, Any], *, key: jwk.RSAKey | None = None, kind: str = "JWT") -> str:
    ours = _key(own)
    return jwt.encode({"alg": "RS256", "kid": ours.kid, "typ": kind}, claims, key or ours, algorithms=["RS256"])


def _hash(access_token: str) -> str:
    return _part(hashlib.sha256(access_token.encode()).digest()[:16])


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
