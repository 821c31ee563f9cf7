"""Ending the provider's own session from our side (OpenID Connect RP-Initiated Logout 1.0 §2)."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from .discovery import Provider

LONGEST_HINT: Final = 4096


def url(provider: Provider, *, client_id: str, id_token_hint: str = "", post_logout_redirect_uri: str = "", state: str = "") -> str:
    """Where the browser goes to sign out there too; empty where the provider has no such address.

    A hint of more than 4 KB is left out, for addresses have an end; the provider then asks the person.
    """
    if not provider.end_session_endpoint:
        return ""
    asked = {
        "client_id": client_id,
        "id_token_hint": id_token_hint if len(id_token_hint) <= LONGEST_HINT else "",
        "post_logout_redirect_uri": post_logout_redirect_uri,
        "state": state if post_logout_redirect_uri else "",
    }
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{provider.end_session_endpoint}{'&' if '?' in provider.end_session_endpoint else '?'}{query}"
