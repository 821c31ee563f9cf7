"""The staff console for organizations: find one, look after one, lead it from state to state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from tenantry.access.guards import actor_of, guard, guard_tenant, is_open, require_recent
from tenantry.access.principal import Principal
from tenantry.audit.queries import Filter, list_events
from tenantry.audit.stories import stories
from tenantry.entitlements import limits
from tenantry.entitlements.bars import bars
from tenantry.kit.clock import now
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem, not_found
from tenantry.people.queries import open_as
from tenantry.people.users import ensure_user

from .. import queries, services
from ..domains.queries import list_domains
from ..forms import FoundForm, ReasonForm
from ..models import Organization
from ..services import UNDO
from ..states import ACTIVE, DEACTIVATED, PENDING, SUSPENDED

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Step:
    """One act of staff on an organization, as a page that asks first. ``act``: the transition, or the service of that name."""

    act: str
    permission: str
    title: str
    button: str
    done: str
    text: str
    reason: str = ""  # "needed", "optional" or none
    danger: bool = False


STEPS: dict[str, Step] = {
    "approval": Step(
        "approve", "organizations:verify", "Approve {}?", "Approve", "{} is verified.",
        "It becomes active: money, single sign-on and invoices open up, and the directory may show it.",
    ),
    "rejection": Step(
        "reject", "organizations:verify", "Reject {}", "Reject", "{} was rejected; its owner sees why.",
        "It stays pending. Its owner sees the reason and may submit it again.", "needed", True,
    ),
    "suspension": Step(
        "suspend", "organizations:suspend", "Suspend {}", "Suspend", "{} is suspended.",
        "Its people can read everything and change nothing until you lift it. They see the reason.", "needed", True,
    ),
    "lifting": Step(
        "lift_suspension", "organizations:suspend", "Lift the suspension of {}?", "Lift the suspension", "{} is active again.",
        "Everything works again as before.",
    ),
    "deactivation": Step(
        "deactivate", "organizations:deactivate", "Deactivate {}", "Deactivate for good", "{} is deactivated.",
        "From now on only staff can see it. There is no way back.", "needed", True,
    ),
    "deletion": Step(
        "delete", "organization:delete", "Delete {}", "Delete", "{} was deleted.",
        "It is out of everybody's sight at once. Staff can bring it back for 30 days.", "optional", True,
    ),
    "restoration": Step(
        "restore", "organizations:restore", "Restore {}?", "Restore", "{} is back.",
        "It comes back as it was: members, invitations, limits and record.",
    ),
}  # fmt: skip
# From which states a step can be taken, for the buttons; the service has the last word.
_STEPS_OF = {PENDING: ("approval", "rejection", "deactivation", "deletion"), ACTIVE: ("suspension", "deactivation", "deletion"),
             SUSPENDED: ("lifting", "deactivation"), DEACTIVATED: ()}  # fmt: skip


@require_GET
def staff_organizations(request: HttpRequest) -> HttpResponse:
    """All organizations of the tenant, the latest first; ``?tab=deleted`` shows those that can be restored."""
    principal, given = guard_tenant(request, "organizations:list"), request.GET
    deleted = given.get("tab") == "deleted"
    page = queries.list_organizations(
        cursor=given.get("cursor"), limit=PER_PAGE, search=given.get("q", ""), state=given.get("state", ""), deleted=deleted
    )
    held = limits.used_by([row.id for row in page.rows], "seat:total")
    context = {
        "page": page,
        "rows": [{"row": row, "seats": held.get(row.id, 0), "status": status_of(row), "until": _until(row)} for row in page.rows],
        "deleted": deleted,
        "states": Organization.State.choices,
        "creates": principal.may("organizations:create"),
        "filtered": any(given.get(name) for name in ("q", "state", "cursor")),
    }
    return render(request, "organizations/staff_organizations.html", context)


def status_of(organization: Organization) -> str:
    """The status that a list shows: one that was rejected is told from one that waits."""
    if organization.deleted_at:
        return "deleted"
    return "rejected" if organization.state == PENDING and organization.rejected_at else organization.state


def _until(organization: Organization) -> Any:
    return organization.deleted_at + UNDO if organization.deleted_at else None


@require_http_methods(["GET", "POST"])
def staff_organization_new(request: HttpRequest) -> HttpResponse:
    """Found an organization for a customer: with its plan, and with its owner when their address is given."""
    guard_tenant(request, "organizations:create")
    form, problem = FoundForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        values, actor = dict(form.cleaned_data), actor_of(request)
        email, plan = values.pop("owner_email"), values.pop("plan")
        try:
            owner = ensure_user(email=email, actor=actor)[0] if email else None
            made = services.found(values={name: value for name, value in values.items() if value}, owner=owner, plan=plan, actor=actor)
        except Problem as refused:
            problem = Problem(refused.status, refused.code, refused.detail, errors=_for_owner(refused, email))
        else:
            messages.success(request, f"{made.name} was founded.")
            return redirect("staff_organization", organization_id=made.public_id)
    return answer(request, "organizations/staff_organization_new.html", {}, form=form, problem=problem)


def _for_owner(problem: Problem, email: str) -> list[dict[str, str]]:
    """An address is refused as ``/email`` by the people room; here its field is the owner's."""
    errors = problem.members.get("errors", [])
    return [{**error, "pointer": "/owner_email" if error["pointer"] == "/email" else error["pointer"]} for error in errors]


