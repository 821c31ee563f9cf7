"""Pages about how people sign in by the provider: the policy, breaking the glass, and what staff can lift."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from tenantry.access.guards import actor_of, guard, is_open, require_recent, signed_in
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem
from tenantry.organizations.models import Organization

from .. import policies, recovery
from ..enforcing import open_window
from ..forms import PolicyForm, ReasonForm, WindowForm
from ..models import Connection, Policy, RecoveryCode

MODES = (
    ("off", "Off", "Nobody is sent to a provider. People sign in by link, password or passkey."),
    ("test", "Test mode", "People are offered the provider and may sign in otherwise too."),
    ("enforced", "Enforced", "Who has an address in a verified domain signs in by the provider alone. Their other sessions end."),
)


@require_http_methods(["GET", "POST"])
def sso_policy(request: HttpRequest, slug: str) -> HttpResponse:
    """Mode, new members, recovery codes and windows."""
    posted = request.method == "POST"
    organization = guard(request, "identity:write", slug) if posted else guard(request, "identity:read", slug)
    if posted:
        require_recent(request)
    policy = policies.of(organization.id)
    ready = list(Connection.objects.filter(organization=organization, state=Connection.State.READY).order_by("id"))
    initial = {
        "mode": policy.mode, "jit": policy.jit, "default_role": policy.default_role, "version": policy.version,
        "primary": str(policy.primary_id or ""),
    }  # fmt: skip
    form, problem = PolicyForm(request.POST or None, connections=ready, initial=initial), None
    if posted and form.is_valid():
        try:
            _save(request, organization, form.cleaned_data)
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "The policy was saved.")
            return redirect("sso_policy", slug=slug)
    return answer(request, "sso/policy.html", {**_context(request, organization, policy), "ready": ready}, form=form, problem=problem)


def _save(request: HttpRequest, organization: Organization, given: dict[str, Any]) -> None:
    session = signed_in(request).session
    primary = next((one.id for one in Connection.objects.filter(organization=organization) if str(one.id) == given["primary"]), None)
    policies.change(
        organization=organization, values={**{name: given[name] for name in ("mode", "jit", "default_role")}, "primary": primary},
        keep_session=session.id if session else None, expected_version=given["version"] or None, actor=actor_of(request),
    )  # fmt: skip


def _context(request: HttpRequest, organization: Organization, policy: Policy) -> dict[str, Any]:
    lacking = policies.unmet(organization)
    closed = "" if policy.mode == Policy.Mode.ENFORCED or not lacking else "Not yet: “To be enforced” says what is missing."
    modes = [
        {"value": value, "label": label, "hint": hint, "closed": closed if value == "enforced" else ""} for value, label, hint in MODES
    ]
    codes = RecoveryCode.objects.filter(organization=organization)
    return {
        "organization": organization, "policy": policy, "modes": modes, "window": open_window(organization.id),
        "checks": [{"text": text, "met": name not in lacking} for name, text in policies.UNMET.items()],
        "may_write": is_open(request, "identity:write", organization),
        "codes_left": codes.filter(used_at__isnull=True).count(), "codes_used": codes.filter(used_at__isnull=False).count(),
    }  # fmt: skip


@require_POST
def sso_codes(request: HttpRequest, slug: str) -> HttpResponse:
    """New recovery codes; the answer shows them, this once."""
    organization = guard(request, "identity:write", slug)
    require_recent(request)
    codes = recovery.make_codes(organization=organization, actor=actor_of(request))
    return render(request, "sso/codes.html", {"organization": organization, "codes": codes})


@require_http_methods(["GET", "POST"])
def sso_break_glass(request: HttpRequest, slug: str) -> HttpResponse:
    """Open a window for owners."""
    organization = guard(request, "identity:write", slug)
    require_recent(request)
    form, problem = WindowForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            recovery.open_break_glass(
                organization=organization, hours=form.cleaned_data["hours"], reason=form.cleaned_data["reason"],
                opener=signed_in(request).user, actor=actor_of(request),
            )  # fmt: skip
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "The window is open. Every owner is told by mail.")
            return redirect("sso_policy", slug=slug)
    return answer(request, "sso/break_glass.html", {"organization": organization}, form=form, problem=problem)


@require_POST
def sso_break_glass_end(request: HttpRequest, slug: str) -> HttpResponse:
    """Close the window early; done a second time it is done already."""
    organization = guard(request, "identity:write", slug)
    try:
        recovery.close_break_glass(organization=organization, actor=actor_of(request))
    except Problem as problem:
        if problem.code != "state_conflict":
            raise
    messages.success(request, "The window is closed.")
    return redirect("sso_policy", slug=slug)


@require_http_methods(["GET", "POST"])
def sso_lift(request: HttpRequest, slug: str) -> HttpResponse:
    """Staff let the people of an organization sign in otherwise again."""
    organization = guard(request, "identity:lift", slug)
    require_recent(request)
    form, problem = ReasonForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            policies.lift(organization=organization, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "Single sign-on is no longer enforced there. Its owners are told by mail.")
            return redirect("sso", slug=slug)
    return answer(request, "sso/lift.html", {"organization": organization}, form=form, problem=problem)
