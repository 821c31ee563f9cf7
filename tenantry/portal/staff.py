"""Where staff arrive: what needs them today."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tenantry.access.guards import guard_tenant
from tenantry.kit import attention
from tenantry.organizations.queries import list_organizations

from .navigation import address_of

LATEST = 5


@require_GET
def staff_home(request: HttpRequest) -> HttpResponse:
    """What is the matter, of what this person may deal with, and who came last."""
    principal = guard_tenant(request, "organizations:list")
    notices = [
        {"notice": notice, "url": address_of(notice.url_name) and f"{address_of(notice.url_name)}{notice.query and '?' + notice.query}"}
        for notice in attention.notices(principal.may)
    ]
    latest = list_organizations(cursor=None, limit=LATEST).rows
    return render(request, "portal/staff_home.html", {"notices": notices, "latest": latest})
