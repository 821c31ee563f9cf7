"""The refusal of a session by a room that was asked (``sessions.add_veto``)."""

from __future__ import annotations

from tenantry.kit.problems import Problem

from .models import User


class Vetoed(Problem):
    """A Problem that knows whom it kept out and how they had proven who they are, so that a page can offer another way.

    ``note`` is what the room that vetoes knows this proof again by, on the page of its other way; it stands in no answer.
    """

    def __init__(self, problem: Problem, *, user: User, method: str, note: str = "") -> None:
        super().__init__(problem.status, problem.code, problem.detail, headers=problem.headers, **problem.members)
        self.user = user
        self.method = method
        self.note = note
