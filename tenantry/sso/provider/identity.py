"""Who the test provider is in one tenant: its name, and a key pair that is made at its first use and kept sealed."""

from __future__ import annotations

from dataclasses import dataclass, field

from tenantry.audit.services import SYSTEM, record
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem
from tenantry.tenancy.addresses import address
from tenantry.tenancy.scope import everywhere
from tenantry.tenancy.settings import Group, read_group, write_group

from ..models import Connection
from ..parties import our_side
from ..saml import certificates
from ..saml.certificates import Certificate

GROUP = "sso_test_provider"


@dataclass(frozen=True, slots=True)
class Identity:
    """Key and certificate are PEM texts (RSA 2048); SAML and OpenID Connect use the same pair."""

    entity_id: str
    key_pem: str = field(repr=False)
    certificate_pem: str = ""

    @property
    def certificate(self) -> Certificate:
        """The certificate, parsed."""
        return certificates.read(self.certificate_pem)


def known_services(entity_id: str) -> list[tuple[str, str]]:
    """The entity IDs of the SAML connections that trust this provider, each with its organization's and its own name."""
    with everywhere():  # whoever tries a connection out is signed in to no organization at the provider
        rows = Connection.objects.select_related("organization").filter(kind=Connection.Kind.SAML, idp_entity_id=entity_id)
        return [(our_side(row)["entity_id"], f"{row.organization.name}: {row.name}") for row in rows.order_by("-id")[:50]]


def identity() -> Identity:
    """The present tenant's test provider; the first call makes its key."""
    held = read_group(GROUP)
    if "key" not in held.secrets:
        held = _first_use()
    return Identity(address("test_provider_metadata"), held.secrets["key"], str(held.values["certificate"]))


def _first_use() -> Group:
    """Make the key; where two are first at once, both go on with the one that was kept."""
    key, certificate = certificates.make(name="Tenantry test identity provider", moment=now())
    try:
        written = write_group(GROUP, values={"certificate": certificate}, secrets={"key": key}, expected_version=0)
    except Problem:
        return read_group(GROUP)
    record("sso.test_provider_opened", actor=SYSTEM)
    return written
