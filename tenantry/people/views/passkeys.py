"""One's own passkeys, and the door that one opens."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from tenantry.access.guards import actor_of, person, require_recent
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem
from tenantry.tenancy.addresses import safe_path

from .. import entry
from ..factors import passkeys, services
from ..forms import CredentialForm, PasskeyForm, PasskeyNameForm
from ..vetoes import Vetoed
from .second_factor import api_address
from .sign_in import kept_out, welcome


@require_POST
def sign_in_passkey(request: HttpRequest) -> HttpResponse:
    """What the script of the sign-in page sends when a passkey answered."""
    form, next_path = CredentialForm(request.POST), safe_path(request.POST.get("next", ""))
    try:
        if not form.is_valid():
            raise passkeys.refused()
        _, token = entry.by_passkey(request, credential=form.cleaned_data["credential"])
    except Vetoed as vetoed:
        return kept_out(request, vetoed)
    except Problem as problem:
        return render(
            request, "people/passkey_refused.html", {"problem": problem, "query": urlencode({"next": next_path})}, status=problem.status
        )
    return welcome(request, token, next_path)


@require_http_methods(["GET", "POST"])
def passkey_new(request: HttpRequest) -> HttpResponse:
    """Name it; the script asks the device for it. The first second factor brings recovery codes, shown on the answer."""
    user = person(request)
    require_recent(request)
    form, problem = PasskeyForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            row, codes = passkeys.register(user=user, place=passkeys.place_of(request), actor=actor_of(request), **form.cleaned_data)
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"The passkey “{row.name}” was added.")
            return render(request, "people/recovery_codes.html", {"codes": codes}) if codes else redirect("account_security")
    return answer(request, "people/passkey_new.html", {"api": api_address()}, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def passkey_rename(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """Call it otherwise."""
    user = person(request)
    row = passkeys.load(user, passkey_id)
    form, problem = PasskeyNameForm(request.POST or None, initial={"name": row.name}), None
    if request.method == "POST" and form.is_valid():
        try:
            passkeys.rename(user=user, passkey_id=passkey_id, name=form.cleaned_data["name"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            return redirect("account_security")
    return answer(request, "people/passkey_rename.html", {"row": row}, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def passkey_remove(request: HttpRequest, passkey_id: UUID) -> HttpResponse:
    """Ask, then remove it."""
    user = person(request)
    require_recent(request)
    row = passkeys.load(user, passkey_id)
    if request.method == "GET":
        return render(request, "people/passkey_remove.html", {"row": row, **services.removal(user)})
    services.remove_passkey(user=user, passkey_id=passkey_id, actor=actor_of(request))
    messages.success(request, "The passkey was removed.")
    return redirect("account_security")
