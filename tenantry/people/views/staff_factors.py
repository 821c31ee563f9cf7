"""A user's second factors and sign-ins, as staff see them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.access.guards import actor_of, guard_tenant, require_recent
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem

from .. import history
from ..factors import passing, services
from ..forms import WhyForm
from ..users import load

PER_PAGE = 50


@require_GET
def staff_user_sign_ins(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """When a user signed in, how and from where, and what was refused."""
    guard_tenant(request, "users:read")
    shown = load(user_id)
    page = history.sign_ins(shown, cursor=request.GET.get("cursor"), limit=PER_PAGE)
    return render(request, "people/staff/sign_ins.html", {"shown": shown, "page": page})


@require_http_methods(["GET", "POST"])
def staff_user_factors(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Take a user's second factors away, with a reason."""
    guard_tenant(request, "users:write")
    require_recent(request)
    shown = load(user_id, lock=request.method == "POST")
    form, problem = WhyForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            services.reset(user=shown, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"{shown.display_name} signs in without a second factor until they set one up.")
            return redirect("staff_user", user_id=user_id)
    context = {"shown": shown, "ways": passing.ways(shown)}
    return answer(request, "people/staff/factors_reset.html", context, form=form, problem=problem)
