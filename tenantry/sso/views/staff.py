"""Single sign-on in the staff console: which connections need somebody's help."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tenantry.access.guards import guard_tenant

from .. import troubles

PER_PAGE = 50


@require_GET
def staff_sso(request: HttpRequest) -> HttpResponse:
    """Connections with which something is wrong, in all organizations."""
    guard_tenant(request, "identity:read")
    page = troubles.listed(cursor=request.GET.get("cursor"), limit=PER_PAGE)
    return render(request, "sso/staff.html", {"page": page, "rows": page.rows})
