"""One's own account: name, password, sessions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access.guards import actor_of, person, require_recent
from tenantry.access.principal import principal_of
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem

from .. import passwords, sessions
from ..forms import CurrentPasswordForm, PasswordChangeForm, PasswordForm, ProfileForm
from ..models import User
from ..users import rename


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Profile and password; a POST saves the name."""
    user = person(request)
    if request.method == "GET":
        return render(request, "people/account.html", _forms(user))
    form = ProfileForm(request.POST)
    problem = None
    if form.is_valid():
        try:
            rename(user=user, name=form.cleaned_data["name"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "Your name was saved.")
            return redirect("account")
    return answer(request, "people/account.html", {**_forms(user), "profile": form}, form=form, problem=problem)


@require_POST
def account_password(request: HttpRequest) -> HttpResponse:
    """Set a password, or change it. The first one is a new way in: nobody gives it to somebody else's unlocked screen."""
    user = person(request)
    if not user.password:
        require_recent(request)
    form = (PasswordChangeForm if user.password else PasswordForm)(request.POST)
    problem = None
    if form.is_valid():
        try:
            passwords.change_password(
                user=user, current=form.cleaned_data.get("current", ""), password=form.cleaned_data["password"],
                keep_session=principal_of(request).session, actor=actor_of(request),
            )  # fmt: skip
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "Your password is set. Your other devices are signed out.")
            return redirect("account")
    return answer(request, "people/account.html", {**_forms(user), "password": form}, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def account_password_remove(request: HttpRequest) -> HttpResponse:
    """Go back to links by mail alone."""
    user = person(request)
    if not user.password:
        return redirect("account")
    form = CurrentPasswordForm(request.POST or None)
    problem = None
    if request.method == "POST" and form.is_valid():
        try:
            passwords.require_current(user, form.cleaned_data["current"])
            passwords.remove_password(user=user, actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "Your password was removed. You sign in by a link in your mail.")
            return redirect("account")
    return answer(request, "people/password_remove.html", {}, form=form, problem=problem)


@require_GET
def account_sessions(request: HttpRequest) -> HttpResponse:
    """Where one is signed in."""
    user = person(request)
    found, present = sessions.live_sessions(user.id), principal_of(request).session
    return render(request, "people/sessions.html", {"sessions": found, "present": present, "others": len(found) - 1})


@require_POST
def account_session_end(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Sign one device out; done a second time it is done already."""
    user = person(request)
    try:
        sessions.end_session(session_id=session_id, user=user, actor=actor_of(request))
    except Problem as problem:
        if problem.code != "not_found":
            raise
    messages.success(request, "That device is signed out.")
    return redirect("account_sessions")


@require_POST
def account_sessions_end(request: HttpRequest) -> HttpResponse:
    """Sign all other devices out."""
    user, present = person(request), principal_of(request).session
    ended = sessions.end_sessions(user=user, actor=actor_of(request), reason="all others", but=present.id if present else None)
    messages.success(request, "No other device was signed in." if not ended else "Your other devices are signed out.")
    return redirect("account_sessions")


def _forms(user: User) -> dict[str, Any]:
    password: type[forms.Form] = PasswordChangeForm if user.password else PasswordForm
    return {"profile": ProfileForm(initial={"name": user.name}), "password": password(), "has_password": bool(user.password)}
