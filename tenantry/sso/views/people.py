"""Pages of the person who signs in: the recovery code, the terms, and the providers that one's account is linked to."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access import limits
from tenantry.access.guards import actor_of, guard, person, require_recent
from tenantry.audit.services import Actor, record
from tenantry.kit.problems import Problem
from tenantry.people.cookies import set_cookie
from tenantry.people.steps import unfinished
from tenantry.tenancy.addresses import safe_path
from tenantry.tenancy.scope import aside, current
from tenantry.tenancy.settings import read_group

from .. import flows, identities, recovery, terms, testing
from ..models import Flow


@require_POST
def sso_recovery(request: HttpRequest) -> HttpResponse:
    """An owner who was kept out comes in with a recovery code."""
    limits.count("sign_in")
    note = request.POST.get("note", "")
    try:
        _, token = recovery.use_code(note=note, code=request.POST.get("code", "")[:60])
    except Problem as problem:
        with aside():
            record(
                "user.sign_in_failed", actor=Actor("user", None, "a recovery code", "portal"), label="a recovery code", reason=problem.code
            )
        return render(request, "sso/recovery.html", {"problem": problem, "note": note}, status=problem.status)
    response = redirect("home")
    set_cookie(request, response, token)
    return response


@require_http_methods(["GET", "POST"])
def accept_terms(request: HttpRequest) -> HttpResponse:
    """The terms, for whoever came into the workspace by a provider."""
    try:
        session, user = unfinished(request, terms.NAME)
    except Problem:
        return redirect("sign_in")
    next_path = safe_path(request.POST.get("next") or request.GET.get("next", ""))
    if request.method == "POST":
        terms.accept(session=session, user=user)
        return redirect(next_path or "home")
    context = {"who": user, "next": next_path, "terms_url": read_group("program").values.get("terms_url", ""),
               "support_email": current().support_email}  # fmt: skip
    return render(request, "sso/terms.html", context)


@require_GET
def account_sso(request: HttpRequest) -> HttpResponse:
    """Providers that vouch for this person, and those of their organizations that could."""
    user = person(request)
    return render(request, "sso/account.html", {"identities": identities.of(user), "linkable": identities.linkable(user)})


@require_POST
def account_sso_link(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Off to the provider; whom it vouches for is then linked to the person who is signed in here: a new way in, so they
    prove lately who they are."""
    user = person(request)
    require_recent(request)
    connection = identities.require_linkable(user, connection_id)
    guard(request, "organization:read", connection.organization_id)
    _, token = flows.begin(connection=connection, purpose=Flow.Purpose.LINK, user=user)
    return render(request, "sso/away.html", {"url": testing.url(connection, token), "connection": connection})


@require_POST
def account_sso_unlink(request: HttpRequest, identity_id: UUID) -> HttpResponse:
    """The provider vouches for this person no more; done a second time it is done already."""
    user = person(request)
    try:
        identities.unlink(user=user, identity_id=identity_id, actor=actor_of(request))
    except Problem as problem:
        if problem.code != "not_found":
            raise
    messages.success(request, "That account is no longer linked to yours.")
    return redirect("account_sso")
