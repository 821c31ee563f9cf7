"""Founding an organization, step by step. Nothing of it exists before the last one is confirmed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access.guards import actor_of, person
from tenantry.access.permissions import ROLES
from tenantry.kit import colours
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem, not_found
from tenantry.people.models import User
from tenantry.people.sessions import acknowledge

from .. import drafts, fields, lists, wizard
from ..models import Draft
from .images import KEEP, image_response

NAMES = list(wizard.STEPS)
NEEDED = ("name", "country", "default_currency")


@require_GET
def organization_new(request: HttpRequest) -> HttpResponse:
    """To the first step, or to where one was."""
    draft = drafts.draft_of(person(request))
    return redirect("organization_new_step", step=_reached(draft))


def _reached(draft: Draft | None) -> str:
    if draft is None or not all(draft.data.get(name) for name in NEEDED):
        return "basics"
    return str(draft.data.get("at", "details"))


@require_http_methods(["GET", "POST"])
def organization_new_step(request: HttpRequest, step: str) -> HttpResponse:
    """One step: its answers are kept in the draft, whichever way one leaves it."""
    user = person(request)
    if step not in wizard.STEPS:
        raise Http404
    draft = drafts.draft_of(user)
    data = draft.data if draft else {}
    if step != "basics" and not all(data.get(name) for name in NEEDED):
        return redirect("organization_new_step", step="basics")
    if step == "confirm":
        return _confirm(request, user, draft) if request.method == "POST" else _summary(request, data, draft)
    if request.method == "GET":
        rows = request.GET.get("rows", "")
        form = wizard.form_of(step, data, own=user.email, rows=int(rows) if rows.isdecimal() and len(rows) < 3 else 0)
        return render(request, f"organizations/new/{step}.html", _context(step, data, draft, form))
    return _save(request, user, step, data, draft)


def _save(request: HttpRequest, user: User, step: str, data: dict[str, Any], draft: Draft | None) -> HttpResponse:
    go = request.POST.get("go", "next")
    rows = sum(name.startswith("role_") for name in request.POST)
    form = wizard.form_of(step, data, own=user.email, posted=request.POST, files=request.FILES, rows=rows)
    page, context = f"organizations/new/{step}.html", _context(step, data, draft, form)
    if not form.is_valid():
        return answer(request, page, context, form=form)
    values = wizard.answers_of(step, form)
    to = _towards(step, go)
    try:
        if step != "people":
            given = {name: value for name, value in values.items() if value != ""}  # what is left empty is not wrong
            values |= fields.clean(given, home=values.get("country") or data.get("country", ""))
        images = {kind: form.cleaned_data[kind].read() for kind in ("logo", "banner") if form.cleaned_data.get(kind)}
        without = [kind for kind in ("logo", "banner") if form.cleaned_data.get(f"drop_{kind}")]
        if step == "basics" and data.get("country") not in (None, values["country"]):
            values["tax_ids"] = {}  # another country has other ones
        drafts.save_step(user=user, values={**values, "at": to}, images=images, without=without, actor=actor_of(request))
    except Problem as problem:
        return answer(request, page, context, form=form, problem=problem)
    if go == "row":
        return redirect(f"{reverse('organization_new_step', kwargs={'step': step})}?rows={min(rows + 3, wizard.MAX_PEOPLE)}")
    if go == "leave":
        messages.success(request, "Your answers are kept for 7 days.")
        return redirect("home")
    return redirect("organization_new_step", step=to)


def _towards(step: str, go: str) -> str:
    number = NAMES.index(step) + {"next": 1, "back": -1}.get(go, 0)
    return NAMES[max(0, number)]


def _context(step: str, data: dict[str, Any], draft: Draft | None, form: Any) -> dict[str, Any]:
    reached = [(label, reverse("organization_new_step", kwargs={"step": name})) for name, label in wizard.STEPS.items()]
    number = NAMES.index(step) + 1
    funding = [
        {
            "value": mode,
            "label": label,
            "hint": hint,
            "closed": "Can be chosen once the organization is verified." if mode == "invoice" else "",
        }
        for mode, (label, hint) in lists.FUNDING.items()
    ]
    return {"form": form, "steps": reached, "number": number, "draft": draft, "data": data, "funding": funding, "roles": ROLES.values()}


def _summary(request: HttpRequest, data: dict[str, Any], draft: Draft | None, problem: Problem | None = None) -> HttpResponse:
    named = dict(lists.countries())
    context = {
        **_context("confirm", data, draft, None),
        "country": named.get(data.get("country", ""), ""),
        "currency": dict(lists.currencies()).get(data.get("default_currency", ""), ""),
        "funding_label": lists.FUNDING[data.get("funding_mode") or "personal"][0],
        "tax_ids": [(lists.TAX_IDS[kind], number) for kind, number in data.get("tax_ids", {}).items()],
        "address": [named.get(text, text) if part == "country" else text for part, text in data.get("billing_address", {}).items()],
        "people": [{"email": row["email"], "role": ROLES[row["role"]].label} for row in data.get("people", [])],
        "problem": problem,
    }
    return render(request, "organizations/new/confirm.html", context, status=problem.status if problem else 200)


def _confirm(request: HttpRequest, user: User, draft: Draft | None) -> HttpResponse:
    if request.POST.get("go") == "back":
        return redirect("organization_new_step", step="people")
    try:
        organization = drafts.confirm(user=user, actor=actor_of(request))
    except Problem as problem:
        if problem.code == "draft_gone":
            return redirect("home")
        return _summary(request, draft.data if draft else {}, draft, problem)
    acknowledge(user.id)
    messages.success(request, f"{organization.name} was created. We verify it next; you can set it up meanwhile.")
    return redirect("organization_home", slug=organization.slug)


@require_POST
def organization_new_cancel(request: HttpRequest) -> HttpResponse:
    """Forget everything that was answered and uploaded."""
    drafts.cancel(user=person(request), actor=actor_of(request))
    messages.success(request, "Nothing was created, and your answers are gone.")
    return redirect("home")


@require_GET
def draft_image(request: HttpRequest, kind: str) -> HttpResponse:
    """The logo or banner of one's own draft."""
    draft = drafts.draft_of(person(request))
    return image_response(getattr(draft, kind) if draft and kind in ("logo", "banner") else None)


@require_GET
def draft_theme(request: HttpRequest) -> HttpResponse:
    """The colours of one's own draft, for its preview alone."""
    draft = drafts.draft_of(person(request))
    if draft is None:
        raise not_found("draft")
    css = colours.theme_of(draft.data.get("brand_colour", "")).replace(":root", ".draft-look")
    return HttpResponse(css, content_type="text/css; charset=utf-8", headers={"Cache-Control": KEEP.replace("300", "0")})
