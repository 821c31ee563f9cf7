"""Who holds a domain, and which domains an organization holds."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from tenantry.kit.paging import Page, by_id
from tenantry.kit.problems import not_found
from tenantry.organizations.models import Domain, Organization
from tenantry.tenancy.scope import everywhere

from .names import ascii_of

# It counts while the check fails, for 14 days: a slip in a DNS zone locks nobody out.
HELD: Final = (Domain.State.VERIFIED, Domain.State.LAPSING)


def holder(email_or_domain: str) -> Domain | None:
    """The domain of an address with the organization that holds it, wherever in the tenant; None for nobody's or nonsense.

    Exactly that domain: holding ``contoso.example`` says nothing of ``lab.contoso.example``. Organizations that are deleted or
    deactivated hold nothing.
    """
    name = ascii_of(email_or_domain.rpartition("@")[2])
    if name is None:
        return None
    with everywhere():
        rows = Domain.objects.filter(name=name, state__in=HELD, organization__deleted_at__isnull=True)
        return rows.exclude(organization__state=Organization.State.DEACTIVATED).select_related("organization").first()


def verified(organization_id: UUID) -> list[str]:
    """The domains that an organization holds, in ASCII form, sorted."""
    return list(Domain.objects.filter(organization_id=organization_id, state__in=HELD).order_by("name").values_list("name", flat=True))


def covers(organization_id: UUID, email: str) -> bool:
    """Whether this address is of a domain that the organization holds."""
    name = ascii_of(email.rpartition("@")[2])
    return name is not None and Domain.objects.filter(organization_id=organization_id, name=name, state__in=HELD).exists()


def covered(organization_id: UUID, emails: Collection[str]) -> set[str]:
    """Those of some addresses that are of a domain which the organization holds."""
    held = set(verified(organization_id))
    return {email for email in emails if ascii_of(email.rpartition("@")[2]) in held}


def load(domain_id: UUID, *, lock: bool = False, token: str = "", organization: Organization | None = None) -> Domain:
    """A domain with its organization; with ``token`` only while the claim is the same. Raises Problem 404."""
    rows = Domain.objects.select_related("organization").filter(id=domain_id)
    if organization is not None:
        rows = rows.filter(organization=organization)
    if token:
        rows = rows.filter(token=token)
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise not_found("domain")
    return found


def list_domains(organization: Organization, *, cursor: str | None, limit: int) -> Page[Domain]:
    """An organization's domains in the order of their claiming."""
    return by_id(Domain.objects.filter(organization=organization), cursor=cursor, limit=limit)


def claims(text: str) -> list[Domain]:
    """Every claim of a domain in the tenant, by organizations that are there. Call it with the whole tenant in scope."""
    rows = Domain.objects.select_related("organization").filter(name=ascii_of(text) or "", organization__deleted_at__isnull=True)
    return list(rows.order_by("id"))


def failing(organization: Organization) -> list[Domain]:
    """Domains whose proof has gone missing: lapsing and lapsed ones."""
    rows = Domain.objects.filter(organization=organization, state__in=[Domain.State.LAPSING, Domain.State.LAPSED])
    return list(rows.order_by("name")[:5])
