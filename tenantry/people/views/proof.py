"""The page on which somebody who is signed in proves anew who they are, before a dangerous act."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from tenantry.access import limits
from tenantry.access.guards import actor_of, person
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem
from tenantry.tenancy.addresses import safe_path

from .. import proof
from ..factors import passkeys
from ..forms import CredentialForm, ProofCodeForm, ProofPasswordForm
from .second_factor import api_address


@require_http_methods(["GET", "POST"])
def prove(request: HttpRequest) -> HttpResponse:
    """Whatever ways the person has."""
    user, session, actor = person(request), proof.own_session(request), actor_of(request)
    next_path = safe_path(request.POST.get("next", "") or request.GET.get("next", ""))
    forms = {"password": ProofPasswordForm(), "code": ProofCodeForm(), "credential": CredentialForm()}
    used, problem = forms["password"], None
    if request.method == "POST":
        way = next(name for name in ("credential", "code", "password") if name in request.POST or name == "password")
        used = forms[way] = type(forms[way])(request.POST)
        if used.is_valid():
            try:
                if way == "credential":
                    place, credential = passkeys.place_of(request), used.cleaned_data["credential"]
                    proof.by_passkey(session=session, user=user, credential=credential, place=place, actor=actor)
                elif way == "code":
                    proof.by_code(session=session, user=user, code=used.cleaned_data["code"], actor=actor)
                else:
                    proof.by_password(session=session, user=user, password=used.cleaned_data["password"], actor=actor)
            except Problem as refused:
                problem = refused
            else:
                return redirect(next_path or "home")
    context = {
        "forms": forms, "ways": proof.ways(user, session), "next": next_path, "provider_url": proof.provider_url(session, next_path),
        "api": api_address(), "vouched": bool(session.connection_id),
    }  # fmt: skip
    return answer(request, "people/prove.html", context, form=used, problem=problem)


@require_POST
def prove_by_mail(request: HttpRequest) -> HttpResponse:
    """Have the link mailed, and say so on the page."""
    user, next_path = person(request), safe_path(request.POST.get("next", ""))
    limits.count("sign_in_email", user.id)
    proof.mail_link(user=user, next_path=next_path)
    messages.info(request, "A link is on its way to your mailbox. Open it in this browser.")
    return redirect(f"{reverse('prove')}?{urlencode({'next': next_path})}")


@require_http_methods(["GET", "POST"])
def prove_link(request: HttpRequest, token: str) -> HttpResponse:
    """Where the mailed link leads. Looking doesn't use it up, so a mail scanner may; the button does."""
    user, session = person(request), proof.own_session(request)
    if request.method == "GET":
        return render(request, "people/prove_link.html")
    return redirect(proof.by_link(session=session, user=user, token=token, actor=actor_of(request)) or "home")
