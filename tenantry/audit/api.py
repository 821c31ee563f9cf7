"""The record over the API."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router, Schema
from pydantic import AwareDatetime

from tenantry.access import limits
from tenantry.access.guards import actor_of, guard, guard_tenant, require, require_recent, signed_in
from tenantry.kit.operations import needs
from tenantry.kit.paging import Page
from tenantry.kit.schemas import Listing, Paging, TypeId, listing
from tenantry.tenancy.scope import current

from . import chain
from .export import export
from .models import Event
from .queries import Filter, impersonators, list_events, shape

router = Router()
OrganizationRef = Annotated[UUID, TypeId("org")]


class EventOut(Schema):
    id: str
    occurred_at: str
    organization: str | None
    category: str
    action: str
    actor: dict[str, Any]
    target: dict[str, Any]
    changes: dict[str, Any]
    reason: str
    source: str
    request_id: str
    ip: str | None
    user_agent: str


class EventsWanted(Schema):
    """``actor`` is an address or a key's name; ``target`` an identifier or part of a name; times are RFC 3339."""

    category: str = ""
    action: str = ""
    actor: str = ""
    target: str = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class VerificationOut(Schema):
    ok: bool
    checked: int
    pending: int
    head: str
    problems: list[str]


def organization_filter(request: HttpRequest, organization_id: Any, wanted: dict[str, Any]) -> Filter:
    """A filter narrowed to one organization and to the halves of its record that the caller may read. Raises 403."""
    principal = signed_in(request)
    operations, money = (principal.may(name, organization_id) for name in ("audit:read_operations", "audit:read_money"))
    if not operations and not money:
        require(principal, "audit:read_operations", organization_id)
    return Filter(**wanted, organization_id=organization_id, money=money, operations=operations)


def _listed(page: Page[Event]) -> dict[str, Any]:
    behind = impersonators(page.rows)
    return listing(page, lambda event: shape(event, behind))


@router.get("/organizations/{organization_id}/audit-events", response=Listing[EventOut], summary="An organization's record",
            **needs("organization:read"))  # fmt: skip
def list_for_organization(
    request: HttpRequest, organization_id: OrganizationRef, wanted: Query[EventsWanted], paging: Query[Paging]
) -> dict[str, Any]:
    """Operations with ``audit:read_operations``, money with ``audit:read_money``; the latest first."""
    organization = guard(request, "organization:read", organization_id)
    found = organization_filter(request, organization.id, wanted.dict())
    return _listed(list_events(found, cursor=paging.cursor, limit=paging.limit))


@router.get("/organizations/{organization_id}/audit-events/export", summary="Export an organization's record",
            **needs("audit:export", attempts=limits.told("exports")))  # fmt: skip
def export_for_organization(
    request: HttpRequest, organization_id: OrganizationRef, wanted: Query[EventsWanted], format: str = "csv"
) -> StreamingHttpResponse:
    """CSV or JSON Lines (``?format=csv|jsonl``), oldest first, streamed. The export itself is recorded."""
    organization = guard(request, "audit:export", organization_id)
    require_recent(request)
    found = organization_filter(request, organization.id, wanted.dict())
    answer = export(wanted=found, form=format, organizations=[organization.id], actor=actor_of(request))
    limits.count("exports", organization.id)  # last: what was asked for wrongly is no export
    return answer


@router.get("/audit-events", response=Listing[EventOut], summary="The tenant's record", **needs("audit:read_tenant"))
def list_for_tenant(request: HttpRequest, wanted: Query[EventsWanted], paging: Query[Paging]) -> dict[str, Any]:
    """The latest first."""
    guard_tenant(request, "audit:read_tenant")
    return _listed(list_events(Filter(**wanted.dict()), cursor=paging.cursor, limit=paging.limit))


@router.get("/audit-events/export", summary="Export the tenant's record", **needs("audit:read_tenant"))
def export_for_tenant(request: HttpRequest, wanted: Query[EventsWanted], format: str = "csv") -> StreamingHttpResponse:
    """CSV or JSON Lines (``?format=csv|jsonl``), oldest first, streamed. The export itself is recorded."""
    guard_tenant(request, "audit:read_tenant")
    require_recent(request)
    return export(wanted=Filter(**wanted.dict()), form=format, organizations="*", actor=actor_of(request))


@router.get("/audit-events/verification", response=VerificationOut, summary="Verify the hash chain", **needs("audit:read_tenant"))
def verify(request: HttpRequest) -> dict[str, Any]:
    """Walk the chain from its first link. ``pending`` events have no link yet: the sealer comes by every minute."""
    guard_tenant(request, "audit:read_tenant")
    tenant_id = current().tenant_id
    found = chain.verify(tenant_id)
    return {"ok": found.ok, "checked": found.checked, "pending": found.pending, "head": found.head, "problems": found.problems}
