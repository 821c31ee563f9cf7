"""Reading what a provider publishes, for whoever sets a connection up and waits for the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantry.kit.clock import now
from tenantry.tenancy.scope import outside

from . import connections, lookups
from .lookups import Found
from .provider import saml as test_provider
from .provider.identity import identity


def look_up(values: Mapping[str, Any], *, preset: str = "", kind: str = "") -> Found:
    """What metadata (its address or its text) or discovery say; nothing when none is given.

    Interrupts the transaction for a call, so it comes before any change. Raises Problem 422 (``url_refused``,
    ``sso_metadata_unreachable``, ``sso_metadata_invalid``, ``sso_certificate_refused``, ``sso_discovery_failed``).
    """
    if preset == "test" and connections.test_provider_allowed():
        return built_in(kind)
    if document := values.get("metadata_xml"):
        return lookups.read_metadata(document.encode(), now())
    if url := values.get("metadata_url"):
        lookups.call_address(url, pointer="/metadata_url")
        with outside():
            document = lookups.metadata_at(url)
        return lookups.read_metadata(document, now(), pointer="/metadata_url")
    if issuer := values.get("issuer"):
        lookups.call_address(issuer, pointer="/issuer")
        with outside():
            return lookups.discovered(issuer)
    return Found()


def built_in(kind: str) -> Found:
    """The test provider of this workspace: nothing has to be fetched."""
    return lookups.read_metadata(test_provider.metadata_of(identity()), now())
