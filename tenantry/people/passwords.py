"""Passwords: argon2, never required, never one of the common 20,000."""

from __future__ import annotations

import secrets
from base64 import b64encode

from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from tenantry.access import limits
from tenantry.audit.services import Actor, record
from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem, invalid

from .factors import devices
from .models import User
from .sessions import end_sessions, start_session
from .users import suspended


def _nobodys() -> str:
    """A hash as our own are, though nobody knows a password that gives it: to make one costs a tenth of every process's start."""
    hasher = Argon2PasswordHasher()
    salt, digest = (b64encode(part).decode().rstrip("=") for part in (hasher.salt().encode(), secrets.token_bytes(32)))
    return f"argon2$argon2id$v=19$m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}${salt}${digest}"


# Somebody unknown costs as much time as somebody known: their password is checked against this.
_NOBODYS = _nobodys()


def set_password(*, user: User, password: str, keep_session: object = None, actor: Actor) -> None:
    """Set a password and end the person's other sessions. Raises Problem 422 ``password_weak`` with the reasons."""
    try:
        validate_password(password)
    except ValidationError as error:
        raise invalid(" ".join(error.messages), pointer="/password", code="password_weak") from error
    if user.email.partition("@")[0].lower() in password.lower():
        raise invalid("The password contains your address.", pointer="/password", code="password_weak")
    user.password = make_password(password)
    user.save(update_fields=["password"])
    end_sessions(user=user, actor=actor, reason="password changed", but=getattr(keep_session, "id", None))
    devices.forget_all(user)
    record("password.set", actor=actor, target=user, label=user.email)


def require_current(user: User, current: str) -> None:
    """Somebody at an unlocked screen must not take over the account. Raises Problem 422 ``password_wrong``, 429."""
    if not user.password:
        return
    limits.count("password_proof", user.id)
    if not check_password(current, user.password):
        raise invalid("That is not your present password.", pointer="/current", code="password_wrong")


def change_password(*, user: User, current: str, password: str, keep_session: object = None, actor: Actor) -> None:
    """Set a person's own password, who proves the present one where there is one. Raises Problem 422, 429."""
    require_current(user, current)
    set_password(user=user, password=password, keep_session=keep_session, actor=actor)


def remove_password(*, user: User, actor: Actor) -> None:
    """Go back to signing in by link alone."""
    user.password = ""
    user.save(update_fields=["password"])
    record("password.removed", actor=actor, target=user, label=user.email)


def sign_in(*, email: str, password: str) -> tuple[User, str]:
    """The user and a session's token. Raises Problem 401 ``sign_in_failed``: the same for every cause, in the same time."""
    user = User.objects.filter(email=normalize(email)).first()
    right = check_password(password, user.password if user and user.password else _NOBODYS)
    if user is None or not user.password or not right:
        raise Problem(401, "sign_in_failed", "That address and password don't belong together. You can have a link mailed instead.")
    if user.status != User.Status.ACTIVE:
        raise suspended(user)
    _, token = start_session(user=user, method="password")
    return user, token
