"""Signing in and out."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from tenantry.access import limits
from tenantry.access.principal import principal_of
from tenantry.kit.emails import normalize
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem
from tenantry.tenancy.addresses import safe_path

from .. import entry, links
from ..cookies import drop_cookie, set_cookie
from ..forms import PasswordSignInForm, SignInForm
from ..impersonation.services import stop
from ..sessions import sign_out as end
from ..steps import step_of
from ..vetoes import Vetoed


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for a link by mail. The answer to a POST is the same whoever is asked for."""
    if request.method == "GET":
        next_path = safe_path(request.GET.get("next", ""))
        if principal_of(request).user:
            return redirect(next_path or "home")
        if waiting := getattr(request, "unfinished_session", None):
            return redirect(f"{reverse(step_of(waiting).page)}?{urlencode({'next': next_path})}")
        otherwise = request.GET.get("otherwise") == "1"
        return render(request, "people/sign_in.html", {"form": SignInForm(initial={"next": next_path}), "otherwise": otherwise})
    if request.POST.get("with") == "password":
        given = {"email": request.POST.get("email", ""), "next": safe_path(request.POST.get("next", ""))}
        return render(request, "people/sign_in_password.html", {"form": PasswordSignInForm(initial=given)})
    form = SignInForm(request.POST)
    if not form.is_valid():
        return answer(request, "people/sign_in.html", {}, form=form)
    routed, broken = (None, "") if request.POST.get("otherwise") else _routed(request, form)
    if routed is not None:
        return routed
    if broken:
        form.add_error(None, broken)
        return render(request, "people/sign_in.html", {"form": form, "broken": True}, status=422)
    try:
        email = entry.ask_for_link(email=form.cleaned_data["email"], next_path=form.cleaned_data["next"])
    except Problem as problem:
        return answer(request, "people/sign_in.html", {}, form=form, problem=problem)
    return render(request, "people/link_sent.html", {"email": email, "next": safe_path(form.cleaned_data["next"])})


def _routed(request: HttpRequest, form: SignInForm) -> tuple[HttpResponse | None, str]:
    """The way to the provider of an organization that holds the address's domain, or why there is none at the moment.

    A page and no redirect: browsers don't let a form lead to another site by way of ours (CSP ``form-action``).
    """
    email, next_path = form.cleaned_data["email"], safe_path(form.cleaned_data["next"])
    try:
        limits.count("domain_check")
        route = entry.route_of(normalize(email))
    except Problem as problem:
        if problem.code != "sso_provider_misconfigured":
            return answer(request, "people/sign_in.html", {}, form=form, problem=problem), ""
        return None, problem.detail
    if route is None:
        return None, ""
    url = f"{route.url}&{urlencode({'next': next_path})}" if next_path else route.url
    return render(request, "people/sign_in_routed.html", {"route": route, "url": url, "email": email, "next": next_path}), ""


def kept_out(request: HttpRequest, vetoed: Vetoed) -> HttpResponse:
    """Somebody has proven who they are, and an organization has its people sign in elsewhere."""
    context = {
        "problem": vetoed, "start_url": vetoed.members.get("start_url"), "whose": vetoed.members.get("organization_name"),
        "note": vetoed.note,
    }  # fmt: skip
    return render(request, "people/sign_in_elsewhere.html", context, status=vetoed.status)


@require_http_methods(["GET", "POST"])
def sign_in_password(request: HttpRequest) -> HttpResponse:
    """Address and password. A wrong pair and an unknown address read the same and take the same time."""
    if request.method == "GET":
        form = PasswordSignInForm(initial={"next": safe_path(request.GET.get("next", ""))})
        return render(request, "people/sign_in_password.html", {"form": form})
    form = PasswordSignInForm(request.POST)
    if not form.is_valid():
        return answer(request, "people/sign_in_password.html", {}, form=form)
    try:
        _, token = entry.by_password(request, email=form.cleaned_data["email"], password=form.cleaned_data["password"])
    except Vetoed as vetoed:
        return kept_out(request, vetoed)
    except Problem as problem:
        return answer(request, "people/sign_in_password.html", {"suspended": problem.code == "user_suspended"}, form=form, problem=problem)
    return welcome(request, token, form.cleaned_data["next"])


@require_http_methods(["GET", "POST"])
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """Where the mailed link leads. Looking doesn't use it up, so a mail scanner may; the button does."""
    try:
        if request.method == "GET":
            return render(request, "people/link.html", {"address": masked(links.peek(token).user.email)})
        _, session_token, next_path = entry.by_link(request, token)
    except Vetoed as vetoed:
        return kept_out(request, vetoed)
    except Problem as problem:
        return render(request, "people/link_refused.html", {"problem": problem}, status=problem.status)
    return welcome(request, session_token, next_path)


def welcome(request: HttpRequest, token: str, next_path: str) -> HttpResponse:
    """Hand the new session to the browser and go where the person wanted to."""
    response = redirect(safe_path(next_path) or "home")
    set_cookie(request, response, token)
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session, or with ``everywhere=1`` all of them; ``next`` for who only changes the account."""
    principal = principal_of(request)
    everywhere, farewell = request.POST.get("everywhere") == "1", ""
    if principal.impersonator and principal.impersonation_id:  # back to oneself first; who means to leave does it again
        stop(impersonation_id=principal.impersonation_id, actor=principal.actor("portal"))
        return redirect("staff_home")
    if principal.session and principal.user:
        farewell = "" if request.POST.get("next") else entry.farewell_of(principal.session)
        end(session=principal.session, user=principal.user, everywhere=everywhere, actor=principal.actor("portal"))
        messages.success(request, "You are signed out on all devices." if everywhere else "You are signed out.")
    if farewell:  # a page, as the form may not lead to another site
        response = render(request, "people/signed_out.html", {"url": farewell})
    else:
        response = redirect(safe_path(request.POST.get("next", "")) or reverse("sign_in"))
    drop_cookie(request, response)
    return response


def masked(email: str) -> str:
    """``ada@contoso.example`` is ``a•••@contoso.example``: enough to know one's own, too little to learn another's."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}•••@{domain}"
