"""The workspace's own name, support address and colour."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.access.guards import actor_of, guard_tenant
from tenantry.kit.colours import theme_of
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem
from tenantry.tenancy.scope import current

from .. import program
from ..forms import ProgramSettingsForm


@require_http_methods(["GET", "POST"])
def staff_program(request: HttpRequest) -> HttpResponse:
    """Read by auditors, changed by admins."""
    principal = guard_tenant(request, "tenant:read")
    may_write = principal.may("tenant:write")
    found, problem = program.read_program(), None
    form = ProgramSettingsForm(request.POST or None, initial={**found.values(), "version": found.version})
    if request.method == "POST":
        guard_tenant(request, "tenant:write")
        if form.is_valid():
            version = form.cleaned_data.pop("version")
            try:
                program.change_program(values=form.cleaned_data, expected_version=version, actor=actor_of(request))
            except Problem as refused:
                problem = refused
            else:
                messages.success(request, "Saved.")
                return redirect("staff_program")
    if not may_write:
        for field in form.fields.values():
            field.disabled = True
    return answer(request, "workspaces/staff/program.html", {"may_write": may_write}, form=form, problem=problem)


@require_GET
def program_theme(request: HttpRequest) -> HttpResponse:
    """The colour as custom properties, for every page of the workspace. Its address changes with the colour."""
    css = theme_of(current().colour)
    return HttpResponse(css, content_type="text/css; charset=utf-8", headers={"Cache-Control": "public, max-age=86400"})
