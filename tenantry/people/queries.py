"""Reading users and staff."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from django.db.models import Q

from tenantry.access.principal import Principal
from tenantry.kit.paging import Page, by_id
from tenantry.kit.problems import invalid, not_found

from .models import Staff, User


def list_users(*, cursor: str | None, limit: int, search: str = "", email: str = "", status: str = "") -> Page[User]:
    """Users, the latest first; ``email`` matches exactly, ``search`` anywhere in name or address."""
    rows = User.objects.all()
    if email:
        rows = rows.filter(email=email.strip().lower())
    if search.strip():
        rows = rows.filter(Q(email__icontains=search.strip().lower()) | Q(name__icontains=search.strip()))
    if status:
        if status not in User.Status.values:
            raise invalid(f"A status is one of {', '.join(User.Status.values)}.", pointer="?status", code="status_unknown")
        rows = rows.filter(status=status)
    return by_id(rows, cursor=cursor, limit=limit, newest_first=True)


def list_staff(*, cursor: str | None, limit: int) -> Page[Staff]:
    """Staff, active and revoked, in the order of their joining."""
    return by_id(Staff.objects.select_related("user"), cursor=cursor, limit=limit)


def load_staff(staff_id: UUID) -> Staff:
    """One staff member. Raises Problem 404."""
    found = Staff.objects.select_related("user").filter(id=staff_id).first()
    if found is None:
        raise not_found("staff member")
    return found


def staff_roles(user_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The staff role of each of these users who is active staff."""
    rows = Staff.objects.filter(user_id__in=user_ids, status=Staff.Status.ACTIVE)
    return dict(rows.values_list("user_id", "role"))


def open_as(principal: Principal, users: Sequence[User]) -> set[UUID]:
    """As whom of these people this principal may look at the portal: nobody looks as staff, nor as somebody who is shut out."""
    if not principal.staff_role or not principal.may("impersonation:write") or principal.session is None:
        return set()
    found = {user.id for user in users if user.status == User.Status.ACTIVE}
    return found - staff_roles(list(found)).keys()


def count_admins() -> int:
    """How many active admins there are: the last one stays."""
    return Staff.objects.filter(role="admin", status=Staff.Status.ACTIVE).count()


def addresses_of(ids: Collection[UUID]) -> dict[UUID, str]:
    """The addresses of these users."""
    return dict(User.objects.filter(id__in=ids).values_list("id", "email"))
