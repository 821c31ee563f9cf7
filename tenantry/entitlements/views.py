"""Billing & usage: limits, what is held of them, and what staff may change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access.guards import actor_of, guard, is_open, signed_in
from tenantry.kit.clock import end_of_day
from tenantry.kit.forms import show_problem
from tenantry.kit.problems import Problem
from tenantry.tenancy.addresses import safe_path

from . import limits, services
from .bars import Bar, bars, pending_seats
from .forms import AcquireForm, LimitForm, ReconcileForm
from .models import Entitlement
from .plans import PLANS, label_of, noun_of

IDS_PER_PAGE = 100


@require_GET
def billing(request: HttpRequest, slug: str) -> HttpResponse:
    """Every limit with what is in use of it, how it came to be, and the way to a higher one."""
    organization = guard(request, "entitlements:read", slug)
    principal = signed_in(request)
    shown = bars(limits.standings(organization.id), pending_seats(organization.id))
    ruling = limits.limits_of(organization.id)
    context = {
        "organization": organization,
        "rows": [_row(bar, ruling.get(bar.standing.resource_type)) for bar in shown],
        "full": [bar for bar in shown if bar.standing.full and bar.standing.limit],
        "unlimited": all(bar.standing.limit is None for bar in shown),
        "may": {
            "usage": principal.may("usage:read", organization.id),
            "members": principal.may("members:read", organization.id),
            "limits": is_open(request, "entitlements:write", organization),
        },
        "plan": organization.plan.capitalize(),
        "includes": PLANS.get(organization.plan),
    }
    return render(request, "entitlements/billing.html", context)


def _row(bar: Bar, ruling: Entitlement | None) -> dict[str, Any]:
    return {
        "bar": bar,
        "name": bar.standing.resource_type,
        "override": ruling if ruling is not None and ruling.source == Entitlement.Source.OVERRIDE else None,
        "last_day": ruling.ends_at - timedelta(seconds=1) if ruling is not None and ruling.ends_at else None,
    }


@require_GET
def raise_limit(request: HttpRequest, slug: str) -> HttpResponse:
    """How a limit is raised: what to say to the vendor, ready to copy."""
    organization = guard(request, "entitlements:read", slug)
    shown = bars(limits.standings(organization.id), pending_seats(organization.id))
    context = {
        "organization": organization,
        "limited": [bar for bar in shown if bar.standing.limit is not None],
        "may_set": is_open(request, "entitlements:write", organization),
    }
    return render(request, "entitlements/raise.html", context)


@require_http_methods(["GET", "POST"])
def set_limit(request: HttpRequest, slug: str, resource_type: str = "") -> HttpResponse:
    """Override a limit: staff's, with a reason and perhaps an end."""
    organization = guard(request, "entitlements:write", slug)
    present = limits.standing(organization.id, limits.check_type(resource_type)) if resource_type else None
    initial = {"limit": present.limit} if present else {}
    form, status = LimitForm(request.POST or None, resource_type=resource_type, initial=initial), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            ends_at = end_of_day(given["ends_at"], organization.time_zone) if given["ends_at"] else None
            wanted = resource_type or given["resource_type"].strip()
            try:
                found = services.set_limit(
                    organization_id=organization.id, resource_type=wanted, limit=given["limit"], reason=given["reason"],
                    ends_at=ends_at, force=given["force"], actor=actor_of(request),
                )  # fmt: skip
            except Problem as problem:
                status = show_problem(form, _in_page_words(problem, wanted))
            else:
                messages.success(request, f"{label_of(wanted)}: the limit is {found.limit:,} now.")
                return redirect(_after(request, organization.slug))
    context = {
        "organization": organization, "form": form, "present": present, "label": label_of(resource_type) if resource_type else "",
        "back": _after(request, organization.slug),
    }  # fmt: skip
    return render(request, "entitlements/limit.html", context, status=status)


