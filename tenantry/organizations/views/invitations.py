"""Invitations: the list, one or many new ones, and what may be done with an open one."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access.guards import actor_of, guard, is_open, signed_in
from tenantry.access.limits import count
from tenantry.access.permissions import ROLES
from tenantry.entitlements import limits
from tenantry.entitlements.bars import seat_bars
from tenantry.kit.clock import now
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem

from .. import bulk, choices, queries
from .. import invitations as services
from ..authority import authority_of
from ..forms import BulkForm, InviteForm, first_open
from ..models import Invitation

PER_PAGE = 50
# The outcomes of a bulk invitation in the order of the report: (outcome, what it is called).
OUTCOMES = (
    ("created", "Invited"), ("over_limit", "Over the limit"), ("invalid", "Invalid"), ("duplicate", "Twice in the list"),
    ("already_invited", "Already invited"), ("already_member", "Already a member"),
)  # fmt: skip


@require_GET
def invitations(request: HttpRequest, slug: str) -> HttpResponse:
    """All invitations, the latest first, with filters."""
    organization = guard(request, "invitations:read", slug)
    given, principal = request.GET, signed_in(request)
    page = queries.list_invitations(
        organization, cursor=given.get("cursor"), limit=PER_PAGE, status=given.get("status", ""), search=given.get("q", "")
    )
    pending, moment = queries.pending_seats(organization.id), now()
    grants = authority_of(principal, organization.id).grants
    writes = is_open(request, "invitations:write", organization)
    standings = limits.standings(organization.id)
    told = services.outcomes([row for row in page.rows if row.status == "pending"])
    context = {
        "organization": organization,
        "page": page,
        "rows": [
            {
                "row": row,
                "role": ROLES[row.role].label,
                "not_told": told[row.id].words if row.id in told else "",
                "status": "expired" if row.status == "pending" and row.expires_at <= moment else row.status,
                "open": writes and row.status == "pending",
                "expired": row.expires_at <= moment,
                "closed": "" if row.role in grants else choices.out_of_reach(row.role),
            }
            for row in page.rows
        ],
        "bars": seat_bars(standings, pending) if principal.may("entitlements:read", organization.id) else [],
        "bills": principal.may("entitlements:read", organization.id),
        "statuses": Invitation.Status.choices,
        "filtered": any(given.get(name) for name in ("q", "status", "cursor")),
        "writes": writes,
        "nav_counts": {"invitations": pending["seat:total"]},
    }
    return render(request, "organizations/invitations.html", context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Invite one person; the choice of roles shows the free seats and why a role is closed."""
    organization = guard(request, "invitations:write", slug)
    authority = authority_of(signed_in(request), organization.id)
    options = choices.role_choices(authority, limits.standings(organization.id))
    form = InviteForm(request.POST or None, initial={"role": first_open(options)})
    context = {"organization": organization, "options": options, "full": all(option.closed for option in options)}
    problem = None
    if request.method == "POST" and form.is_valid():
        try:
            count("invitation_create", organization.id)
            made, fresh = services.invite(organization=organization, authority=authority, actor=actor_of(request), **form.cleaned_data)
        except Problem as refused:
            problem = refused
        else:
            done = f"{made.email} was invited." if fresh else f"{made.email} had an open invitation; it was sent again."
            _say(request, made, done, instead=f"{made.email} is invited, but gets no mail.")
            return redirect("invitations", slug=organization.slug)
    return answer(request, "organizations/invitation_new.html", context, form=form, problem=problem)


@require_POST
def resend(request: HttpRequest, slug: str, invitation_id: UUID) -> HttpResponse:
    """Send it again, with a new link."""
    organization = guard(request, "invitations:write", slug)
    authority = authority_of(signed_in(request), organization.id)
    sent = services.resend(invitation=services.load(organization, invitation_id), authority=authority, actor=actor_of(request))
    done = f"The invitation was sent to {sent.email} again. The link in the earlier mail no longer works."
    _say(
        request,
        sent,
        done,
        instead=f"The invitation of {sent.email} stands, but no mail goes. The link in the earlier mail no longer works.",
    )
    return redirect("invitations", slug=organization.slug)


def _say(request: HttpRequest, invitation: Invitation, done: str, *, instead: str) -> None:
    """What was done; where no mail goes, that and why."""
    told = services.outcomes([invitation])[invitation.id]
    if told.notified:
        messages.success(request, done)
    else:
        messages.warning(request, f"{instead} {told.words}")


@require_POST
def revoke(request: HttpRequest, slug: str, invitation_id: UUID) -> HttpResponse:
    """Take it back; its seat is free."""
    organization = guard(request, "invitations:write", slug)
    authority = authority_of(signed_in(request), organization.id)
    gone = services.revoke(invitation=services.load(organization, invitation_id), authority=authority, actor=actor_of(request))
    messages.success(request, f"The invitation of {gone.email} was revoked.")
    return redirect("invitations", slug=organization.slug)


@require_http_methods(["GET", "POST"])
def many(request: HttpRequest, slug: str) -> HttpResponse:
    """Invite a pasted list or a CSV file; the answer to the POST is the report.

    It isn't kept anywhere, so there is nothing to redirect to; sending the same list again changes nothing.
    """
    organization = guard(request, "invitations:write", slug)
    authority = authority_of(signed_in(request), organization.id)
    form, problem = BulkForm(request.POST or None, request.FILES or None), None
    context: dict[str, Any] = {"organization": organization}
    if request.method == "POST" and form.is_valid():
        try:
            rows = bulk.parse_csv(form.data_bytes())
            count("invitation_create", organization.id)  # once, however long the list is
            bulk.invite_many(organization=organization, rows=rows, authority=authority, actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            return render(request, "organizations/invitations_report.html", context | _report(rows))
    context["options"] = choices.role_choices(authority, limits.standings(organization.id))
    context["most"] = f"{bulk.MAX_ROWS:,}"
    return answer(request, "organizations/invitations_bulk.html", context, form=form, problem=problem)


def _report(rows: list[bulk.Row]) -> dict[str, Any]:
    totals = [
        {"outcome": outcome, "label": label, "count": count}
        for outcome, label in OUTCOMES
        if (count := sum(row.outcome == outcome for row in rows))
    ]
    words = dict(OUTCOMES)
    return {
        "rows": [
            {"row": row, "said": words[row.outcome], "role": ROLES[row.role].label if row.role in ROLES else row.role} for row in rows
        ],
        "totals": totals,
        "created": sum(row.outcome == "created" for row in rows),
        "refused": sum(row.outcome in ("invalid", "over_limit", "duplicate") for row in rows),
        "not_told": [row for row in rows if row.outcome == "created" and not row.notice.notified],
        "over_limit": any(row.outcome == "over_limit" for row in rows),
        # In the link itself: the report is kept nowhere, and a download must work without scripts.
        "file": "data:text/csv;charset=utf-8;base64," + base64.b64encode(bulk.report_csv(rows)).decode(),
    }
