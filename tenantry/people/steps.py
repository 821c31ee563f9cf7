"""What still stands between a proof of identity and the workspace: a second factor, setting one up, the terms.

``start_session`` makes the session and notes in ``awaits`` the first step that applies. Until there is none the cookie opens
nothing but the pages of the steps: for every guard the person is nobody. Rooms add their steps at start-up; ``advance`` is called
by whoever has taken one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from tenantry.kit.problems import Problem

from . import history
from .models import Session, User


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name as stored in ``Session.awaits``, the name of its page's address, what it says to a program, and whether
    it stands before this person now. Steps are taken in the order of ``place``."""

    name: str
    page: str
    detail: str
    applies: Callable[[User, Session], bool]
    place: int


_steps: list[Step] = []


def add_step(step: Step) -> None:
    """Let a room ask something of people who sign in."""
    _steps.append(step)
    _steps.sort(key=lambda known: known.place)


def settle(session: Session, user: User) -> str:
    """Note the first step that stands before this session (not saved), and return its name; ``""`` when it may go on."""
    session.awaits = next((step.name for step in _steps if step.applies(user, session)), "")
    return session.awaits


def advance(session: Session, user: User, *, second: str = "") -> str:
    """A step was taken: save where the session stands now; returns the name of the next step or ``""``.

    ``second``: by which second factor, where that was the step.
    """
    settle(session, user)
    session.save(update_fields=["awaits"])
    history.went_on(session, user, second=second)
    return session.awaits


def unfinished_problem(request: HttpRequest) -> Problem | None:
    """What a guard says to somebody who isn't through with signing in: 401 ``<step>_required``. None for anybody else."""
    session: Session | None = getattr(request, "unfinished_session", None)
    if session is None:
        return None
    return Problem(401, f"{session.awaits}_required", step_of(session).detail, awaits=session.awaits)


def step_of(session: Session) -> Step:
    """The step that a session awaits. Raises KeyError when there is none of that name."""
    found = next((step for step in _steps if step.name == session.awaits), None)
    if found is None:
        raise KeyError(session.awaits)
    return found


def unfinished(request: HttpRequest, *names: str) -> tuple[Session, User]:
    """The session of somebody who has yet to take one of these steps (any, when none is named).

    Raises Problem 401 ``unauthenticated`` for anybody else.
    """
    session: Session | None = getattr(request, "unfinished_session", None)
    if session is None or (names and session.awaits not in names):
        raise Problem(401, "unauthenticated", "Sign in first.")
    return session, session.user
