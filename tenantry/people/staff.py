"""Staff: who works for the vendor. The last active admin always stays."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from tenantry.access.keys import revoke_keys_beyond
from tenantry.access.permissions import STAFF_ROLES
from tenantry.access.scopes import staff_may_grant
from tenantry.audit.services import Actor, record
from tenantry.kit.problems import Problem, conflict, invalid, not_found
from tenantry.mail import services as mail

from .models import Staff, User
from .sessions import end_sessions
from .users import ensure_user, shut_out, touch_generation


def _known_role(role: str) -> str:
    if role not in STAFF_ROLES:
        raise invalid(f"Unknown staff role; there are {', '.join(STAFF_ROLES)}.", pointer="/role", code="role_unknown")
    return role


def add_staff(*, email: str, name: str = "", role: str, actor: Actor) -> Staff:
    """Make a person staff; made known first when new. Raises Problem 409 ``already_staff``, 422."""
    user, _ = ensure_user(email=email, name=name, actor=actor)
    User.objects.select_for_update(no_key=True).get(id=user.id)  # of two clicks at once the second sees the first
    if Staff.objects.filter(user=user).exists():
        raise conflict("already_staff", "This person is staff already, perhaps revoked: change or reinstate them.")
    staff = Staff(user=user, role=_known_role(role))
    staff.save(force_insert=True)
    touch_generation(user.id)
    _not_by_a_customer(user, actor)
    record("staff.added", actor=actor, target=staff, label=user.email, changes={"role": {"before": None, "after": role}})
    return staff


def _not_by_a_customer(user: User, actor: Actor) -> None:
    """Staff don't come in by a customer's provider (sso/arrival.py), and don't stay in by one either."""
    end_sessions(user=user, actor=actor, reason="Staff sign in themselves, not by a customer's provider.", vouched=True)


def _locked(staff_id: UUID, actor: Actor, expected_version: int | None = None) -> Staff:
    """The row, with all active admins locked in one order: two admins removing each other at once leave one."""
    admins = list(Staff.objects.select_for_update().filter(role="admin", status=Staff.Status.ACTIVE).order_by("id"))
    staff = Staff.objects.select_for_update(of=("self",)).select_related("user").filter(id=staff_id).first()
    if staff is None:
        raise not_found("staff member")
    if expected_version is not None and staff.version != expected_version:
        raise Problem(412, "version_stale", "Somebody changed this person meanwhile. Load them again.")
    if staff.user_id == actor.id:
        raise conflict("own_account", "Nobody changes or revokes themself. Ask another admin.")
    # An admin who lost that role while this request waited for the locks may no longer act with it.
    if actor.kind == "staff" and actor.id not in {admin.user_id for admin in admins}:
        raise Problem(403, "permission_denied", "You are no longer an admin.", permission="staff:write")
    return staff


def _not_the_last_admin(staff: Staff) -> None:
    if staff.role != "admin" or staff.status != Staff.Status.ACTIVE:
        return
    if not Staff.objects.filter(role="admin", status=Staff.Status.ACTIVE).exclude(id=staff.id).exists():
        raise conflict("last_admin", "This is the last active admin. Make another one first.")


def change_role(*, staff_id: UUID, role: str, expected_version: int | None = None, actor: Actor) -> Staff:
    """Give staff another role. Raises Problem 404, 409 ``last_admin`` / ``own_account`` / ``state_conflict``, 412, 422."""
    _known_role(role)
    staff = _locked(staff_id, actor, expected_version)
    if staff.status != Staff.Status.ACTIVE:
        raise conflict("state_conflict", "This person is revoked. Reinstate them first.", state=staff.status)
    if role == staff.role:
        return staff
    if role != "admin":
        _not_the_last_admin(staff)
    before, staff.role = staff.role, role
    staff.version += 1
    staff.save(update_fields=["role", "version"])
    touch_generation(staff.user_id)
    revoke_keys_beyond(owner=staff.user_id, may=partial(staff_may_grant, role), actor=actor, reason=f"Their maker is {role} now.")
    record("staff.role_changed", actor=actor, target=staff, label=staff.user.email, changes={"role": {"before": before, "after": role}})
    return staff


def revoke_staff(*, staff_id: UUID, reason: str, notify: bool = True, actor: Actor) -> Staff:
    """End somebody's work for the vendor: sessions and keys end in this transaction; the reason is kept.

    Raises Problem 404, 409 ``last_admin`` / ``own_account`` / ``state_conflict``, 422 ``reason_missing``.
    """
    staff = _locked(staff_id, actor)
    if staff.status != Staff.Status.ACTIVE:
        raise conflict("state_conflict", "This person is revoked already.", state=staff.status)
    if not reason.strip():
        raise invalid("A reason is needed; it is kept and shown.", pointer="/reason", code="reason_missing")
    _not_the_last_admin(staff)
    staff.status, staff.reason = Staff.Status.REVOKED, reason.strip()
    staff.version += 1
    staff.save(update_fields=["status", "reason", "version"])
    touch_generation(staff.user_id)
    shut_out(user=staff.user, actor=actor, reason=reason)
    changes = {"status": {"before": "active", "after": "revoked"}}
    record("staff.revoked", actor=actor, target=staff, label=staff.user.email, changes=changes, reason=reason)
    if notify:
        mail.queue(to=staff.user.email, subject="Your staff access has ended", template="suspended", context={"reason": staff.reason})
    return staff


def reinstate_staff(*, staff_id: UUID, expected_version: int | None = None, actor: Actor) -> Staff:
    """Staff again, with the role they had; clears the reason. Raises Problem 404, 409 ``state_conflict``."""
    staff = _locked(staff_id, actor, expected_version)
    if staff.status != Staff.Status.REVOKED:
        raise conflict("state_conflict", "This person is active staff.", state=staff.status)
    staff.status, staff.reason = Staff.Status.ACTIVE, ""
    staff.version += 1
    staff.save(update_fields=["status", "reason", "version"])
    touch_generation(staff.user_id)
    _not_by_a_customer(staff.user, actor)
    changes = {"status": {"before": "revoked", "after": "active"}}
    record("staff.reinstated", actor=actor, target=staff, label=staff.user.email, changes=changes)
    return staff
