"""The doors into the workspace, as pages and API use them alike: limited, recorded, the same for known and unknown people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from tenantry.access import limits
from tenantry.access.principal import principal_of
from tenantry.audit.services import Actor, record
from tenantry.kit import crypto, metrics
from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem, not_found
from tenantry.tenancy.addresses import safe_path
from tenantry.tenancy.scope import aside, current

from . import history, links, passwords
from .factors import passkeys
from .models import Session, User
from .sessions import end_session, start_session
from .tasks import mail_sign_in_link
from .users import suspended


@dataclass(frozen=True, slots=True)
class Route:
    """Where people of an address sign in: an organization's provider. ``enforced``: nowhere else."""

    url: str
    enforced: bool
    organization: str
    provider: str


_router: Callable[[str], Route | None] = lambda email: None  # noqa: E731  # replaced at start-up
_farewell: Callable[[Session], str] = lambda session: ""  # noqa: E731  # replaced at start-up


def use_router(router: Callable[[str], Route | None]) -> None:
    """The room of single sign-on hands in where an address is sent. It goes by the domain alone, so it tells of no person."""
    global _router
    _router = router


def use_farewell(farewell: Callable[[Session], str]) -> None:
    """The same room hands in where somebody goes on who has signed out of a session that a provider vouched for."""
    global _farewell
    _farewell = farewell


def route_of(email: str) -> Route | None:
    """Where this address signs in, if not here. Raises Problem 422 ``sso_provider_misconfigured``."""
    return _router(email)


def farewell_of(session: Session) -> str:
    """Where to go on after this session was ended, or an empty string."""
    return _farewell(session)


def _count(rule: str, email: str) -> None:
    """An attempt for an e-mail address and for a network address, whatever comes of it. Raises Problem 429."""
    limits.count("sign_in_email", crypto.digest(email).hex())
    limits.count(rule)


def ask_for_link(*, email: str, next_path: str = "") -> str:
    """Have a link mailed if there is such a person; returns the address as it was read. Raises Problem 422, 429.

    A job looks the person up, so that neither the answer nor its time tells whether there is one.
    """
    address = normalize(email)
    _count("forgotten_password", address)
    mail_sign_in_link.defer(tenant_id=str(current().tenant_id), email=address, next_path=safe_path(next_path))
    return address


def by_link(request: HttpRequest, token: str) -> tuple[User, str, str]:
    """Burn a link; returns the person, the new session's token and where to go next. Raises Problem 410, 403."""
    with _failures("a sign-in link", "link"):
        email = links.peek(token).user.email
    with _failures(email, "link"):
        leave(request)
        return links.use_link(token=token)


def by_password(request: HttpRequest, *, email: str, password: str) -> tuple[User, str]:
    """The person and the new session's token. Raises Problem 401 ``sign_in_failed``, 403 ``user_suspended``, 422, 429."""
    address = normalize(email)
    _count("sign_in", address)
    with _failures(address, "password"):
        user, token = passwords.sign_in(email=address, password=password)
    leave(request)
    return user, token


def by_passkey(request: HttpRequest, *, credential: Any) -> tuple[User, str]:
    """The person of a passkey that verified them, and the new session's token. Raises Problem 422 ``passkey_refused``, 403."""
    with _failures("a passkey", "passkey"):
        user = passkeys.assertion(place=passkeys.place_of(request), purpose=passkeys.SIGN_IN, credential=credential).user
    with _failures(user.email, "passkey"):
        if user.status != User.Status.ACTIVE:
            raise suspended(user)
        leave(request)
        _, token = start_session(user=user, method="passkey")
    return user, token


def by_proof(*, email: str, method: str) -> tuple[User, Session, str]:
    """Let somebody in who has proven their address to the installation; ``method`` says how. The tenant's scope is open.

    An address that was never proven in this tenant opens nothing here. Raises Problem 403 ``user_suspended``, 404.
    """
    with _failures(email, method):
        user = User.objects.filter(email=email, email_verified_at__isnull=False).first()
        if user is None:
            raise not_found("workspace")
        if user.status != User.Status.ACTIVE:
            raise suspended(user)
        return user, *start_session(user=user, method=method)


@contextmanager
def _failures(label: str, method: str) -> Iterator[None]:
    """Record a refused sign-in apart, because the refusal rolls this request's transaction back."""
    try:
        yield
    except Problem as problem:
        metrics.sign_ins.labels(method, "failed").inc()
        with aside():
            record("user.sign_in_failed", actor=Actor("user", None, label, "portal"), label=label, reason=problem.code)
            history.refused(email=label, method=method, reason=problem.code)
        raise


def leave(request: HttpRequest) -> None:
    """Who signs in anew on a device leaves the session that was there."""
    principal = principal_of(request)
    whose = principal.impersonator or principal.user
    if principal.session and whose:
        end_session(session_id=principal.session.id, user=whose, actor=principal.actor("portal"))
