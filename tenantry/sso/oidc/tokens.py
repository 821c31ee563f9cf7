"""Reading id_tokens (OpenID Connect Core §3.1.3.7) and logout tokens (Back-Channel Logout 1.0 §2.6)."""

from __future__ import annotations

import base64
import re
import warnings
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning

from tenantry.sso.refused import Refused

from . import checks
from .discovery import Provider
from .documents import read_object
from .keys import Key, Keys

LONGEST = 64 * 1024
LONGEST_HEADER = 4096
_PART = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

# joserfc warns of the name EdDSA, for which RFC 9864 has newer ones; providers sign with it all the same.
warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)


class _Registry(jws.JWSRegistry):
    """Larger headers than joserfc's 512 bytes; that nothing critical is in them is checked before."""

    max_header_length = LONGEST_HEADER
    max_payload_length = LONGEST
    max_signature_length = 2048


@dataclass(frozen=True, slots=True)
class Claims:
    """What an id_token says: ``values`` are all of its claims. ``subject`` names the person at this provider, and nowhere else."""

    subject: str
    values: dict[str, Any]

    @property
    def session_id(self) -> str:
        """The provider's name for its session (``sid``), by which it may end it later; empty where it gives none."""
        found = self.values.get("sid", "")
        return found if len(found) <= checks.LONGEST_SUBJECT else ""

    @property
    def authenticated_at(self) -> datetime | None:
        """When the person proved who they are, if the provider says."""
        found = self.values.get("auth_time")
        return None if found is None else datetime.fromtimestamp(found, UTC)

    def with_userinfo(self, more: dict[str, Any]) -> Claims:
        """Completed by what ``userinfo.read`` gave: what is signed goes before what isn't."""
        return replace(self, values={**more, **self.values})


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """A provider ends sessions: those of ``subject``, or the one called ``session_id``; either may be empty.

    The caller remembers ``jti`` until ``until``, and takes no token with it a second time.
    """

    subject: str
    session_id: str
    jti: str
    until: datetime
    values: dict[str, Any]


def read_id_token(
    token: str,
    *,
    keys: Keys,
    provider: Provider,
    client_id: str,
    nonce: str,
    moment: datetime,
    access_token: str = "",
    authenticated_since: datetime | None = None,
) -> Claims:
    """Who signed in. Raises Refused. May wait for the network, where the key isn't known yet.

    ``nonce`` is what this browser's request was sent with, ``access_token`` what came along. ``authenticated_since`` is for
    requests with ``max_age``: the moment of asking, less that age. ``moment`` is the real time: no provider knows of a
    sandbox's clock.
    """
    if not nonce or not client_id:
        raise ValueError("an id_token is read for a nonce and a client")
    header, values = open_token(token, keys=keys, provider=provider, types=checks.ID_TOKEN_TYPES)
    now = moment.timestamp()
    checks.no_logout(values)
    checks.forms(values)
    checks.present(values, "iss", "sub", "aud", "exp", "iat")
    checks.issuer(values, provider)
    checks.audience(values, client_id)
    checks.authorized_party(values, client_id)
    checks.expiry(values, now)
    checks.issued(values, now)
    checks.not_before(values, now)
    checks.subject(values)
    checks.nonce(values, nonce)
    if authenticated_since is not None:
        checks.authentication(values, authenticated_since.timestamp())
    checks.access_token_hash(values, header["alg"], access_token)
    return Claims(subject=values["sub"], values=values)


def read_logout_token(token: str, *, keys: Keys, provider: Provider, client_id: str, moment: datetime) -> LogoutToken:
    """Whose sessions the provider ends. Raises Refused. Whether it came before is for the caller to know: see ``LogoutToken``."""
    _, values = open_token(token, keys=keys, provider=provider, types=checks.LOGOUT_TYPES)
    now = moment.timestamp()
    checks.logout_nonce(values)
    checks.logout_event(values)
    checks.forms(values)
    checks.present(values, "iss", "aud", "iat", "exp", "jti")
    checks.issuer(values, provider)
    checks.audience(values, client_id)
    checks.expiry(values, now)
    checks.issued(values, now)
    checks.not_before(values, now)
    checks.logout_age(values, now)
    checks.logout_target(values)
    until = min(values["exp"], values["iat"] + checks.OLDEST_LOGOUT) + checks.SKEW
    return LogoutToken(
        subject=values.get("sub", ""),
        session_id=values.get("sid", ""),
        jti=values["jti"],
        until=datetime.fromtimestamp(until, UTC),
        values=values,
    )


def open_token(token: str, *, keys: Keys, provider: Provider, types: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a signed token (RFC 7515, compact form) whose signature is by one of the provider's keys."""
    if len(token) > LONGEST:
        raise Refused("oidc_token_too_large", f"The token is longer than {LONGEST // 1024} KB.")
    parts = token.split(".")
    if len(parts) == 5:
        raise Refused("oidc_token_encrypted", "The token is encrypted. Switch that off for this application at the provider.")
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts[:2]) or not (parts[2] == "" or _PART.fullmatch(parts[2])):
        raise Refused("oidc_token_malformed", "This is not a signed token.")
    header = read_object(_decoded(parts[0]), kind="token", what="The token's header", largest=LONGEST_HEADER)
    checks.header_form(header)
    checks.algorithm(header, provider)
    checks.embedded_key(header)
    checks.kind(header, types)
    check_signature(token, header, keys)
    return header, read_object(_decoded(parts[1]), kind="token", what="The token")


def check_signature(token: str, header: dict[str, Any], keys: Keys) -> None:
    """Signed by a key that the provider lists, with the algorithm that was checked before."""
    for key in keys.find(header.get("kid"), header["alg"]):
        if _signed(token, key, header["alg"]):
            return
    raise Refused("oidc_signature_invalid", "The token's signature is not the provider's.")


def _signed(token: str, key: Key, alg: str) -> bool:
    try:
        jws.deserialize_compact(token.encode("ascii"), key.key, registry=_Registry(algorithms=[alg], strict_check_header=False))
    except (JoseError, ValueError):
        return False
    return True


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise Refused("oidc_token_malformed", "This is not a signed token.") from error
