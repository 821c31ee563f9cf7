"""The record on pages: an organization's, and the tenant's with the proof that nobody touched it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from tenantry.access import limits
from tenantry.access.guards import actor_of, guard, guard_tenant, is_open, require_recent, signed_in
from tenantry.kit.paging import Page
from tenantry.tenancy.scope import current

from . import chain
from .api import organization_filter
from .catalogue import event_types
from .export import export
from .forms import categories, wanted_of
from .models import Event
from .names import organization_names
from .queries import Filter, list_events
from .stories import stories

PER_PAGE = 50


@require_GET
def audit(request: HttpRequest, slug: str) -> HttpResponse:
    """An organization's record, the latest first, as far as the reader may see it."""
    organization = guard(request, "organization:read", slug)
    wanted = organization_filter(request, organization.id, wanted_of(request.GET, time_zone=organization.time_zone))
    page = list_events(wanted, cursor=request.GET.get("cursor"), limit=PER_PAGE)
    context = {
        "organization": organization,
        "exports": is_open(request, "audit:export", organization),
        "half": _half(wanted),
        **_listed(request, page),
    }
    return render(request, "audit/organization.html", context)


def _half(wanted: Filter) -> str:
    """What a reader of one half is told about the other."""
    if wanted.money and wanted.operations:
        return ""
    return "Your role sees the record of money; people and settings are for others." if wanted.money else ""


def _listed(request: HttpRequest, page: Page[Event], *, of_tenant: bool = False) -> dict[str, Any]:
    names = organization_names({row.organization_id for row in page.rows if row.organization_id}) if of_tenant else {}
    query = request.GET.copy()
    query.pop("cursor", None)
    return {
        "page": page,
        "rows": [
            {"story": story, "where": names.get(where) if (where := story.event.organization_id) else ""} for story in stories(page.rows)
        ],
        "categories": categories(),
        "actions": [(kind.name, kind.name) for kind in event_types()],
        "filtered": any(request.GET.get(name) for name in ("q", "category", "action", "actor", "from", "to", "cursor")),
        "query": query.urlencode(),
    }


@require_GET
def audit_export(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """What the filter shows, as CSV or JSON Lines, oldest first. The export itself is recorded."""
    organization = guard(request, "audit:export", slug)
    require_recent(request)
    wanted = organization_filter(request, organization.id, wanted_of(request.GET, time_zone=organization.time_zone))
    answer = export(wanted=wanted, form=request.GET.get("format", "csv"), organizations=[organization.id], actor=actor_of(request))
    limits.count("exports", organization.id)  # last: what was asked for wrongly is no export
    return answer


@require_GET
def staff_audit(request: HttpRequest) -> HttpResponse:
    """The whole tenant's record."""
    guard_tenant(request, "audit:read_tenant")
    page = list_events(Filter(**wanted_of(request.GET)), cursor=request.GET.get("cursor"), limit=PER_PAGE)
    opens = signed_in(request).may("organizations:list")
    return render(request, "audit/tenant.html", {"opens": opens, **_listed(request, page, of_tenant=True)})


@require_GET
def staff_audit_export(request: HttpRequest) -> StreamingHttpResponse:
    """What the filter shows of the whole tenant's record."""
    guard_tenant(request, "audit:read_tenant")
    require_recent(request)
    return export(
        wanted=Filter(**wanted_of(request.GET)), form=request.GET.get("format", "csv"), organizations="*", actor=actor_of(request)
    )


@require_POST
def staff_audit_verification(request: HttpRequest) -> HttpResponse:
    """Walk the chain and say what was found. A POST, so that no prefetch sets it off; it changes nothing."""
    guard_tenant(request, "audit:read_tenant")
    return render(request, "audit/verification.html", {"found": chain.verify(current().tenant_id)})
