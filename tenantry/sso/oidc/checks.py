"""The single checks of a token, each with one cause and one code. ``tokens`` runs them, in order; any may be read alone.

``values`` are the claims, ``moment`` seconds since 1970. Clocks may differ by ``SKEW`` seconds.
"""

from __future__ import annotations

import base64
import math
from typing import Any

from tenantry.sso.refused import Refused

from .algorithms import ACCEPTED
from .codes import same
from .discovery import Provider
from .documents import words

SKEW = 60
LATEST = 253402300799  # the year 9999: what lies after it is no moment that anything of ours can hold
LONGEST_SUBJECT = 255
OLDEST_LOGOUT = 10 * 60
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
ID_TOKEN_TYPES = frozenset({"jwt", "application/jwt"})
LOGOUT_TYPES = frozenset({"jwt", "logout+jwt", "application/logout+jwt"})


def header_form(header: dict[str, Any]) -> None:
    """``alg`` is text, ``kid`` and ``typ`` are text if there; nothing is marked as critical that we don't know (RFC 7515 §4.1.11)."""
    if not isinstance(header.get("alg"), str) or any(not isinstance(header.get(name, ""), str) for name in ("kid", "typ")):
        raise Refused("oidc_header_malformed", "The token's header can't be read.")
    if "crit" in header or "b64" in header:
        raise Refused("oidc_header_critical", "The token's header asks for an extension that is not supported.")


def embedded_key(header: dict[str, Any]) -> None:
    """A token can't bring the key that it is checked with, nor say where to fetch it (Core §2)."""
    for name in ("jwk", "jku", "x5c", "x5u"):
        if name in header:
            raise Refused("oidc_key_embedded", f"The token brings a key of its own ({name}), and such keys prove nothing.")


def algorithm(header: dict[str, Any], provider: Provider) -> None:
    """The signature is one that this provider makes: chosen by what the provider published, not by the token (RFC 8725 §3.1)."""
    alg = header["alg"]
    if alg.lower() == "none":
        raise Refused("oidc_algorithm_none", "The token is not signed.")
    if alg.upper().startswith("HS"):
        raise Refused(
            "oidc_algorithm_symmetric", f"The token is signed with {words(alg, longest=20)}, which shows nothing of who signed it."
        )
    if alg not in ACCEPTED or alg not in provider.algorithms:
        raise Refused("oidc_algorithm_unexpected", f"The token is signed with {words(alg, longest=20)}, which this provider doesn't use.")


def kind(header: dict[str, Any], types: frozenset[str]) -> None:
    """A token says, if anything, that it is of the wanted kind (RFC 8725 §3.11)."""
    named = header.get("typ", "jwt").lower()
    if named not in types:
        raise Refused("oidc_token_type_unexpected", f"This is a token for something else ({words(named, longest=40)}).")


def forms(values: dict[str, Any]) -> None:
    """Claims that we read have the types that the standard gives them, if they are there; times are real moments."""
    for name in ("iss", "sub", "azp", "nonce", "at_hash", "sid", "jti"):
        if not isinstance(values.get(name, ""), str):
            raise Refused("oidc_claim_malformed", f"The token's {name} is not text.")
    for name in ("exp", "iat", "nbf", "auth_time"):
        value = values.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= LATEST:
            raise Refused("oidc_claim_malformed", f"The token's {name} is not a moment.")
    audiences = values.get("aud", "")
    if not isinstance(audiences, str) and not (isinstance(audiences, list) and all(isinstance(item, str) for item in audiences)):
        raise Refused("oidc_claim_malformed", "The token's aud is neither text nor a list of texts.")


def present(values: dict[str, Any], *names: str) -> None:
    """These claims are there (Core §2; Back-Channel Logout §2.4)."""
    for name in names:
        if values.get(name) in (None, "", []):
            raise Refused("oidc_claim_missing", f"The token has no {name}.")


def issuer(values: dict[str, Any], provider: Provider) -> None:
    """By this provider (Core §3.1.3.7, 2)."""
    if values["iss"] != provider.issuer:
        raise Refused("oidc_issuer_wrong", f"The token is by another issuer: {words(values['iss'])}.")


def audience(values: dict[str, Any], client_id: str) -> None:
    """For us (Core §3.1.3.7, 3)."""
    audiences = values["aud"] if isinstance(values["aud"], list) else [values["aud"]]
    if client_id not in audiences:
        raise Refused("oidc_audience_wrong", "The token is for another application.")


