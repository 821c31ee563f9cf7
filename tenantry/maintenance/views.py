"""The staff's page of maintenance windows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access.guards import actor_of, guard, guard_tenant
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem, invalid
from tenantry.organizations.models import Organization
from tenantry.organizations.queries import names_of
from tenantry.tenancy.windows import Mode

from . import queries, services
from .forms import WindowForm
from .models import Window

PER_PAGE = 50
SUGGESTED = 100
MODES = [
    {"value": Mode.WRITES.value, "label": "Changes", "hint": "Everything can be read; nothing can be changed."},
    {"value": Mode.EVERYTHING.value, "label": "Everything", "hint": "Pages and API answer that maintenance is under way."},
]


@require_GET
def staff_maintenance(request: HttpRequest) -> HttpResponse:
    """Windows to come and under way, or with ``?tab=past`` those that are over."""
    principal = guard_tenant(request, "maintenance:read")
    past, page = request.GET.get("tab") == "past", None
    if past:
        page = queries.past_windows(cursor=request.GET.get("cursor"), limit=PER_PAGE)
    windows: list[queries.SomeWindow] = list(page.rows) if page else queries.open_windows()
    names = names_of(queries.organizations_of(windows))
    context = {
        "rows": [_row(window, names) for window in windows],
        "page": page,
        "past": past,
        "may_write": principal.may("maintenance:write"),
    }
    return render(request, "maintenance/windows.html", context)


def _row(window: queries.SomeWindow, names: dict[UUID, str]) -> dict[str, Any]:
    own, state = isinstance(window, Window), queries.state_of(window)
    organization_id = window.organization_id if isinstance(window, Window) else None
    return {
        "window": window,
        "state": state,
        "organization_id": organization_id,
        "organization": names.get(organization_id, "") if organization_id else "",
        "of_operator": not own,
        "ends": own and state in ("scheduled", "under_way"),
    }


@require_http_methods(["GET", "POST"])
def staff_maintenance_new(request: HttpRequest) -> HttpResponse:
    """Announce maintenance, or begin it at once. ``?organization=contoso`` fills in one."""
    guard_tenant(request, "maintenance:write")
    form = WindowForm(request.POST or None, initial={"organization": request.GET.get("organization", "")})
    problem = None
    if request.method == "POST" and form.is_valid():
        try:
            window = _schedule(request, form.cleaned_data)
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "Maintenance is announced." if window.told == "scheduled" else "Maintenance is under way.")
            return redirect("staff_maintenance")
    suggested = Organization.objects.filter(deleted_at__isnull=True).order_by("name").values_list("slug", "name")[:SUGGESTED]
    return answer(request, "maintenance/new.html", {"modes": MODES, "suggested": suggested}, form=form, problem=problem)


def _schedule(request: HttpRequest, given: dict[str, Any]) -> Window:
    organization_id = None
    if slug := given["organization"].strip().lower():
        try:
            organization_id = guard(request, "maintenance:write", slug).id
        except Problem as refused:
            if refused.status != 404:
                raise
            raise invalid("There is no organization with this address.", pointer="/organization") from refused
    return services.schedule(
        organization_id=organization_id, starts_at=given["starts_at"], ends_at=given["ends_at"], mode=Mode(given["mode"]),
        message=given["message"], actor=actor_of(request),
    )  # fmt: skip


@require_POST
def staff_maintenance_end(request: HttpRequest, window_id: UUID) -> HttpResponse:
    """End one that is under way, cancel one to come."""
    guard_tenant(request, "maintenance:write")
    ended = services.end(window_id=window_id, actor=actor_of(request))
    messages.success(request, "Maintenance was called off." if ended.told == "cancelled" else "Maintenance is over.")
    return redirect("staff_maintenance")
