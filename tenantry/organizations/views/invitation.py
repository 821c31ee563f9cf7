"""The public page of one invitation: who holds its link decides."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.access.guards import actor_of, not_impersonated
from tenantry.access.limits import count
from tenantry.access.permissions import ROLES
from tenantry.access.principal import principal_of
from tenantry.kit.problems import Problem
from tenantry.people import entry
from tenantry.people.cookies import set_cookie
from tenantry.people.models import User
from tenantry.people.sessions import acknowledge
from tenantry.people.vetoes import Vetoed
from tenantry.people.views.sign_in import kept_out
from tenantry.tenancy.addresses import safe_path
from tenantry.tenancy.scope import everywhere

from .. import invitations
from ..models import Invitation, Membership, Profile
from .images import image_response, theme_response


@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What is offered, and the way to accept or decline for whoever stands before it."""
    return_to = safe_path(request.POST.get("return_to", "") or request.GET.get("return_to", ""))
    try:
        with everywhere():
            found = invitations.by_token(token)
            offer = _offer(found, token, request)
    except Problem as problem:
        return _over(request, token, return_to, problem)
    offer |= {"token": token, "return_to": return_to, "here": _here(token, return_to)}
    if request.method == "GET":
        return render(request, "organizations/invitation.html", offer)
    try:
        return _act(request, token, found, return_to)
    except Vetoed as vetoed:
        return kept_out(request, vetoed)
    except Problem as problem:
        if problem.status == 410:
            return _over(request, token, return_to, problem)
        return render(request, "organizations/invitation.html", {**offer, "refused": problem}, status=problem.status)


def _offer(found: Invitation, token: str, request: HttpRequest) -> dict[str, Any]:
    user, organization = principal_of(request).user, found.organization
    organization.theme_url = reverse("invitation_theme", kwargs={"token": token})  # type: ignore[attr-defined]  # read by {% theme %}
    has_account = User.objects.filter(email=found.email).exclude(status=User.Status.ERASED).exists()
    return {
        "organization": organization,
        "invitation": found,
        "role": ROLES[found.role],
        "has_logo": Profile.objects.filter(organization=organization, logo__isnull=False).exists(),
        "who": ("invited" if user.email == found.email else "other") if user else "known" if has_account else "new",
    }


def _act(request: HttpRequest, token: str, found: Invitation, return_to: str) -> HttpResponse:
    act, principal = request.POST.get("act"), principal_of(request)
    if act == "decline":
        invitations.decline(token=token, actor=actor_of(request) if principal.user and principal.user.email == found.email else None)
        return render(request, "organizations/invitation_over.html", {"how": "no", "name": found.organization.name})
    if act == "link":
        email = entry.ask_for_link(email=found.email, next_path=_here(token, return_to))
        return render(request, "people/link_sent.html", {"email": email})
    count("invitation_accept")
    if principal.user:
        not_impersonated(request)
        member = invitations.accept(token=token, user=principal.user, actor=actor_of(request))
        return _inside(request, member, return_to)
    member, session_token = invitations.join(token=token)
    response = _inside(request, member, return_to)
    set_cookie(request, response, session_token)
    return response


def _inside(request: HttpRequest, member: Membership, return_to: str) -> HttpResponse:
    acknowledge(member.user_id)
    messages.success(request, f"Welcome to {member.organization.name}.")
    return redirect(return_to or reverse("organization_home", kwargs={"slug": member.organization.slug}))


def _over(request: HttpRequest, token: str, return_to: str, problem: Problem) -> HttpResponse:
    """The link of an invitation that can't be answered any more. Who has accepted it goes on to where it led."""
    how = str(problem.members.get("invitation_status", "unknown"))
    with everywhere():
        found = invitations.whatever_became(token) if how != "unknown" else None
    user = principal_of(request).user
    if found and how == "accepted" and user and user.email == found.email:
        if principal_of(request).role_in(found.organization_id):
            return redirect(return_to or reverse("organization_home", kwargs={"slug": found.organization.slug}))
        how = "left"
    context = {
        "how": how,
        "name": found.organization.name if found else "",
        "inviter": found.inviter_label if found and "@" in found.inviter_label else "",
        "next": (return_to or reverse("organization_home", kwargs={"slug": found.organization.slug})) if found else "",
    }
    return render(request, "organizations/invitation_over.html", context, status=problem.status)


def _here(token: str, return_to: str) -> str:
    path = reverse("invitation", kwargs={"token": token})
    return f"{path}?return_to={return_to}" if return_to else path


@require_GET
def invitation_theme(request: HttpRequest, token: str) -> HttpResponse:
    """The colours of the organization that invites, for who holds the link."""
    return theme_response(_profile(token))


@require_GET
def invitation_logo(request: HttpRequest, token: str) -> HttpResponse:
    """Its logo, for who holds the link."""
    return image_response(_profile(token).logo)


def _profile(token: str) -> Profile:
    with everywhere():
        return Profile.objects.get(organization_id=invitations.by_token(token).organization_id)
