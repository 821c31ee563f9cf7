"""The start page: it sends everyone where they belong, and helps who belongs nowhere yet."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from tenantry.access.guards import actor_of, person
from tenantry.access.limits import count
from tenantry.access.permissions import ROLES
from tenantry.access.principal import principal_of
from tenantry.people.sessions import acknowledge

from .. import invitations
from ..domains.joining import offers_of
from ..drafts import draft_of


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Staff to their console, members to their organization; a list for who has several, a beginning for who has none."""
    principal = principal_of(request)
    if principal.user is None:
        return redirect("sign_in")
    if principal.staff_role:
        return redirect("staff_home")
    own = principal.organizations()
    if len(own) == 1 and ("all" not in request.GET or principal.impersonator):  # what else opens to a member is theirs alone to see
        return redirect("organization_home", slug=own[0].slug)
    offers = [{"row": row, "role": ROLES[row.role]} for row in invitations.of_person(principal.user)]
    context = {"places": own, "offers": offers, "joins": offers_of(principal.user), "draft": draft_of(principal.user)}
    return render(request, "organizations/start.html", context)


@require_POST
def own_invitation(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Accept or decline an invitation of one's own address."""
    user = person(request)
    invitations.require_own(user, invitation_id)
    if request.POST.get("act") == "decline":
        invitations.decline(token=invitation_id, actor=actor_of(request))
        messages.success(request, "The invitation was declined.")
        return redirect("home")
    count("invitation_accept")
    member = invitations.accept(token=invitation_id, user=user, actor=actor_of(request))
    acknowledge(user.id)
    messages.success(request, f"Welcome to {member.organization.name}.")
    return redirect("organization_home", slug=member.organization.slug)