def _load(organization_id: UUID) -> Organization:
    return queries.load(organization_id, True) or queries.load_deleted(organization_id)


@require_GET
def staff_organization(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """One organization: facts, people, limits, the steps that are open, and the record."""
    principal = guard_tenant(request, "organizations:list")
    found = _load(organization_id)
    pending = queries.pending_seats(found.id)
    operations, money = (principal.may(name, found.id) for name in ("audit:read_operations", "audit:read_money"))
    reads_audit, steps = operations or money, _steps(principal, found)
    wanted = Filter(organization_id=found.id, operations=operations, money=money)
    owners = queries.owners_of(found)
    context = {
        "one": found,
        "status": status_of(found),
        "until": _until(found),
        "expired": bool(found.deleted_at and found.deleted_at + UNDO <= now()),
        "count": queries.count_live(found),
        "owners": owners,
        "open_as": open_as(principal, [owner.user for owner in owners]) if not found.deleted_at and found.state != DEACTIVATED else (),
        "bars": bars(limits.standings(found.id), pending) if principal.may("entitlements:read", found.id) else [],
        "limits_open": not found.deleted_at and is_open(request, "entitlements:write", found),
        "opens": not found.deleted_at,
        "domains": list_domains(found, cursor=None, limit=20).rows if principal.may("identity:read", found.id) else [],
        "lifts": not found.deleted_at and is_open(request, "identity:lift", found),
        "decides": not found.deleted_at and is_open(request, "domains:decide", found),
        "first": steps[0] if steps and not steps[0]["step"].danger else None,
        "steps": steps[1:] if steps and not steps[0]["step"].danger else steps,
        "stories": stories(list_events(wanted, cursor=None, limit=8).rows) if reads_audit else None,
        "reads_tenant": principal.may("audit:read_tenant"),
    }
    return render(request, "organizations/staff_organization.html", context)


def _steps(principal: Principal, organization: Organization) -> list[dict[str, Any]]:
    """The steps that this member of staff can take now, in the order of the buttons."""
    if organization.deleted_at:
        names: tuple[str, ...] = ("restoration",) if organization.deleted_at + UNDO > now() else ()
    else:
        names = _STEPS_OF[organization.state]
    if organization.rejected_at:
        names = tuple(name for name in names if name != "rejection")
    return [{"name": name, "step": STEPS[name]} for name in names if principal.may(STEPS[name].permission, organization.id)]


@require_http_methods(["GET", "POST"])
def staff_organization_act(request: HttpRequest, organization_id: UUID, step: str) -> HttpResponse:
    """Ask, then take one of ``STEPS``."""
    wanted = STEPS.get(step)
    if wanted is None:
        raise not_found("page")
    guard_tenant(request, wanted.permission)
    if wanted.act == "delete":
        require_recent(request)
    found = _load(organization_id)
    form, problem = ReasonForm(request.POST or None, needed=wanted.reason == "needed"), None
    if request.method == "POST" and form.is_valid():
        try:
            _take(request, wanted, found, form.cleaned_data["reason"])
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, wanted.done.format(found.name))
            return redirect("staff_organization", organization_id=found.public_id)
    context = {"one": found, "step": wanted, "title": wanted.title.format(found.name)}
    return answer(request, "organizations/staff_organization_act.html", context, form=form, problem=problem)


def _take(request: HttpRequest, step: Step, organization: Organization, reason: str) -> None:
    actor = actor_of(request)
    if step.act == "delete":
        services.delete(organization=guard(request, step.permission, organization.id), reason=reason, actor=actor)
    elif step.act == "restore":
        services.restore(organization=organization, actor=actor)
    else:
        services.transition(organization=organization, act=step.act, reason=reason, actor=actor)
