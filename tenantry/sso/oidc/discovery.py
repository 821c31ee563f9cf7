"""Reading a provider's own description (OpenID Connect Discovery 1.0 §3, §4; RFC 8414; RFC 9207 §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any
from urllib.parse import parse_qs

from tenantry.kit import destinations
from tenantry.sso.refused import Refused

from . import network
from .algorithms import ACCEPTED
from .documents import words

WELL_KNOWN = "/.well-known/openid-configuration"
AUTHENTICATION = ("client_secret_basic", "client_secret_post", "private_key_jwt")
# Parameters that we send to the authorization endpoint; one that stands there already would be there twice (RFC 6749 §3.1).
OURS = frozenset(
    "response_type client_id redirect_uri scope state nonce code_challenge code_challenge_method prompt max_age login_hint "
    "response_mode request request_uri".split()
)
# Entra's addresses for "any directory". Whoever takes them lets every directory of the world sign in.
_MANY = frozenset({"common", "organizations", "consumers", "{tenantid}"})
_ENTRA = frozenset({"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "sts.windows.net"})


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of a provider. Addresses that it doesn't have are empty.

    ``algorithms`` are those that its id_tokens may be signed with, ``token_auth_methods`` how we may prove who we are.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""
    iss_parameter_supported: bool = False
    algorithms: tuple[str, ...] = ("RS256",)
    userinfo_endpoint: str = ""
    token_auth_methods: tuple[str, ...] = ("client_secret_basic",)
    backchannel_logout: bool = False
    backchannel_logout_session: bool = False
    scopes: tuple[str, ...] = ()

    def kept(self) -> dict[str, Any]:
        """As JSON, for keeping it; ``Provider.of`` reads it again."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Provider:
        """What ``kept`` gave. Members that are gone or new since then have their defaults."""
        known = {field.name for field in fields(cls)}
        found: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items() if name in known}
        return cls(**found)


def issuer_of(text: str) -> str:
    """The issuer in what somebody typed: itself, or the address of its description."""
    typed = text.strip()
    return typed[: -len(WELL_KNOWN)] if typed.endswith(WELL_KNOWN) else typed


def read(issuer: str, fetch: network.Fetch, *, allow_loopback: bool = False) -> Provider:
    """Ask the provider to describe itself. Raises Refused. ``allow_loopback`` is for development: http on this machine.

    The description must call itself exactly what was asked for (Discovery §4.3): one that names another issuer would have us
    believe that issuer's tokens, or send ours to it.
    """
    check_issuer_address(issuer, allow_loopback=allow_loopback)
    document = network.read(fetch, issuer.rstrip("/") + WELL_KNOWN, what="The provider's description")
    check_issuer(document, issuer)
    check_flow(document)
    return Provider(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint", required=True, allow_loopback=allow_loopback),
        token_endpoint=_endpoint(document, "token_endpoint", required=True, allow_loopback=allow_loopback),
        jwks_uri=_endpoint(document, "jwks_uri", required=True, allow_loopback=allow_loopback),
        end_session_endpoint=_endpoint(document, "end_session_endpoint", allow_loopback=allow_loopback),
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint", allow_loopback=allow_loopback),
        iss_parameter_supported=document.get("authorization_response_iss_parameter_supported") is True,
        algorithms=_algorithms(document),
        token_auth_methods=_methods(document),
        backchannel_logout=document.get("backchannel_logout_supported") is True,
        backchannel_logout_session=document.get("backchannel_logout_session_supported") is True,
        scopes=tuple(_list(document, "scopes_supported", default=[]))[:100],
    )


def check_issuer_address(issuer: str, *, allow_loopback: bool) -> None:
    """Refuse what can't be an issuer (Discovery §3: https, no query, no fragment), and Entra's addresses of many directories."""
    if "{" in issuer:
        raise _of_many()
    if "?" in issuer or "#" in issuer:
        raise Refused("oidc_issuer_invalid", "An issuer is an address without ? and #.")
    try:
        destination = destinations.read_url(issuer, allow_loopback=allow_loopback)
    except destinations.Refused as refused:
        raise Refused("oidc_issuer_invalid", f"This can't be an issuer. {refused.reason}") from refused
    if destination.host in _ENTRA and destination.url.path.strip("/").split("/")[0].lower() in _MANY:
        raise _of_many()


