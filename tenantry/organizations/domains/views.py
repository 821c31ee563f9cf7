"""The pages about domains: an organization's own, staff's decision, and joining by the domain of one's address."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access.guards import actor_of, guard, guard_tenant, is_open, not_in_maintenance, person, require_recent, signed_in
from tenantry.access.limits import count
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem
from tenantry.organizations.authority import authority_of
from tenantry.organizations.forms import ReasonForm
from tenantry.organizations.models import Domain, JoinRequest, Membership, Organization
from tenantry.people.sessions import acknowledge

from . import joining, proofs, queries, services
from .forms import ClaimForm, DecisionForm, JoiningForm
from .names import shown

PER_PAGE = 50
SHOWN = 200
JOINING = [
    {"value": "ask", "label": "They may ask", "hint": "Owners and maintainers get a mail and decide."},
    {"value": "allow", "label": "They may join at once", "hint": "They become learners, while member seats are free."},
    {"value": "off", "label": "Off", "hint": "They need an invitation."},
]


def _row(domain: Domain) -> dict[str, Any]:
    """A domain with what its pages say of it."""
    ends = domain.lapsing_since + services.GRACE if domain.state == Domain.State.LAPSING and domain.lapsing_since else None
    return {
        "domain": domain, "name": shown(domain.name), "ends": ends, "held": (held := domain.state in queries.HELD),
        "by_staff": held and domain.method == Domain.Method.STAFF,
        "proof": proofs.text_of(domain.token), "file": proofs.url_of(domain.name),
    }  # fmt: skip


@require_GET
def domains(request: HttpRequest, slug: str) -> HttpResponse:
    """All domains of an organization, with what each needs."""
    organization = guard(request, "identity:read", slug)
    page = queries.list_domains(organization, cursor=request.GET.get("cursor"), limit=PER_PAGE)
    context = {
        "organization": organization, "page": page, "rows": [_row(row) for row in page.rows],
        "writes": is_open(request, "identity:write", organization),
    }  # fmt: skip
    return render(request, "organizations/domains/domains.html", context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Claim one; the next page shows the record to set."""
    organization = guard(request, "identity:write", slug)
    form, problem = ClaimForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            made = services.claim(organization=organization, actor=actor_of(request), **form.cleaned_data)
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"{shown(made.name)} is in your list. Prove now that it is yours.")
            return redirect("domain", slug=organization.slug, domain_id=made.public_id)
    return answer(request, "organizations/domains/new.html", {"organization": organization}, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def domain(request: HttpRequest, slug: str, domain_id: UUID) -> HttpResponse:
    """One domain: how it stands, the record to set, who may join. A POST saves the last."""
    posting = request.method == "POST"
    organization = guard(request, "identity:write" if posting else "identity:read", slug)
    found = queries.load(domain_id, organization=organization)
    form = JoiningForm(request.POST or None, initial={"auto_join": found.auto_join, "version": found.version})
    problem = None
    if posting and form.is_valid():
        given = form.cleaned_data
        try:
            services.set_auto_join(domain=found, auto_join=given["auto_join"], expected_version=given["version"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, "Saved.")
            return redirect("domain", slug=organization.slug, domain_id=found.public_id)
    writes = is_open(request, "identity:write", organization)
    row = _row(found)
    context = {
        "organization": organization, "writes": writes, "row": row, "options": JOINING,
        "strangers": joining.strangers(found).count() if writes and row["held"] else 0,
    }  # fmt: skip
    return answer(request, "organizations/domains/domain.html", context, form=form, problem=problem)


@require_POST
def verify(request: HttpRequest, slug: str, domain_id: UUID) -> HttpResponse:
    """Look for the proof while the person waits."""
    organization = guard(request, "identity:write", slug)
    found = queries.load(domain_id, organization=organization)
    count("domain_verification", organization.id)
    checked = services.verify_now(organization=organization, domain=found, actor=actor_of(request))
    if checked.failure:
        messages.warning(request, "No proof was found. The page says why.")
    else:
        messages.success(request, f"{shown(checked.name)} is {organization.name}'s.")
    return redirect("domain", slug=organization.slug, domain_id=checked.public_id)


@require_POST
def remove(request: HttpRequest, slug: str, domain_id: UUID) -> HttpResponse:
    """Give it up."""
    organization = guard(request, "identity:write", slug)
    found = queries.load(domain_id, organization=organization)
    services.remove(domain=found, actor=actor_of(request))
    messages.success(request, f"{shown(found.name)} was removed.")
    return redirect("domains", slug=organization.slug)


@require_http_methods(["GET", "POST"])
def people(request: HttpRequest, slug: str, domain_id: UUID) -> HttpResponse:
    """People of the workspace with an address of the domain who are no members; a POST invites all of them."""
    organization = guard(request, "identity:write", slug)
    guard(request, "invitations:write", slug)
    found = queries.load(domain_id, organization=organization)
    joining.require_held(found)
    if request.method == "POST":
        count("invitation_create", organization.id)
        authority = authority_of(signed_in(request), organization.id)
        chosen = request.POST.getlist("email") or None
        rows = joining.invite_strangers(domain=found, emails=chosen, authority=authority, actor=actor_of(request))
        _say_invited(request, rows)
        return redirect("domain", slug=organization.slug, domain_id=found.public_id)
    strangers = joining.strangers(found)
    context = {"organization": organization, "row": _row(found), "people": list(strangers[:SHOWN]), "total": strangers.count()}
    return render(request, "organizations/domains/people.html", context)


def _say_invited(request: HttpRequest, rows: list[Any]) -> None:
    created = sum(row.outcome == "created" for row in rows)
    over = sum(row.outcome == "over_limit" for row in rows)
    if created:
        messages.success(request, f"{created} {'person was' if created == 1 else 'people were'} invited. Each gets a mail and decides.")
    if over:
        messages.warning(request, f"No seat was free for {over} more.")
    if not rows:
        messages.warning(request, "There was nobody left to invite.")


@require_GET
def requests(request: HttpRequest, slug: str) -> HttpResponse:
    """Who asks to join, those that wait first."""
    organization = guard(request, "invitations:read", slug)
    status = request.GET.get("status", "")
    status = status if status in JoinRequest.Status.values else ""
    page = joining.list_requests(organization, cursor=request.GET.get("cursor"), limit=PER_PAGE, status=status)
    context = {
        "organization": organization, "page": page, "statuses": JoinRequest.Status.choices, "filtered": bool(status),
        "writes": is_open(request, "members:write", organization),
        "holds": bool(queries.verified(organization.id)), "sees_domains": is_open(request, "identity:read", organization),
    }  # fmt: skip
    return render(request, "organizations/domains/requests.html", context)


@require_POST
def approve(request: HttpRequest, slug: str, request_id: UUID) -> HttpResponse:
    """Take somebody in."""
    organization = guard(request, "members:write", slug)
    authority = authority_of(signed_in(request), organization.id)
    done = joining.approve(organization=organization, request_id=request_id, authority=authority, actor=actor_of(request))
    messages.success(request, f"{done.user.display_name} is a member now.")
    return redirect("join_requests", slug=organization.slug)


@require_http_methods(["GET", "POST"])
def refuse(request: HttpRequest, slug: str, request_id: UUID) -> HttpResponse:
    """Say no, perhaps with a reason, which the person reads."""
    organization = guard(request, "members:write", slug)
    found = joining.load_request(organization, request_id)
    form, problem = ReasonForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            joining.refuse(organization=organization, request_id=request_id, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"{found.user.display_name} is told that it is no.")
            return redirect("join_requests", slug=organization.slug)
    return answer(request, "organizations/domains/refuse.html", {"organization": organization, "one": found}, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def staff_domain(request: HttpRequest, organization_id: UUID, domain_id: UUID) -> HttpResponse:
    """Staff's decision: confirm a domain without a proof, or take it back."""
    guard_tenant(request, "domains:decide")
    one: Organization = guard(request, "domains:decide", organization_id)
    require_recent(request)
    found = queries.load(domain_id, organization=one)
    verifies = found.state not in queries.HELD
    form, problem = DecisionForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            services.decide(domain=found, verify=verifies, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            done = f"{shown(found.name)} is {one.name}'s." if verifies else f"{shown(found.name)} was taken back."
            messages.success(request, done)
            return redirect("staff_organization", organization_id=one.public_id)
    context = {"one": one, "row": _row(found), "verifies": verifies}
    return answer(request, "organizations/domains/staff_domain.html", context, form=form, problem=problem)


@require_POST
def join(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Join, ask to, or take one's request back, from the start page."""
    user = person(request)
    not_in_maintenance(request, organization_id)
    if request.POST.get("act") == "withdraw":
        for waiting in joining.own_requests(user):
            if waiting.organization_id == organization_id:
                joining.withdraw(user=user, request_id=waiting.id, actor=actor_of(request))
        messages.success(request, "Your request was taken back.")
        return redirect("home")
    done = joining.join(user=user, organization_id=organization_id, actor=actor_of(request))
    if isinstance(done, Membership):
        acknowledge(user.id)
        messages.success(request, f"Welcome to {done.organization.name}.")
        return redirect("organization_home", slug=done.organization.slug)
    messages.success(request, f"{done.organization.name} was asked. You get a mail with their answer.")
    return redirect("home")
