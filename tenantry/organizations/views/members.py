"""Members: the list, one of them, and what may be done to them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import get_script_prefix
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.access.guards import actor_of, guard, is_open, not_impersonated, signed_in
from tenantry.access.permissions import ROLES
from tenantry.access.principal import Principal
from tenantry.audit.queries import Filter, list_events
from tenantry.audit.stories import stories
from tenantry.entitlements import limits
from tenantry.entitlements.bars import seat_bars
from tenantry.kit.forms import show_problem
from tenantry.kit.problems import Problem, forbidden
from tenantry.people.queries import open_as

from .. import choices, queries
from ..authority import authority_of
from ..forms import AddForm, ReasonForm, RoleForm, first_open
from ..membership import CHANGE_ROLE, LEAVE, REACTIVATE, REMOVE, SUSPEND, Act, add_by_address, settle
from ..models import Membership, Organization

PER_PAGE = 50
DIRECTORY_PAGE = 100
# Each act that is a page of its own: what it says, and whether it takes a reason.
ACTS: dict[str, dict[str, Any]] = {
    "suspend": {
        "act": SUSPEND, "title": "Suspend {}", "button": "Suspend", "done": "{} was suspended.", "reason": True,
        "text": "They can't open this organization until they are reactivated. Their seat becomes free; their record stays.",
    },
    "reactivate": {
        "act": REACTIVATE, "title": "Reactivate {}", "button": "Reactivate", "done": "{} is active again.", "reason": False,
        "text": "They get back the role they had, and take a seat again.",
    },
    "remove": {
        "act": REMOVE, "title": "Remove {}", "button": "Remove", "done": "{} was removed.", "reason": True,
        "text": "They lose access at once and their seat becomes free. You can add or invite them again later.",
    },
}  # fmt: skip


@require_GET
def members(request: HttpRequest, slug: str) -> HttpResponse:
    """The list with its filters; for those who may only see names, a directory of names."""
    organization = guard(request, "members:directory", slug)
    principal, given = signed_in(request), request.GET
    if not principal.may("members:read", organization.id):
        page = queries.list_members(organization, cursor=given.get("cursor"), limit=DIRECTORY_PAGE, status="active")
        return render(request, "organizations/directory_of_members.html", {"organization": organization, "page": page})
    role = given.get("role", "")
    bucket = role if role.startswith("seat:") else ""
    page = queries.list_members(
        organization, cursor=given.get("cursor"), limit=PER_PAGE, search=given.get("q", ""), role="" if bucket else role, seat=bucket,
        status=given.get("status", ""),
    )  # fmt: skip
    standings, pending = limits.standings(organization.id), queries.pending_seats(organization.id)
    context = {
        "organization": organization,
        "page": page,
        "rows": _with_acts(principal, organization, list(page.rows), standings),
        "bars": seat_bars(standings, pending) if principal.may("entitlements:read", organization.id) else [],
        "nav_counts": {"invitations": pending["seat:total"]},
        "roles": [
            *((name, known.label) for name, known in ROLES.items()),
            ("seat:admin", "Holds an admin seat"),
            ("seat:member", "Holds a member seat"),
        ],
        "statuses": [(value, label) for value, label in Membership.Status.choices if value != "erased"],
        "filtered": any(given.get(name) for name in ("q", "role", "status", "cursor")),
        "may_invite": is_open(request, "invitations:write", organization),
        "may_add": _may_add(request, organization),
        "bills": principal.may("entitlements:read", organization.id),
    }
    return render(request, "organizations/members.html", context)


def _may_add(request: HttpRequest, organization: Organization) -> bool:
    """Adding without an invitation is for owners and staff."""
    principal = signed_in(request)
    governs = principal.may("members:grant_governance", organization.id) or bool(principal.staff_role)
    return governs and is_open(request, "members:write", organization)


def _with_acts(
    principal: Principal, organization: Organization, rows: list[Membership], standings: list[limits.Standing]
) -> list[dict[str, Any]]:
    """Each member with what the reader may do to them, and why not the rest."""
    writes, me = principal.may("members:write", organization.id), principal.user.id if principal.user else None
    authority = authority_of(principal, organization.id)
    any_owner = any(row.role == "owner" and row.status == "active" for row in rows)
    owners = queries.count_owners(organization) if any_owner and (writes or any(row.user_id == me for row in rows)) else 2
    opens = open_as(principal, [row.user for row in rows if row.status == Membership.Status.ACTIVE])
    shown = []
    for row in rows:
        mine = row.user_id == me
        shown.append(
            {
                "row": row,
                "name": row.user.display_name,
                "role": ROLES[row.role].label,
                "mine": mine,
                "opens": row.user_id in opens,
                "gone": row.status in ("removed", "erased"),
                "closed": choices.closings(row, organization=organization, authority=authority, standings=standings, owners=owners)
                if writes and not mine
                else None,
                "leaving": choices.leaving_closed(row, organization=organization, owners=owners, themself=principal.impersonator is None)
                if mine
                else "",
            }
        )
    return shown


@require_GET
def member(request: HttpRequest, slug: str, membership_id: UUID) -> HttpResponse:
    """One member, whatever the status: facts, acts, and what the record has about them."""
    organization = guard(request, "members:read", slug)
    principal, found = signed_in(request), queries.load_member(organization, membership_id)
    (entry,) = _with_acts(principal, organization, [found], limits.standings(organization.id))
    operations, money = (principal.may(name, organization.id) for name in ("audit:read_operations", "audit:read_money"))
    wanted = Filter(organization_id=organization.id, target=found.public_id, operations=operations, money=money)
    context = {
        "organization": organization,
        "entry": entry,
        "member": found,
        "seat": choices.SEAT_WORDS[ROLES[found.role].seat] if found.seat_assigned_at else "",
        "meaning": ROLES[found.role].meaning,
        "attributes": sorted(queries.attributes_of(organization.id, [found.user_id]).get(found.user_id, {}).items()),
        "stories": stories(list_events(wanted, cursor=None, limit=10).rows) if operations else None,
    }
    return render(request, "organizations/member.html", context)


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Add somebody by address, without an invitation: for owners and staff."""
    organization = guard(request, "members:write", slug)
    principal, actor = signed_in(request), actor_of(request)
    if not _may_add(request, organization):
        raise forbidden("members:grant_governance")
    authority = authority_of(principal, organization.id)
    options = choices.role_choices(authority, limits.standings(organization.id))
    form, status = AddForm(request.POST or None, initial={"role": first_open(options)}), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                added = add_by_address(
                    organization=organization, email=given["email"], name=given["name"], role=given["role"], team=given["team"],
                    service=given["service_account"], authority=authority, actor=actor,
                )  # fmt: skip
            except Problem as problem:
                status = show_problem(form, problem)
            else:
                messages.success(request, f"{added.user.display_name} is a member now.")
                return redirect("members", slug=organization.slug)
    return render(request, "organizations/member_add.html", {"organization": organization, "form": form, "options": options}, status=status)