def check_issuer(document: dict[str, Any], issuer: str) -> None:
    """The description is that of the issuer asked for, letter by letter."""
    named = document.get("issuer")
    if isinstance(named, str) and "{" in named:
        raise _of_many()
    if named != issuer:
        told = f" It calls itself {words(named)}: if that is right, enter exactly this." if isinstance(named, str) else ""
        raise Refused("oidc_issuer_mismatch", f"The description found there is another issuer's.{told}")


def check_flow(document: dict[str, Any]) -> None:
    """The provider offers what we do: the code flow, and PKCE by S256 unless it says nothing of PKCE."""
    if "code" not in _list(document, "response_types_supported", default=["code"]):
        raise Refused("oidc_code_flow_unsupported", "The provider doesn't offer the authorization code flow.")
    if "S256" not in _list(document, "code_challenge_methods_supported", default=["S256"]):
        raise Refused("oidc_pkce_unsupported", "The provider knows PKCE, but not its method S256.")


def _of_many() -> Refused:
    return Refused(
        "oidc_issuer_template",
        "This address stands for every Entra directory at once. Enter the one of your directory: "
        "https://login.microsoftonline.com/<directory id>/v2.0",
    )


def _endpoint(document: dict[str, Any], name: str, *, required: bool = False, allow_loopback: bool) -> str:
    value = document.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not value:
        raise Refused("oidc_endpoint_missing", f"The provider's description names no {name}.")
    check_endpoint(value, name, allow_loopback=allow_loopback)
    if OURS & parse_qs(value.partition("?")[2], keep_blank_values=True).keys():
        raise Refused("oidc_endpoint_refused", f"The provider's {name} has a parameter in it that only we set.")
    return value


def check_endpoint(value: str, name: str, *, allow_loopback: bool) -> None:
    """An endpoint is https and at an address that may be called; whether a browser or we go there."""
    if value.lower().startswith("http://"):
        try:
            if destinations.is_loopback(destinations.read_url(value, allow_loopback=allow_loopback).host):
                return
        except destinations.Refused:
            pass
        raise Refused("oidc_endpoint_insecure", f"The provider's {name} is not an https address.")
    if "#" in value:
        raise Refused("oidc_endpoint_refused", f"The provider's {name} has a fragment.")
    try:
        destinations.read_url(value, allow_loopback=allow_loopback)
    except destinations.Refused as refused:
        raise Refused("oidc_endpoint_refused", f"The provider's {name} is refused. {refused.reason}") from refused


def _list(document: dict[str, Any], name: str, *, default: list[str]) -> list[str]:
    value = document.get(name)
    if value is None:
        return default
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Refused("oidc_description_malformed", f"The provider's description has {name} in a form that can't be read.")
    return value


def _algorithms(document: dict[str, Any]) -> tuple[str, ...]:
    """What it signs with and we accept. Where it doesn't say: RS256, which every provider must have (Core §15.1)."""
    offered = _list(document, "id_token_signing_alg_values_supported", default=["RS256"])
    found = tuple(name for name in ACCEPTED if name in offered)
    if not found:
        raise Refused("oidc_algorithms_unsupported", f"The provider signs with none of {', '.join(ACCEPTED)}.")
    return found


def _methods(document: dict[str, Any]) -> tuple[str, ...]:
    offered = _list(document, "token_endpoint_auth_methods_supported", default=["client_secret_basic"])
    found = tuple(name for name in AUTHENTICATION if name in offered)
    if not found:
        raise Refused("oidc_client_authentication_unsupported", f"The provider offers none of {', '.join(AUTHENTICATION)}.")
    return found
