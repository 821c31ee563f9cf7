"""The two sides of a connection, as the protocols need them: what we are to the provider, and what it is to us."""

from __future__ import annotations

from datetime import UTC, datetime

from tenantry.kit.clock import now
from tenantry.tenancy.addresses import address

from . import boxes
from .models import Certificate, Connection
from .oidc.codes import Client
from .oidc.discovery import Provider
from .refused import Refused
from .saml import certificates as x509
from .saml.parties import Idp, Sp


def moment_of(connection: Connection) -> datetime:
    """The present moment as the provider knows it: the world's, whatever a sandbox's clock says; the built-in one goes by that clock."""
    return now() if connection.preset == "test" else datetime.now(UTC)


def our_side(connection: Connection) -> dict[str, str]:
    """Our addresses of this connection, which the provider is told: by names that the API, presets and pages share."""
    metadata = address("sso_metadata", connection_id=connection.id)
    return {
        "entity_id": metadata,
        "metadata_url": metadata,
        "acs_url": address("sso_acs", connection_id=connection.id),
        "callback_url": address("sso_callback", connection_id=connection.id),
        "slo_url": address("sso_slo", connection_id=connection.id),
        "start_url": address("sso_start", connection_id=connection.id),
        "jwks_url": address("sso_jwks", connection_id=connection.id),
        "certificate_url": address("sso_certificate", connection_id=connection.id),
    }


def sp_of(connection: Connection) -> Sp:
    """We, with our key of this connection."""
    ours, key = our_side(connection), boxes.open_key(connection)
    return Sp(
        entity_id=ours["entity_id"], acs_url=ours["acs_url"], slo_url=ours["slo_url"], signing_key=key,
        signing_certificate=connection.own_certificate, decryption_keys=(key,) if key else (),
    )  # fmt: skip


def idp_of(connection: Connection, moment: datetime) -> Idp:
    """The SAML provider, with those of its certificates that count at this moment.

    Raises Refused with the reason of the last one when none does.
    """
    counting, reason = [], Refused("saml_certificate_none", "The connection has no certificate of the provider.")
    for row in Certificate.objects.filter(connection=connection).order_by("not_after"):
        try:
            certificate = x509.read(row.pem)
            x509.check(certificate, moment)
            counting.append(certificate)
        except Refused as refused:
            reason = refused
    if not counting:
        raise reason
    return Idp(
        entity_id=connection.idp_entity_id, sso_url=connection.sso_url, slo_url=connection.slo_url, certificates=tuple(counting),
        require_signed_response=connection.require_signed_response, sign_requests=connection.sign_requests,
        allow_idp_initiated=connection.idp_initiated,
        **({"sso_binding": connection.sso_binding} if connection.sso_binding else {}),
        **({"slo_binding": connection.slo_binding} if connection.slo_binding else {}),
    )  # fmt: skip


def provider_of(connection: Connection) -> Provider:
    """The OpenID provider as it was last discovered."""
    return Provider.of({**connection.endpoints, "issuer": connection.issuer})


def client_of(connection: Connection) -> Client:
    """Who we are at the OpenID provider."""
    if connection.client_authentication == Connection.Authentication.PRIVATE_KEY:
        return Client(
            id=connection.client_id, method=connection.client_authentication, private_key=boxes.open_key(connection),
            certificate=connection.own_certificate,
        )  # fmt: skip
    return Client(id=connection.client_id, secret=boxes.open_secret(connection))
