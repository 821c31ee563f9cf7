"""``/workspaces``: prove an address once, then enter wherever it is known."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from tenantry.kit.cookies import drop_cookie, put_cookie
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem, not_found
from tenantry.people.cookies import set_cookie

from .. import visits
from ..forms import AddressForm
from ..models import Visit


def _visit(request: HttpRequest) -> Visit | None:
    """Who is here, if anybody. Raises Problem 404 where there is one tenant only."""
    if not settings.ENVIRONMENT.multi:
        raise not_found("page")
    return visits.visit_of(request.COOKIES.get(visits.COOKIE, ""))


@require_http_methods(["GET", "POST"])
def workspaces(request: HttpRequest) -> HttpResponse:
    """The list, or the question for an address. The answer to a POST is the same whoever is asked for."""
    visit = _visit(request)
    if request.method == "GET":
        if visit is None:
            context = {"form": AddressForm(), "may_sign_up": settings.ENVIRONMENT.signup == "on"}
            return render(request, "workspaces/ask.html", context)
        return render(request, "workspaces/list.html", {"visit": visit, "found": visits.workspaces(visit)})
    form = AddressForm(request.POST)
    if not form.is_valid():
        return answer(request, "workspaces/ask.html", {}, form=form)
    try:
        email = visits.ask(form.cleaned_data["email"])
    except Problem as problem:
        return answer(request, "workspaces/ask.html", {}, form=form, problem=problem)
    return render(request, "workspaces/link_sent.html", {"email": email})


@require_http_methods(["GET", "POST"])
def workspaces_link(request: HttpRequest, token: str) -> HttpResponse:
    """Where the mailed link leads. Looking doesn't use it up; the button does."""
    present = _visit(request)
    try:
        if request.method == "GET":
            visits.peek(token)
            return render(request, "workspaces/link.html")
        secret = visits.begin(token)
    except Problem as problem:
        return render(request, "workspaces/link_refused.html", {"problem": problem}, status=problem.status)
    if present:
        visits.sign_out(present)
    response = redirect("workspaces")
    rotate_token(request)
    put_cookie(response, visits.COOKIE, secret, path=reverse("workspaces"), max_age=int(visits.LIFETIME.total_seconds()))
    return response


@require_POST
def workspaces_enter(request: HttpRequest, tenant: str) -> HttpResponse:
    """Into one tenant, with a session there. Whoever has signed out meanwhile is asked for their address again."""
    visit = _visit(request)
    if visit is None:
        return redirect("workspaces")
    token = visits.enter(visit=visit, slug=tenant)
    response = redirect(f"/t/{tenant}/")
    request.cookie_path = f"/t/{tenant}/"  # type: ignore[attr-defined]  # as TenantScope sets it on that tenant's addresses
    set_cookie(request, response, token)
    return response


@require_POST
def workspaces_sign_out(request: HttpRequest) -> HttpResponse:
    """Here, and in every workspace that was entered from here."""
    visit = _visit(request)
    if visit:
        visits.sign_out(visit)
        messages.success(request, "You are signed out, here and in the workspaces that you entered from here.")
    response = redirect("workspaces")
    drop_cookie(response, visits.COOKIE, path=reverse("workspaces"))
    return response
