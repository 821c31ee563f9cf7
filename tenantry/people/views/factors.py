"""One's own second factors, remembered browsers and sign-ins."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access.guards import actor_of, person, require_recent
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem

from .. import history
from ..factors import devices, passing, passkeys, recovery, services, totp
from ..forms import CodeForm

PER_PAGE = 50


@require_GET
def security(request: HttpRequest) -> HttpResponse:
    """What stands between a stolen password and the account."""
    user = person(request)
    context = {
        "app": totp.confirmed(user),
        "passkeys": passkeys.of(user),
        "codes_left": recovery.left(user),
        "has_factor": passing.has_factor(user),
        "required_from": passing.required_from(user),
        "devices": devices.remembered(user),
    }
    return render(request, "people/security.html", context)


@require_http_methods(["GET", "POST"])
def app(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app: scan, then type the code that it shows."""
    user = person(request)
    require_recent(request)
    offer = totp.pending(user)
    if offer is None and request.method == "POST":  # the page with the codes was loaded again
        messages.info(request, "No authenticator app is being set up any more.")
        return redirect("account_security")
    offer = offer or totp.begin(user)
    form, problem = CodeForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            codes = services.confirm_totp(user=user, code=form.cleaned_data["code"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "Your authenticator app is set up.")
            return render(request, "people/recovery_codes.html", {"codes": codes}) if codes else redirect("account_security")
    return answer(request, "people/app.html", {"offer": offer, "replaces": totp.confirmed(user)}, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def app_remove(request: HttpRequest) -> HttpResponse:
    """Ask, then sign in without the app."""
    user = person(request)
    require_recent(request)
    if request.method == "GET":
        return render(request, "people/app_remove.html", services.removal(user))
    services.remove_totp(user=user, actor=actor_of(request))
    messages.success(request, "The authenticator app was removed.")
    return redirect("account_security")


@require_POST
def codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes, shown on this answer and never again."""
    user = person(request)
    require_recent(request)
    made = services.renew_recovery_codes(user=user, actor=actor_of(request))
    return render(request, "people/recovery_codes.html", {"codes": made})


@require_POST
def device_forget(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """A browser needs the second factor again."""
    devices.forget(user=person(request), device_id=device_id, actor=actor_of(request))
    messages.success(request, "That browser is asked for a second factor again.")
    return redirect("account_security")


@require_GET
def sign_ins(request: HttpRequest) -> HttpResponse:
    """When one signed in, how and from where, and what was refused."""
    page = history.sign_ins(person(request), cursor=request.GET.get("cursor"), limit=PER_PAGE)
    return render(request, "people/sign_ins.html", {"page": page})