def _in_page_words(problem: Problem, resource_type: str) -> Problem:
    """The service tells programs to send ``force=true``; on the page that is a box to tick."""
    if problem.code != "limit_below_usage":
        return problem
    detail = f"{problem.members['current']:,} {noun_of(resource_type)} are held. Tick the box to set the lower limit all the same."
    return Problem(problem.status, problem.code, detail, errors=[{"pointer": "/force", "detail": detail}])


def _after(request: HttpRequest, slug: str) -> str:
    """Where the form was opened from, or Billing & usage."""
    return safe_path(request.GET.get("next", "")) or reverse("billing", kwargs={"slug": slug})


@require_POST
def lift_override(request: HttpRequest, slug: str, resource_type: str) -> HttpResponse:
    """Let the plan's limit rule again, or none."""
    organization = guard(request, "entitlements:write", slug)
    found = services.lift_override(organization_id=organization.id, resource_type=resource_type, actor=actor_of(request))
    now = "there is no limit now" if found.limit is None else f"the limit is {found.limit:,} now"
    messages.success(request, f"{label_of(resource_type)}: {now}.")
    return redirect(_after(request, organization.slug))


@require_http_methods(["GET", "POST"])
def usage(request: HttpRequest, slug: str, resource_type: str) -> HttpResponse:
    """The ids held of one type; a POST acquires one more."""
    organization = guard(request, "usage:write" if request.method == "POST" else "usage:read", slug)
    limits.check_type(resource_type)
    form, status = AcquireForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                _, new = services.acquire(
                    organization_id=organization.id, resource_type=resource_type, resource_id=form.cleaned_data["resource_id"],
                    actor=actor_of(request),
                )  # fmt: skip
            except Problem as problem:
                status = show_problem(form, problem)
            else:
                messages.success(request, "It is held now." if new else "It was held already; nothing changed.")
                return redirect("billing_usage", slug=organization.slug, resource_type=resource_type)
    return _usage_page(request, organization, resource_type, form, status)


def _usage_page(request: HttpRequest, organization: Any, resource_type: str, form: AcquireForm, status: int) -> HttpResponse:
    page = services.list_held(organization.id, resource_type, cursor=request.GET.get("cursor"), limit=IDS_PER_PAGE)
    found = limits.standing(organization.id, resource_type)
    context = {
        "organization": organization,
        "standing": found,
        "label": label_of(resource_type),
        "page": page,
        "form": form,
        "may_write": is_open(request, "usage:write", organization),
        "full": f"All {found.limit:,} are taken." if found.full else "",
    }
    return render(request, "entitlements/usage.html", context, status=status)


@require_POST
def release(request: HttpRequest, slug: str, resource_type: str) -> HttpResponse:
    """Give one resource back."""
    organization = guard(request, "usage:write", slug)
    resource_id = request.POST.get("resource_id", "")
    services.release(organization_id=organization.id, resource_type=resource_type, resource_id=resource_id, actor=actor_of(request))
    messages.success(request, f"{resource_id} was released.")
    return redirect("billing_usage", slug=organization.slug, resource_type=resource_type)


@require_http_methods(["GET", "POST"])
def reconcile(request: HttpRequest, slug: str, resource_type: str) -> HttpResponse:
    """Replace the whole list of ids."""
    organization = guard(request, "usage:write", slug)
    limits.check_type(resource_type)
    if request.method == "POST":
        form, status = ReconcileForm(request.POST), 422
        if form.is_valid():
            try:
                found = services.reconcile(
                    organization_id=organization.id, resource_type=resource_type, resource_ids=form.ids(), actor=actor_of(request)
                )
            except Problem as problem:
                status = show_problem(form, problem)
            else:
                messages.success(request, f"{found.used:,} are held now.")
                return redirect("billing_usage", slug=organization.slug, resource_type=resource_type)
    else:
        form, status = ReconcileForm(initial={"resource_ids": "\n".join(services.held_ids(organization.id, resource_type))}), 200
    context = {"organization": organization, "form": form, "resource_type": resource_type, "label": label_of(resource_type)}
    return render(request, "entitlements/reconcile.html", context, status=status)