def authorized_party(values: dict[str, Any], client_id: str) -> None:
    """Given to us, where it is for several or says to whom it was given (Core §3.1.3.7, 4 and 5)."""
    several = isinstance(values["aud"], list) and len(set(values["aud"])) > 1
    if several and "azp" not in values:
        raise Refused("oidc_authorized_party_missing", "The token is for several applications and doesn't say to which it was given.")
    if "azp" in values and values["azp"] != client_id:
        raise Refused("oidc_authorized_party_wrong", "The token was given to another application.")


def expiry(values: dict[str, Any], moment: float) -> None:
    """Not over (Core §3.1.3.7, 9)."""
    if values["exp"] + SKEW <= moment:
        raise Refused("oidc_token_expired", "The token has expired. Are the clocks right?")


def issued(values: dict[str, Any], moment: float) -> None:
    """Not made in the future."""
    if values["iat"] - SKEW > moment:
        raise Refused("oidc_token_from_the_future", "The token was made at a moment that is still to come. Are the clocks right?")


def not_before(values: dict[str, Any], moment: float) -> None:
    """Already valid (RFC 7519 §4.1.5)."""
    if values.get("nbf", 0) - SKEW > moment:
        raise Refused("oidc_token_not_yet_valid", "The token is not valid yet. Are the clocks right?")


def subject(values: dict[str, Any]) -> None:
    """A subject is 1 to 255 characters (Core §2) that can be told apart when they are read."""
    if len(values["sub"]) > LONGEST_SUBJECT or not values["sub"].isprintable() or values["sub"] != values["sub"].strip():
        raise Refused("oidc_subject_malformed", "The token's sub is not a name of 1 to 255 characters.")


def nonce(values: dict[str, Any], expected: str) -> None:
    """Made for this sign-in of this browser (Core §3.1.3.7, 11): a code of another sign-in that was slipped in stops here."""
    if not values.get("nonce"):
        raise Refused("oidc_nonce_missing", "The token doesn't say which sign-in it is for.")
    if not same(values["nonce"], expected):
        raise Refused("oidc_nonce_mismatch", "The token is for another sign-in. Sign in again.")


def authentication(values: dict[str, Any], since: float) -> None:
    """The person proved who they are after ``since`` (Core §3.1.3.7, 13)."""
    if "auth_time" not in values:
        raise Refused("oidc_auth_time_missing", "The provider was asked for a fresh sign-in and doesn't say when it was.")
    if values["auth_time"] + SKEW < since:
        raise Refused("oidc_auth_time_too_old", "The provider was asked for a fresh sign-in and answered with an old one.")


def access_token_hash(values: dict[str, Any], alg: str, access_token: str) -> None:
    """The access token is the one that was given together with this id_token (Core §3.1.3.6, §3.1.3.8)."""
    if "at_hash" not in values or not access_token:
        return
    digest = ACCEPTED[alg].digest(access_token.encode("ascii")).digest()
    if not same(values["at_hash"], base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()):
        raise Refused("oidc_access_token_mismatch", "The access token is not the one that belongs to the id_token.")


def no_logout(values: dict[str, Any]) -> None:
    """A logout token is no proof of identity (Back-Channel Logout §2.4)."""
    if "events" in values:
        raise Refused("oidc_logout_token_as_id_token", "This token tells of an event and signs nobody in.")


def logout_event(values: dict[str, Any]) -> None:
    """It tells of a logout (Back-Channel Logout §2.6, 5)."""
    events = values.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise Refused("oidc_logout_event_missing", "The token doesn't tell of a logout.")


def logout_nonce(values: dict[str, Any]) -> None:
    """It has no nonce, so it can't have been made for a sign-in (Back-Channel Logout §2.6, 7)."""
    if "nonce" in values:
        raise Refused("oidc_logout_nonce", "A logout token has no nonce; this may be an id_token.")


def logout_target(values: dict[str, Any]) -> None:
    """It says whose session, or which (Back-Channel Logout §2.6, 4)."""
    if not values.get("sub") and not values.get("sid"):
        raise Refused("oidc_logout_target_missing", "The logout token says neither whose session ends nor which.")
    if len(values.get("sid", "")) > LONGEST_SUBJECT:
        raise Refused("oidc_claim_malformed", "The token's sid is too long.")


def logout_age(values: dict[str, Any], moment: float) -> None:
    """It is recent, so that what was used need not be remembered for ever."""
    if values["iat"] + OLDEST_LOGOUT + SKEW < moment:
        raise Refused("oidc_logout_token_old", "The logout token is more than ten minutes old.")
