"""The second factor on the way in, for a single-page application or a test."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from tenantry.access import limits
from tenantry.kit.operations import needs
from tenantry.kit.problems import invalid
from tenantry.kit.schemas import Strict

from .. import steps
from ..auth_api import SignedIn
from ..cookies import set_device
from . import passing, passkeys
from .doors import actor_on_the_way_in

router = Router()


class Waiting(Schema):
    awaits: str = Field(description="The step that stands before the workspace: second_factor, second_factor_setup, terms…")
    ways: list[str] = Field(description="By what this person can pass: totp, passkey, recovery.")


class Second(Strict):
    """Exactly one of ``code`` and ``credential``."""

    code: str = Field("", max_length=40, description="Of the authenticator app, or a recovery code.")
    credential: dict[str, Any] | None = Field(None, description="A passkey's answer to POST /auth/second-factor/options.")
    remember: bool = Field(False, description="This browser needs no second factor for 30 days.")


@router.get("/auth/second-factor", response=Waiting, auth=None, summary="What remains of signing in", **needs("public"))
def get_waiting(request: HttpRequest) -> dict[str, Any]:
    """For a session that awaits a step. 401 ``unauthenticated`` for anybody else."""
    session, user = steps.unfinished(request)
    return {"awaits": session.awaits, "ways": passing.ways(user) if session.awaits == "second_factor" else []}


@router.post("/auth/second-factor", response=SignedIn, auth=None, summary="Prove one's second factor",
             **needs("public", attempts=limits.told("second_factor")))  # fmt: skip
def prove(request: HttpRequest, response: HttpResponse, body: Second) -> dict[str, str]:
    """With the session's cookie from the first step. 422 ``code_wrong``, ``passkey_refused``."""
    session, user = steps.unfinished(request, "second_factor")
    actor = actor_on_the_way_in(request, user)
    if bool(body.code) == bool(body.credential):
        raise invalid("Send exactly one of code and credential.", pointer="/code")
    if body.credential:
        way = passing.check_passkey(user, body.credential, place=passkeys.place_of(request), actor=actor)
    else:
        way = passing.check_code(user, body.code, actor=actor)
    awaits = passing.passed(session, user, way, remember=body.remember, actor=actor)
    set_device(request, response)
    return {"user": user.public_id, "email": user.email, "awaits": awaits}
