"""Who may set up a second factor: whoever is signed in, and whoever has to before they are let in."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from tenantry.access.guards import actor_of, authenticate, person, reauthentication
from tenantry.access.principal import Principal
from tenantry.audit.services import Actor
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem

from .. import steps
from ..models import Session, User
from ..sessions import UNFINISHED
from .passing import SETUP


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose factors are meant. ``waiting``: the session that awaits this step; None for somebody who is in."""

    user: User
    actor: Actor
    waiting: Session | None = None

    def set_up(self) -> str:
        """A factor was added and thereby proven: whoever had to goes on. Returns the step that remains, or ``""``."""
        if self.waiting is None:
            return ""
        self.waiting.second_factor_at = now()
        self.waiting.save(update_fields=["second_factor_at"])
        return steps.advance(self.waiting, self.user)


def actor_on_the_way_in(request: HttpRequest, user: User) -> Actor:
    """How the record calls somebody who isn't in yet: they are nobody for the guards."""
    return Actor("user", user.id, user.email, "api" if request.path_info.startswith("/api/") else "portal")


def waiting(request: HttpRequest) -> Session | None:
    """The session that can't go on before a factor is set up."""
    session: Session | None = getattr(request, "unfinished_session", None)
    return session if session and session.awaits == SETUP else None


def is_stale(session: Session) -> bool:
    """Whether its person signed in too long ago to set a first factor up: the time of grace ended in an open session, and nobody
    shall put a factor of theirs on somebody else's unlocked screen."""
    return now() - (session.proved_at or session.created_at) >= UNFINISHED


def subject(request: HttpRequest) -> Subject:
    """Whoever sets up. Raises Problem 401, 403 ``person_required``, ``reauthentication_required``: sign in again then."""
    if session := waiting(request):
        if is_stale(session):
            raise reauthentication("You signed in too long ago to set a first factor up. Sign in again, and set it up then.")
        return Subject(session.user, actor_on_the_way_in(request, session.user), session)
    return Subject(person(request), actor_of(request))


class PersonOrSettingUp(AuthBase):
    """A session, also one that awaits the step of setting up a factor."""

    openapi_type, openapi_scheme = "http", "bearer"

    def __call__(self, request: HttpRequest) -> Session | Principal:
        session = waiting(request)
        if session is None:
            return authenticate(request)
        if request.method not in ("GET", "HEAD", "OPTIONS") and check_csrf(request):
            raise Problem(403, "csrf_failed", "A session's request needs the X-CSRFToken header. Programs use a key.")
        return session
