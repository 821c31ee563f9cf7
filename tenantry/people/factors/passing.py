"""Passing a second factor: at sign-in, and wherever somebody has to prove anew who they are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tenantry.access import limits
from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem
from tenantry.tenancy.scope import aside

from .. import history, steps
from ..models import Passkey, Session, Totp, User
from ..rules import rules_of
from . import devices, recovery, totp

if TYPE_CHECKING:
    from .passkeys import Place

SETUP = "second_factor_setup"


def has_factor(user: User) -> bool:
    """Whether the person has an app or a passkey; recovery codes alone are none."""
    return Totp.objects.filter(user=user, confirmed_at__isnull=False).exists() or Passkey.objects.filter(user=user).exists()


def required_from(user: User) -> datetime | None:
    """The moment from which on an organization of this person's asks everybody for a second factor; None when none does."""
    return rules_of(user.id).second_factor_from


def demanded(user: User, *, but_of_provider: UUID | None = None) -> bool:
    """Whether an organization of this person's asks for a second factor now, the time of grace being over."""
    start = rules_of(user.id, but_of_provider=but_of_provider).second_factor_from
    return start is not None and start <= now()


def _is_strong(user: User, session: Session) -> bool:
    """Whether a session has begun with more than one proof: a passkey's fingerprint or PIN, or an organization's own provider.

    A provider speaks for its organization: where another one asks for a second factor, what it has looked at isn't known.
    """
    if session.method == "sso":
        return not demanded(user, but_of_provider=session.connection_id)
    return session.method == "passkey"


def _stands_before(user: User, session: Session) -> bool:
    if session.second_factor_at or not has_factor(user) or _is_strong(user, session):
        return False
    return not devices.remembers(user)


def set_up_stands_before(user: User, session: Session) -> bool:
    """Whether this person has to set up a second factor before they go on."""
    return demanded(user) and not has_factor(user) and not _is_strong(user, session)


def register() -> None:
    """Add the two steps to the way in."""
    steps.add_step(steps.Step("second_factor", "second_factor", "Prove your second factor.", _stands_before, 10))
    steps.add_step(
        steps.Step(SETUP, "second_factor_setup", "Set up a second factor: your organization asks everybody for one.",
                   set_up_stands_before, 20)
    )  # fmt: skip


def ways(user: User) -> list[str]:
    """By what this person can pass: ``totp``, ``passkey``, ``recovery``."""
    found = ["totp"] if totp.confirmed(user) else []
    found += ["passkey"] if Passkey.objects.filter(user=user).exists() else []
    return found + (["recovery"] if recovery.left(user) else [])


def check_code(user: User, code: str, *, actor: Actor) -> str:
    """The way (``totp`` or ``recovery``) that a code belongs to, which is used up by this. Raises Problem 422 ``code_wrong``, 429."""
    limits.count("second_factor", user.id)
    if totp.take(user, code):
        return "totp"
    if recovery.take(user, code):
        return "recovery"
    refuse(user, "code_wrong", actor=actor)
    raise totp.wrong()


def check_passkey(user: User, credential: Any, *, place: Place, purpose: str = "second_factor", actor: Actor) -> str:
    """The person's passkey answered; returns ``passkey``. Raises Problem 422 ``passkey_refused``."""
    from .passkeys import assertion  # which tells of new ones by services.py, and that asks here

    try:
        assertion(place=place, purpose=purpose, credential=credential, user=user)
    except Problem as problem:
        refuse(user, problem.code, actor=actor)
        raise
    return "passkey"


def refuse(user: User, reason: str, *, actor: Actor) -> None:
    """Record a second factor that was refused, apart: the refusal rolls this request's transaction back."""
    with aside():
        record("user.second_factor_refused", actor=actor, target=user, label=user.email, reason=reason)
        history.refused(email=user.email, method="second", reason=reason)


def passed(session: Session, user: User, way: str, *, remember: bool = False, actor: Actor) -> str:
    """The second factor was proven: the session goes on. Returns the name of the step that remains, or ``""``."""
    session.second_factor_at = session.proved_at = now()
    session.save(update_fields=["second_factor_at", "proved_at"])
    if remember:
        devices.remember(user, actor)
    steps.advance(session, user, second=way)
    record("user.second_factor_passed", actor=actor, target=user, label=user.email, reason=way)
    return session.awaits