@require_http_methods(["GET", "POST"])
def change_role(request: HttpRequest, slug: str, membership_id: UUID) -> HttpResponse:
    """Give a member another role; what is closed says why."""
    organization = guard(request, "members:write", slug)
    found = queries.load_member(organization, membership_id)
    authority = authority_of(signed_in(request), organization.id)
    options = choices.role_choices(authority, limits.standings(organization.id), member=found)
    form, status = RoleForm(request.POST or None, initial={"role": found.role, "version": found.version}), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                settle(
                    CHANGE_ROLE, organization=organization, user=found.user, role=given["role"], expected_version=given["version"],
                    authority=authority, actor=actor_of(request),
                )  # fmt: skip
            except Problem as problem:
                status = show_problem(form, problem)
            else:
                messages.success(request, f"{found.user.display_name} is {ROLES[given['role']].label.lower()} now.")
                return redirect("members", slug=organization.slug)
    context = {"organization": organization, "form": form, "options": options, "member": found}
    return render(request, "organizations/member_role.html", context, status=status)


@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, slug: str, membership_id: UUID, step: str) -> HttpResponse:
    """Suspend, reactivate or remove: a question with its consequence, then the act."""
    organization = guard(request, "members:write", slug)
    found, words = queries.load_member(organization, membership_id), ACTS[step]
    name = found.user.display_name
    form, status = ReasonForm(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        try:
            _settled(request, words["act"], organization, found, form.cleaned_data["reason"])
        except Problem as problem:
            status = show_problem(form, problem)
        else:
            messages.success(request, words["done"].format(name))
            return redirect("members", slug=organization.slug)
    elif request.method == "POST":
        status = 422
    context = {"organization": organization, "form": form, "member": found, "step": step, **words, "title": words["title"].format(name)}
    return render(request, "organizations/member_act.html", context, status=status)


@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """End one's own membership."""
    organization = guard(request, "organization:read", slug)
    principal = signed_in(request)
    not_impersonated(request)
    found = choices.own_membership(organization, principal.user.id if principal.user else None)
    if found is None:
        raise Problem(404, "not_found", "You don't belong to this organization.")
    closed = choices.leaving_closed(found, organization=organization, owners=queries.count_owners(organization))
    form, status = ReasonForm(request.POST or None), 200
    if request.method == "POST" and form.is_valid():
        try:
            _settled(request, LEAVE, organization, found)
        except Problem as problem:
            status = show_problem(form, problem)
        else:
            messages.success(request, f"You have left {organization.name}.")
            return redirect(get_script_prefix())
    return render(request, "organizations/leave.html", {"organization": organization, "form": form, "closed": closed}, status=status)


def _settled(request: HttpRequest, act: Act, organization: Organization, found: Membership, reason: str = "") -> Membership:
    return settle(
        act, organization=organization, user=found.user, reason=reason, authority=authority_of(signed_in(request), organization.id),
        actor=actor_of(request),
    )  # fmt: skip
