"""Reading what a provider publishes, for whoever sets a connection up and waits for the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenantry.kit.clock import now
from tenantry.tenancy.scope import outside

from . import connections, lookups
from .lookups import Found
from .models import Connection
from .provider import oidc, saml
from .provider.identity import identity


def look_up(values: Mapping[str, Any], *, preset: str = "", kind: str) -> Found:
    """What metadata (its address or its text) or discovery say; nothing when none is given.

    Interrupts the transaction for a call, so it comes before any change. Raises Problem 422 (``url_refused``,
    ``sso_setting_foreign``, ``sso_metadata_unreachable``, ``sso_metadata_invalid``, ``sso_certificate_refused``, ``sso_discovery_failed``).
    """
    connections.check_kind(kind, values)
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
    own = identity()
    if kind == Connection.Kind.SAML:
        return lookups.read_metadata(saml.metadata_of(own), now())
    known = oidc.provider()
    fields = {"issuer": known.issuer, "client_id": oidc.CLIENT_ID, "endpoints": known.kept()}
    return Found(fields, client_secret=oidc.client_secret(own))
