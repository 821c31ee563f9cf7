"""Breaking the glass: how owners get in when the provider can't be reached, and everybody hears of it.

A recovery code opens one sign-in to an owner who has proven who they are in the ordinary way and was then sent to the provider. A
window lets the organization's owners, and nobody else, sign in otherwise for some hours.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from django.core import signing

from tenantry.access import limits
from tenantry.audit.services import Actor, record
from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem, conflict, invalid
from tenantry.organizations.models import Organization
from tenantry.people.models import Session, User
from tenantry.people.sessions import start_session
from tenantry.tenancy.scope import current, everywhere

from . import notices
from .connections import lock
from .enforcing import BY_CODE, SALT, enforcing, is_owner, open_window
from .models import BreakGlass, Policy, RecoveryCode
from .policies import saved

CODES: Final = 10
HOURS: Final = range(1, 73)
USUAL_HOURS: Final = 4
PROVEN_SECONDS: Final = 600
_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"


def make_codes(*, organization: Organization, actor: Actor) -> list[str]:
    """Ten new codes in place of the old ones. They are in this answer and nowhere else."""
    lock(organization)
    policy = saved(organization)
    codes = ["-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3)) for _ in range(CODES)]
    RecoveryCode.objects.filter(organization=organization).delete()
    RecoveryCode.objects.bulk_create([RecoveryCode(organization=organization, code_hash=_digest(code)) for code in codes])
    policy.codes_made_at = now()
    policy.version += 1
    policy.save()
    record("sso.recovery_codes_made", actor=actor, organization_id=organization.id, target=policy, label=organization.name)
    return codes


def use_code(*, note: str, code: str) -> tuple[Session, str]:
    """Sign an owner in by a code, which it uses up; returns the session and its cookie's token.

    Raises Problem 403 ``sso_recovery_expired`` (the proof is older than ten minutes), 422 ``recovery_code_wrong``, 429.
    """
    try:
        tenant_id, user_id, _ = signing.loads(note, salt=SALT, max_age=PROVEN_SECONDS)
    except signing.BadSignature as error:
        raise _too_late() from error
    if tenant_id != str(current().tenant_id):
        raise _too_late()
    limits.count("sign_in_email", user_id)
    with everywhere():
        user = User.objects.filter(id=user_id, status=User.Status.ACTIVE).first()
        found = enforcing(user.email) if user else None
        if user is None or found is None:
            raise _too_late()
        organization = found[0]
        rows = RecoveryCode.objects.filter(organization=organization, code_hash=_digest(code), used_at__isnull=True)
        if not is_owner(user, organization) or not rows.update(used_at=now(), used_by=user):
            raise invalid("This is no code of your organization, or it was used.", pointer="/code", code="recovery_code_wrong")
        left = RecoveryCode.objects.filter(organization=organization, used_at__isnull=True).count()
        record("sso.recovery_code_used", actor=Actor("user", user.id, user.email, "portal"), organization_id=organization.id, target=user,
               label=user.email, changes={"codes_left": {"before": left + 1, "after": left}})  # fmt: skip
        notices.tell_owners(organization, "sso_break_glass", subject="Somebody signed in past single sign-on", who=user.email, what="code",
                            left=left)  # fmt: skip
        return start_session(user=user, method=BY_CODE)


def open_break_glass(*, organization: Organization, hours: int, reason: str, opener: User | None, actor: Actor) -> BreakGlass:
    """Let the organization's owners sign in otherwise for 1 to 72 hours. Raises Problem 409 ``sso_not_enforced``, ``state_conflict``,
    422 ``reason_missing``, ``hours_invalid``."""
    if not reason.strip():
        raise invalid("A reason is needed; it is kept and shown.", pointer="/reason", code="reason_missing")
    if hours not in HOURS:
        raise invalid("A window is open for 1 to 72 hours.", pointer="/hours", code="hours_invalid")
    lock(organization)
    if not Policy.objects.filter(organization=organization, mode=Policy.Mode.ENFORCED).exists():
        raise conflict("sso_not_enforced", "Single sign-on isn't enforced here.")
    if open_window(organization.id):
        raise conflict("state_conflict", "A window is open already. Close it first.")
    window = BreakGlass(
        organization=organization,
        opened_by=opener,
        opened_label=actor.label,
        reason=reason.strip()[:500],
        until=now() + timedelta(hours=hours),
    )
    window.save(force_insert=True)
    record("sso.window_opened", actor=actor, organization_id=organization.id, target=window, label=organization.name, reason=reason,
           changes={"hours": {"before": None, "after": hours}})  # fmt: skip
    notices.tell_owners(organization, "sso_break_glass", subject="A window past single sign-on was opened", who=actor.label, what="opened",
                        reason=reason.strip(), hours=hours)  # fmt: skip
    return window


def close_break_glass(*, organization: Organization, actor: Actor) -> None:
    """Close the window early. Raises Problem 409 ``state_conflict`` when none is open."""
    lock(organization)
    window = open_window(organization.id)
    if window is None:
        raise conflict("state_conflict", "No window is open.")
    window.until = now()
    window.save(update_fields=["until"])
    record("sso.window_closed", actor=actor, organization_id=organization.id, target=window, label=organization.name)


def _digest(code: str) -> bytes:
    return crypto.digest("".join(letter for letter in code.lower() if letter.isalnum()))


def _too_late() -> Problem:
    return Problem(403, "sso_recovery_expired", "That took longer than ten minutes. Sign in again, then use the code.")
