"""Asking a provider for what its id_token doesn't say (OpenID Connect Core §5.3)."""

from __future__ import annotations

from typing import Any

from tenantry.sso.refused import Refused

from . import network
from .discovery import Provider

# The id_token alone speaks of these: it is signed, and for us.
_SIGNED_ONLY = frozenset("iss sub aud azp exp iat nbf nonce auth_time acr amr at_hash c_hash sid jti events".split())


def read(provider: Provider, fetch: network.Fetch, *, access_token: str, subject: str) -> dict[str, Any]:
    """What the provider knows of a person, without what only an id_token may say. Raises Refused. Waits for the network.

    Empty where the provider has no such address or gave no access token. The answer must be of the very person that the
    id_token names (Core §5.3.2): an access token of somebody else could have been slipped in.
    """
    if not provider.userinfo_endpoint or not access_token:
        return {}
    what = "What the provider knows of the person"
    given = network.read(fetch, provider.userinfo_endpoint, what=what, headers={"Authorization": f"Bearer {access_token}"})
    check_subject(given, subject)
    return {name: value for name, value in given.items() if name not in _SIGNED_ONLY}


def check_subject(given: dict[str, Any], subject: str) -> None:
    """The same person (Core §5.3.4)."""
    if given.get("sub") != subject:
        raise Refused("oidc_userinfo_subject_mismatch", "The provider's userinfo speaks of somebody else than its id_token.")
