"""The steps between a proof of identity and the workspace: proving the second factor, or setting one up."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import get_script_prefix, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from tenantry.access.principal import principal_of
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem
from tenantry.tenancy.addresses import safe_path

from .. import steps
from ..cookies import drop_cookie, set_device
from ..factors import passing, passkeys, services, totp
from ..factors.doors import Subject, actor_on_the_way_in, is_stale, subject, waiting
from ..forms import CodeForm, PasskeyForm, SecondFactorForm, SecondPasskeyForm
from ..models import Session
from ..sessions import sign_out


@require_http_methods(["GET", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """A code of the app, a passkey, or a recovery code."""
    if (away := _elsewhere(request, "second_factor")) is not None:
        return away
    session, user = steps.unfinished(request, "second_factor")
    actor = actor_on_the_way_in(request, user)
    given = "credential" in request.POST
    form = (SecondPasskeyForm if given else SecondFactorForm)(
        request.POST or None, initial={"next": safe_path(request.GET.get("next", ""))}
    )
    problem = None
    if request.method == "POST" and form.is_valid():
        try:
            if given:
                way = passing.check_passkey(user, form.cleaned_data["credential"], place=passkeys.place_of(request), actor=actor)
            else:
                way = passing.check_code(user, form.cleaned_data["code"], actor=actor)
        except Problem as refused:
            problem = refused
        else:
            passing.passed(session, user, way, remember=form.cleaned_data["remember"], actor=actor)
            return onward(request, session, form.cleaned_data["next"])
    context = {"person": user, "ways": passing.ways(user), "codes": form if not given else SecondFactorForm(), "api": api_address()}
    return answer(request, "people/second_factor.html", context, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def second_factor_setup(request: HttpRequest) -> HttpResponse:
    """Set one up before going on, because an organization asks everybody for one. The recovery codes are shown once, on the answer."""
    if (away := _elsewhere(request, "second_factor_setup")) is not None:
        return away
    if (session := waiting(request)) is not None and is_stale(session):
        return _anew(request, session)
    asking = subject(request)
    offer = totp.pending(asking.user) or totp.begin(asking.user)
    next_path = safe_path(request.POST.get("next", "") or request.GET.get("next", ""))
    given = "credential" in request.POST
    form, problem = (PasskeyForm if given else CodeForm)(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            codes = _set_up(request, asking, form.cleaned_data)
        except Problem as refused:
            problem = refused
        else:
            asking.set_up()
            assert asking.waiting is not None
            way_on = _way_on(asking.waiting, next_path)
            if not codes:
                return redirect(way_on)
            return render(request, "people/recovery_codes_first.html", {"codes": codes, "person": asking.user, "onward": way_on})
    context = {
        "person": asking.user, "offer": offer, "next": next_path, "api": api_address(),
        "codes": form if not given else CodeForm(), "passkey": form if given else PasskeyForm(),
    }  # fmt: skip
    return answer(request, "people/second_factor_setup.html", context, form=form, problem=problem)


def _anew(request: HttpRequest, session: Session) -> HttpResponse:
    """Who has been signed in for long signs in again, and sets the factor up after it."""
    sign_out(session=session, user=session.user, actor=actor_on_the_way_in(request, session.user))
    messages.info(request, "Your organization asks everybody for a second factor. Sign in once more, then set one up.")
    next_path = safe_path(request.POST.get("next", "") or request.GET.get("next", ""))
    response = redirect(f"{reverse('sign_in')}?{urlencode({'next': next_path})}")
    drop_cookie(request, response)
    return response


def _set_up(request: HttpRequest, asking: Subject, given: dict[str, Any]) -> list[str]:
    if "credential" not in given:
        return services.confirm_totp(user=asking.user, code=given["code"], actor=asking.actor)
    place = passkeys.place_of(request)
    return passkeys.register(user=asking.user, place=place, name=given["name"], credential=given["credential"], actor=asking.actor)[1]


def api_address() -> str:
    """Where this workspace's API is, for the script that asks it for a passkey's options."""
    return f"{get_script_prefix()}api/v1"


def onward(request: HttpRequest, session: Session, next_path: str) -> HttpResponse:
    """To the next step, or where the person wanted to go."""
    response = redirect(_way_on(session, next_path))
    set_device(request, response)
    return response


def _way_on(session: Session, next_path: str) -> str:
    if session.awaits:
        return f"{reverse(steps.step_of(session).page)}?{urlencode({'next': safe_path(next_path)})}"
    return safe_path(next_path) or reverse("home")


def _elsewhere(request: HttpRequest, step: str) -> HttpResponse | None:
    """Where somebody belongs who doesn't await this step: to the step that they do, to where they wanted, or to the sign-in.

    Who sends an answer and is nobody has taken too long, and is told so.
    """
    session: Session | None = getattr(request, "unfinished_session", None)
    if session is not None and session.awaits == step:
        return None
    if request.method == "POST" and session is None and not principal_of(request).known:
        messages.info(request, "That took too long, so your sign-in has ended. Begin it again.")
    query = urlencode({"next": safe_path(request.POST.get("next", "") or request.GET.get("next", ""))})
    return redirect(f"{reverse('sign_in')}?{query}")
