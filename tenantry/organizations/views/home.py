"""An organization's home: how it stands, what happened, what waits."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from tenantry.access.guards import actor_of, guard, is_open, signed_in
from tenantry.access.permissions import ROLES
from tenantry.access.principal import Principal
from tenantry.audit.queries import Filter, list_events
from tenantry.audit.stories import stories
from tenantry.entitlements import limits
from tenantry.entitlements.bars import bars

from .. import queries, services
from ..domains import queries as domains
from ..domains.joining import offers_of
from ..models import Organization

SHOWN = 6


@require_GET
def organization_home(request: HttpRequest, slug: str) -> HttpResponse:
    """As much of it as the reader may see; for most members that is a calm page with the names of the others."""
    organization = guard(request, "organization:read", slug)
    principal = signed_in(request)
    role = principal.role_in(organization.id)
    pending = queries.pending_seats(organization.id)
    may = {name: principal.may(permission, organization.id) for name, permission in _READS.items()}
    context = {
        "organization": organization,
        "role": ROLES.get(role),
        "may": may,
        "invites": is_open(request, "invitations:write", organization),
        "resubmits": organization.rejected_at is not None and is_open(request, "verification:resubmit", organization),
        "bars": bars(limits.standings(organization.id), pending) if may["limits"] else [],
        "stories": _recent(principal, organization),
        "open_invitations": queries.list_invitations(organization, cursor=None, limit=SHOWN, status="pending").rows
        if may["invitations"]
        else [],
        "open_count": pending["seat:total"],
        "nav_counts": {"invitations": pending["seat:total"]},
        "failing": domains.failing(organization) if principal.may("identity:read", organization.id) else [],
        "joins": offers_of(principal.user) if principal.user and not principal.impersonator else [],
        "people": [] if may["members"] else queries.list_members(organization, cursor=None, limit=24, status="active").rows,
    }
    return render(request, "organizations/home.html", context)


_READS = {
    "members": "members:read",
    "limits": "entitlements:read",
    "invitations": "invitations:read",
    "settings": "settings:read",
}


def _recent(principal: Principal, organization: Organization) -> list[Any] | None:
    """The latest events of the halves of the record that the reader may see; None for who may see neither."""
    operations, money = (principal.may(name, organization.id) for name in ("audit:read_operations", "audit:read_money"))
    if not operations and not money:
        return None
    wanted = Filter(organization_id=organization.id, operations=operations, money=money)
    return stories(list_events(wanted, cursor=None, limit=SHOWN).rows)


@require_POST
def resubmit(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for verification again after a rejection."""
    organization = guard(request, "verification:resubmit", slug)
    services.transition(organization=organization, act="resubmit", actor=actor_of(request))
    messages.success(request, "Submitted. You will see here when it is verified.")
    return redirect("organization_home", slug=organization.slug)
