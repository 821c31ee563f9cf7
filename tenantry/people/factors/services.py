"""Adding, removing and resetting second factors. Each is recorded, and the person is told by mail."""

from __future__ import annotations

from uuid import UUID

from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem, conflict, invalid, not_found
from tenantry.mail import services as mail
from tenantry.tenancy.addresses import address

from ..models import Passkey, Totp, User
from . import devices, passing, recovery, totp

APP = "an authenticator app"


def confirm_totp(*, user: User, code: str, actor: Actor) -> list[str]:
    """The app that was begun counts from now on; returns recovery codes if there were none left, else an empty list.

    Raises Problem 409 ``totp_not_begun``, 422 ``code_wrong``, 429.
    """
    totp.confirm(user, code)
    return added(user=user, what=APP, actor=actor)


def added(*, user: User, what: str, actor: Actor) -> list[str]:
    """Record and tell that a factor was added; returns recovery codes if there were none left, else an empty list."""
    record("factor.added", actor=actor, target=user, label=f"{user.email}: {what}")
    _tell(user, f"You can sign in with {what} from now on.")
    return [] if recovery.left(user) else recovery.renew(user)


def remove_totp(*, user: User, actor: Actor) -> None:
    """The app counts no longer. Raises Problem 404, 409 ``last_factor``."""
    row = Totp.objects.select_for_update().filter(user=user, confirmed_at__isnull=False).first()
    if row is None:
        raise not_found("authenticator app")
    row.delete()
    _removed(user, APP, actor)


def remove_passkey(*, user: User, passkey_id: UUID, actor: Actor) -> None:
    """A passkey opens nothing any more. Raises Problem 404, 409 ``last_factor``."""
    row = Passkey.objects.select_for_update().filter(user=user, id=passkey_id).first()
    if row is None:
        raise not_found("passkey")
    name = row.name
    row.delete()
    _removed(user, f"the passkey “{name}”", actor)


def removal(user: User) -> dict[str, bool]:
    """What a page says before one of a person's factors is removed: whether it is the ``last``, and whether it is ``kept`` as such."""
    last = Totp.objects.filter(user=user, confirmed_at__isnull=False).count() + Passkey.objects.filter(user=user).count() < 2
    return {"last": last, "kept": last and passing.demanded(user)}


def _removed(user: User, what: str, actor: Actor) -> None:
    """What follows from a removal, or its refusal: the row is gone in this transaction, which a refusal rolls back."""
    User.objects.select_for_update().get(id=user.id)  # of two removals at once the second sees the first
    if not passing.has_factor(user):
        if passing.demanded(user):
            raise conflict("last_factor", "Your organization asks everybody for a second factor, and this is your last. Add another first.")
        recovery.forget(user)
    devices.forget_all(user)
    record("factor.removed", actor=actor, target=user, label=f"{user.email}: {what}")
    _tell(user, f"{what[0].upper()}{what[1:]} was removed from your account.")


def renew_recovery_codes(*, user: User, actor: Actor) -> list[str]:
    """Ten new codes; the older ones open nothing any more. Raises Problem 409 ``no_second_factor``."""
    if not passing.has_factor(user):
        raise no_factor()
    codes = recovery.renew(user)
    record("recovery_codes.made", actor=actor, target=user, label=user.email)
    _tell(user, "New recovery codes were made for your account; the older ones work no longer.")
    return codes


def reset(*, user: User, reason: str, actor: Actor) -> User:
    """Take all second factors away, for somebody who lost them: they sign in by link or password alone, and set up new ones.

    Raises Problem 409 ``no_second_factor``, ``own_account``, 422 ``reason_missing``.
    """
    if actor.id == user.id:
        raise conflict("own_account", "Your own second factors are yours to remove, in your account. Staff reset those of others.")
    if not reason.strip():
        raise invalid("A reason is needed; it is kept and shown.", pointer="/reason", code="reason_missing")
    removed = Totp.objects.filter(user=user).delete()[0] + Passkey.objects.filter(user=user).delete()[0]
    if not removed:
        raise no_factor()
    recovery.forget(user)
    devices.forget_all(user)
    record("factor.reset", actor=actor, target=user, label=user.email, reason=reason.strip())
    _tell(user, f"All second factors were removed from your account, by its support. The reason given: “{reason.strip()}”.")
    return user


def no_factor() -> Problem:
    """The refusal of what needs a second factor to be there."""
    return conflict("no_second_factor", "There is no second factor.")


def _tell(user: User, what: str) -> None:
    context = {"user": user, "what": what, "when": now(), "url": address("account_security")}
    mail.queue(to=user.email, subject="Your sign-in was changed", template="factors_changed", context=context)
