"""What is done for connections every day: metadata and discovery are read anew, and owners hear of certificates that end."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import Max

from tenantry.audit.services import Actor, difference, record
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem
from tenantry.organizations.models import Organization

from . import connections, lookups, notices
from .lookups import Found
from .models import Certificate, Connection

JOB: Final = Actor("system", None, "Tenantry", "job")
WARNINGS: Final = (7, 30)  # days ahead, the most urgent first
CRITICAL: Final = timedelta(days=7)
_FOLLOWED: Final = ("idp_entity_id", "sso_url", "sso_binding", "slo_url", "slo_binding", "endpoints")


def sources() -> list[tuple[UUID, str, str]]:
    """``(connection, metadata address, issuer)`` of what is to be read anew in this tenant; one of the two is empty."""
    rows = Connection.objects.filter(organization__deleted_at__isnull=True).exclude(preset="test")
    found = rows.values_list("id", "kind", "metadata_url", "issuer")
    return [(key, url, "") if kind == Connection.Kind.SAML else (key, "", issuer) for key, kind, url, issuer in found if url or issuer]


def look(url: str, issuer: str) -> Found | str:
    """What the provider says of itself today, or why it can't be read. Waits for the network: call it between scopes."""
    try:
        return lookups.read_metadata(lookups.metadata_at(url), now()) if url else lookups.discovered(issuer)
    except Problem as problem:
        return problem.detail


def take_over(connection_id: UUID, url: str, issuer: str, found: Found | str) -> None:
    """Keep what was read, unless somebody changed the connection meanwhile. Owners are told once when reading begins to fail."""
    connection = Connection.objects.select_for_update(of=("self",)).select_related("organization").filter(id=connection_id).first()
    if connection is None or (connection.metadata_url if url else connection.issuer) != (url or issuer):
        return
    if isinstance(found, str):
        if not connection.refresh_error:
            context = {"connection": connection.name, "error": found}
            notices.tell_owners(connection.organization, "sso_certificate", subject="Your identity provider can't be read", **context)
        connection.refresh_error = found[:300]
        connection.save(update_fields=["refresh_error"])
        record("sso.refresh_failed", actor=JOB, organization_id=connection.organization_id, target=connection, label=connection.name,
               reason=found[:300])  # fmt: skip
        return
    before = {name: getattr(connection, name) for name in _FOLLOWED} | {"certificates": _fingerprints(connection)}
    connections.put_found(connection, found)
    after = {name: getattr(connection, name) for name in _FOLLOWED} | {"certificates": _fingerprints(connection)}
    changes = difference(before, after)
    connection.version += bool(changes)  # a form that was opened before would write the old values back
    connection.save()
    if changes:
        record("sso.connection_refreshed", actor=JOB, organization_id=connection.organization_id, target=connection, label=connection.name,
               changes=changes)  # fmt: skip


def _fingerprints(connection: Connection) -> list[str]:
    return sorted(Certificate.objects.filter(connection=connection).values_list("fingerprint", flat=True))


def warn() -> int:
    """Tell owners 30 and 7 days before the last certificate of a connection ends, once each; returns how many were told of.

    One that ends while another goes on is no matter: that is a roll-over.
    """
    told = 0
    last = Certificate.objects.filter(organization__deleted_at__isnull=True).values("connection_id").annotate(end=Max("not_after"))
    for entry in last.filter(end__lte=now() + timedelta(days=max(WARNINGS))):
        row = (
            Certificate.objects.select_for_update(of=("self",)).filter(connection_id=entry["connection_id"], not_after=entry["end"]).first()
        )
        days = next((days for days in WARNINGS if entry["end"] <= now() + timedelta(days=days)), 0)
        if row is None or (row.warned and row.warned <= days):
            continue
        connection, organization = row.connection, Organization.objects.get(id=row.organization_id)
        row.warned = days
        row.save(update_fields=["warned"])
        urgent = "within days" if days == WARNINGS[0] else "soon"
        notices.tell_owners(organization, "sso_certificate", subject=f"A certificate of your identity provider ends {urgent}",
                            connection=connection.name, days=days, ends=row.not_after)  # fmt: skip
        changes = {"days": {"before": None, "after": days}}
        record(
            "sso.certificate_ending", actor=JOB, organization_id=organization.id, target=connection, label=connection.name, changes=changes
        )
        told += 1
    return told


def critical() -> int:
    """How many connections can't be used, or can't within seven days, for want of a certificate."""
    rows = Certificate.objects.filter(organization__deleted_at__isnull=True).values("connection_id").annotate(end=Max("not_after"))
    return rows.filter(end__lte=now() + CRITICAL).count()
