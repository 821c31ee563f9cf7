"""The staff console's pages about people: users of the workspace, and staff themselves."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.access.guards import actor_of, guard_tenant, require_recent
from tenantry.access.permissions import STAFF_ROLES
from tenantry.kit.forms import answer
from tenantry.kit.problems import Problem

from .. import queries, sessions
from .. import staff as staff_services
from .. import users as user_services
from ..factors import passing
from ..forms import STAFF_ROLE_LABELS, ReasonForm, StaffForm, StaffRoleForm
from ..models import Staff, User

PER_PAGE = 50
WAY_LABELS = {"totp": "authenticator app", "passkey": "passkey", "recovery": "recovery codes"}
ROLE_CHOICES = [{"value": role, "label": STAFF_ROLE_LABELS[role], "hint": meaning} for role, meaning in STAFF_ROLES.items()]


@require_GET
def staff_users(request: HttpRequest) -> HttpResponse:
    """Users of the workspace, the latest first."""
    guard_tenant(request, "users:read")
    search, status = request.GET.get("q", ""), request.GET.get("status", "")
    status = status if status in User.Status.values else ""
    page = queries.list_users(cursor=request.GET.get("cursor"), limit=PER_PAGE, search=search, status=status)
    roles = queries.staff_roles([user.id for user in page.rows])
    rows = [{"user": user, "role": STAFF_ROLE_LABELS.get(roles.get(user.id, ""), "")} for user in page.rows]
    context = {"page": page, "rows": rows, "statuses": User.Status.choices, "filtered": bool(search or status)}
    return render(request, "people/staff/users.html", context)


@require_GET
def staff_user(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """One user: who it is, where they belong, where they are signed in."""
    principal = guard_tenant(request, "users:read")
    shown = user_services.load(user_id)
    staff = Staff.objects.filter(user=shown).first()
    context = {
        "shown": shown,
        "staff": staff,
        "staff_label": STAFF_ROLE_LABELS.get(staff.role, "") if staff else "",
        "memberships": sessions.memberships_of(shown.id),
        "sessions": sessions.live_sessions(shown.id),
        "may_open": principal.may("impersonation:write")
        and shown.status == User.Status.ACTIVE
        and not (staff and staff.status == Staff.Status.ACTIVE),
        "factors": ", ".join(WAY_LABELS[way] for way in passing.ways(shown)),
        "may_write": principal.may("users:write"),
        "closed": _why_not(request, shown, staff),
    }
    return render(request, "people/staff/user.html", context)


def _why_not(request: HttpRequest, shown: User, staff: Staff | None) -> str:
    """Why this user can't be suspended, in the words of the service that would refuse; it decides, this only warns."""
    if shown.id == getattr(request.principal.user, "id", None):  # type: ignore[attr-defined]  # set by Authentication
        return "This is you; nobody suspends themself."
    if staff and staff.status == Staff.Status.ACTIVE:
        return "Active staff are revoked as staff first."
    return ""


@require_http_methods(["GET", "POST"])
def staff_user_suspend(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Shut a user out, with a reason."""
    guard_tenant(request, "users:write")
    shown = user_services.load(user_id)
    form, problem = ReasonForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            user_services.suspend_user(user_id=user_id, actor=actor_of(request), **form.cleaned_data)
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"{shown.display_name} is suspended and signed out everywhere.")
            return redirect("staff_user", user_id=user_id)
    return answer(request, "people/staff/suspend.html", {"shown": shown}, form=form, problem=problem)


@require_POST
def staff_user_reinstate(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Let a user in again."""
    guard_tenant(request, "users:write")
    shown = user_services.reinstate_user(user_id=user_id, actor=actor_of(request))
    messages.success(request, f"{shown.display_name} can sign in again.")
    return redirect("staff_user", user_id=user_id)


@require_GET
def staff_staff(request: HttpRequest) -> HttpResponse:
    """Who works for the vendor."""
    principal = guard_tenant(request, "staff:read")
    page = queries.list_staff(cursor=request.GET.get("cursor"), limit=PER_PAGE)
    admins = queries.count_admins()
    rows = [{"row": row, "label": STAFF_ROLE_LABELS[row.role], "closed": _kept(request, row, admins)} for row in page.rows]
    context = {"page": page, "rows": rows, "may_write": principal.may("staff:write"), "roles": ROLE_CHOICES, "one_admin": admins == 1}
    return render(request, "people/staff/staff.html", context)


def _kept(request: HttpRequest, row: Staff, admins: int) -> str:
    """Why this row can't be changed now; the service decides, this only warns."""
    if row.user_id == getattr(request.principal.user, "id", None):  # type: ignore[attr-defined]  # set by Authentication
        return "Nobody changes or revokes themself; ask another admin."
    if row.role == "admin" and row.status == Staff.Status.ACTIVE and admins == 1:
        return "The last active admin stays; make another one first."
    return ""


@require_http_methods(["GET", "POST"])
def staff_add(request: HttpRequest) -> HttpResponse:
    """Make somebody staff."""
    guard_tenant(request, "staff:write")
    require_recent(request)
    form, problem = StaffForm(request.POST or None, initial={"role": "support"}), None
    if request.method == "POST" and form.is_valid():
        try:
            added = staff_services.add_staff(actor=actor_of(request), **form.cleaned_data)
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"{added.user.display_name} is staff now.")
            return redirect("staff_staff")
    return answer(request, "people/staff/add.html", {"roles": ROLE_CHOICES}, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def staff_role(request: HttpRequest, staff_id: UUID) -> HttpResponse:
    """Give staff another role."""
    guard_tenant(request, "staff:write")
    require_recent(request)
    row = queries.load_staff(staff_id)
    form, problem = StaffRoleForm(request.POST or None, initial={"role": row.role}), None
    if request.method == "POST" and form.is_valid():
        try:
            staff_services.change_role(staff_id=staff_id, role=form.cleaned_data["role"], actor=actor_of(request))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"{row.user.display_name} is {STAFF_ROLE_LABELS[form.cleaned_data['role']].lower()} now.")
            return redirect("staff_staff")
    return answer(request, "people/staff/role.html", {"row": row, "roles": ROLE_CHOICES}, form=form, problem=problem)


@require_http_methods(["GET", "POST"])
def staff_revoke(request: HttpRequest, staff_id: UUID) -> HttpResponse:
    """End somebody's work for the vendor, with a reason."""
    guard_tenant(request, "staff:write")
    row = queries.load_staff(staff_id)
    form, problem = ReasonForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            staff_services.revoke_staff(staff_id=staff_id, actor=actor_of(request), **form.cleaned_data)
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"{row.user.display_name} is no longer staff.")
            return redirect("staff_staff")
    return answer(request, "people/staff/revoke.html", {"row": row}, form=form, problem=problem)


@require_POST
def staff_reinstate(request: HttpRequest, staff_id: UUID) -> HttpResponse:
    """Staff again, with the role they had."""
    guard_tenant(request, "staff:write")
    require_recent(request)
    row = staff_services.reinstate_staff(staff_id=staff_id, actor=actor_of(request))
    messages.success(request, f"{row.user.display_name} is staff again.")
    return redirect("staff_staff")
