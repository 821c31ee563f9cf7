"""Pages: staff open a customer's portal as one of its members; owners see it, allow it, and end it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access.guards import actor_of, guard, guard_tenant, is_open, person, require_recent, signed_in
from tenantry.audit.names import organization_names
from tenantry.kit import ids
from tenantry.kit.forms import answer
from tenantry.kit.paging import Page
from tenantry.kit.problems import Problem, not_found

from ..forms import ConsentForm, OpenAsForm
from ..models import Impersonation
from ..proof import own_session
from ..users import load
from . import services
from .api import owners_alone

PER_PAGE = 50


@require_GET
def staff_impersonations(request: HttpRequest) -> HttpResponse:
    """Who looked as whom, and why."""
    principal = guard_tenant(request, "impersonation:write")
    page = services.listed(cursor=request.GET.get("cursor"), limit=PER_PAGE)
    names = organization_names({row.organization_id for row in page.rows})
    me = principal.user.id if principal.user else None
    rows = _rows(page)
    for entry in rows:
        row = entry["row"]
        entry["organization"] = names.get(row.organization_id, "")
        if entry["state"] == "approved" and row.staff_id == me:
            organization = ids.encode("org", row.organization_id)
            entry["begin"] = f"{reverse('staff_impersonation_new')}?{urlencode({'user': row.user.public_id, 'organization': organization})}"
    return render(request, "people/impersonation/staff.html", {"page": page, "rows": rows})


def _rows(page: Page[Impersonation]) -> list[dict[str, Any]]:
    return [{"row": row, "state": services.state_of(row)} for row in page.rows]


@require_http_methods(["GET", "POST"])
def staff_impersonation_new(request: HttpRequest) -> HttpResponse:
    """Give the reason, and begin; ``?user=`` and ``?organization=`` say as whom and where."""
    guard_tenant(request, "impersonation:write")
    try:
        user_id, organization_id = (
            ids.decode(kind, request.GET.get(name, "")) for kind, name in (("usr", "user"), ("org", "organization"))
        )
    except ValueError as error:
        raise not_found("page") from error
    organization, shown = guard(request, "impersonation:write", organization_id), load(user_id)
    staff = person(request)
    require_recent(request)
    form, problem = OpenAsForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            row = services.begin(
                session=own_session(request), staff=staff, user_id=user_id, organization=organization, reason=form.cleaned_data["reason"],
                actor=actor_of(request),
            )  # fmt: skip
        except Problem as refused:
            problem = refused
        else:
            if row.started_at:
                return redirect("organization_home", slug=organization.slug)
            messages.info(request, f"The owners of {organization.name} were asked. You get a mail when one of them says yes.")
            return redirect("staff_impersonations")
    consent, asked = services.consent_of(organization.id), services.waiting(staff, user_id, organization.id)
    waiting = consent == "ask" and "requested" in asked and "approved" not in asked
    context = {
        "shown": shown, "place": organization, "consent": consent, "waiting": asked.get("requested"), "approved": asked.get("approved"),
        "opens": consent != "never" and not waiting,
    }  # fmt: skip
    return answer(request, "people/impersonation/new.html", context, form=form, problem=problem)


@require_POST
def impersonation_stop(request: HttpRequest) -> HttpResponse:
    """Look as oneself again; pressed a second time it is done already."""
    principal = signed_in(request)
    if principal.impersonation_id:
        services.stop(impersonation_id=principal.impersonation_id, actor=actor_of(request))
        messages.success(request, "You are yourself again.")
    return redirect("home")


@require_http_methods(["GET", "POST"])
def impersonation_raise(request: HttpRequest) -> HttpResponse:
    """Ask for a reason, then let changes through."""
    principal = signed_in(request)
    if principal.impersonation_id is None:
        raise not_found("page")
    form, problem = OpenAsForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            services.raise_it(impersonation_id=principal.impersonation_id, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            return redirect("home")
    return answer(request, "people/impersonation/raise.html", {}, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def support_access(request: HttpRequest, slug: str) -> HttpResponse:
    """What the organization says to it, what is asked, and what was."""
    organization = guard(request, "identity:read", slug)
    if request.method == "POST":
        owners_alone(request, guard(request, "identity:write", slug))
    present = services.consent_of(organization.id)
    form, problem = ConsentForm(request.POST or None, initial={"consent": present}), None
    if request.method == "POST" and form.is_valid():
        try:
            services.decide(organization=organization, answer=form.cleaned_data["consent"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "Your decision was saved.")
            return redirect("support_access", slug=organization.slug)
    page = services.listed(organization_id=organization.id, cursor=request.GET.get("cursor"), limit=PER_PAGE)
    may_write = is_open(request, "identity:write", organization) and not signed_in(request).staff_role
    context = {
        "organization": organization, "page": page, "rows": _rows(page), "may_write": may_write,
        "answer": dict(form.fields["consent"].choices)[present],  # type: ignore[attr-defined]  # a ChoiceField has them
    }  # fmt: skip
    return answer(request, "people/impersonation/support_access.html", context, form=form, problem=problem)


@require_POST
def support_access_approve(request: HttpRequest, slug: str, impersonation_id: UUID) -> HttpResponse:
    """An owner says yes."""
    organization = guard(request, "identity:write", slug)
    owners_alone(request, organization)
    row = services.approve(organization=organization, impersonation_id=impersonation_id, actor=actor_of(request))
    messages.success(request, f"{row.staff.display_name} may begin within a day.")
    return redirect("support_access", slug=organization.slug)


@require_POST
def support_access_end(request: HttpRequest, slug: str, impersonation_id: UUID) -> HttpResponse:
    """An owner says no, or ends what is under way."""
    organization = guard(request, "identity:write", slug)
    services.refuse(organization=organization, impersonation_id=impersonation_id, actor=actor_of(request))
    messages.success(request, "It is over.")
    return redirect("support_access", slug=organization.slug)
