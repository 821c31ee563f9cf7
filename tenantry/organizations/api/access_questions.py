"""What the vendor's product asks: is she a member, may she do this?"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.http import HttpRequest
from ninja import Field, Router, Schema

from tenantry.access.guards import not_in_maintenance, require_access_check, signed_in
from tenantry.kit.operations import needs
from tenantry.kit.problems import Problem, forbidden
from tenantry.kit.schemas import Strict

from .. import questions

router = Router()


class QuestionIn(Strict):
    """``user``: a ``usr_`` identifier or an e-mail address. ``resource`` is for policies to come."""

    user: str
    organization: str
    permission: str
    resource: dict[str, Any] | None = None


class AnswerOut(Schema):
    """``reason`` says which rule decided (docs/access.md); ``source`` is ``built_in``, ``vendor`` or null."""

    allowed: bool
    reason: str
    role: str | None
    source: str | None


class Batch(Strict):
    checks: list[QuestionIn] = Field(min_length=1, max_length=1000)


class Answers(Schema):
    data: list[AnswerOut]


@router.post("/access/check", response=AnswerOut, summary="May she do this?", **needs("access:check"))
def check(request: HttpRequest, body: QuestionIn) -> dict[str, Any]:
    """Answered by the edge (``edge/check.py``) for keys, by the same statement and decision as here."""
    return _answers(request, [body])[0]


@router.post("/access/check-batch", response=Answers, summary="Up to 1,000 questions", **needs("access:check"))
def check_batch(request: HttpRequest, body: Batch) -> dict[str, Any]:
    """Answers in the order of the questions, all of one moment."""
    return {"data": _answers(request, body.checks)}


def _answers(request: HttpRequest, asked: list[QuestionIn]) -> list[dict[str, Any]]:
    principal = signed_in(request)
    if principal.via == "session" and not principal.may("access:check"):
        raise forbidden("access:check")
    scopes = None if principal.scopes is None else list(principal.scopes)
    read: list[questions.Question] = []
    for index, entry in enumerate(asked):
        try:
            read.append(questions.read(entry.dict()))
        except Problem as problem:
            raise Problem(problem.status, problem.code, f"Question {index}: {problem.detail}", **problem.members) from problem
        require_access_check(principal.staff_role, principal.key_organization_id, scopes, read[-1].organization_id)
        not_in_maintenance(request, read[-1].organization_id)
    with connection.cursor() as cursor:
        cursor.execute(questions.SQL_OF_MANY, questions.parameters_of_many(read))
        rows = cursor.fetchall()
    return [questions.decide(question, row).body() for question, row in zip(read, rows, strict=True)]
