"""Proving anew who one is, for a single-page application: what 403 ``reauthentication_required`` asks for."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from tenantry.access import limits
from tenantry.access.guards import actor_of, person
from tenantry.kit.operations import needs
from tenantry.kit.problems import invalid
from tenantry.kit.schemas import Strict, moment

from . import proof
from .auth_api import Accepted
from .factors import passkeys

router = Router()
TRIES = limits.told("password_proof", "second_factor")


class Proven(Schema):
    proved_at: str | None
    until: str | None = Field(description="Until then, dangerous acts are open to this session.")
    ways: list[str] = Field(description="By what one can prove it: password, totp, passkey, recovery, link, sso.")


class Proof(Strict):
    """Exactly one of them."""

    model_config = {"json_schema_extra": {"examples": [{"code": "123456"}]}}

    password: str = Field("", max_length=200)
    code: str = Field("", max_length=40, description="Of the authenticator app, or a recovery code.")
    credential: dict[str, Any] | None = Field(None, description="A passkey's answer to POST /auth/proof/options.")
    token: str = Field("", max_length=200, description="From the mailed link.")


def _proven(request: HttpRequest) -> dict[str, Any]:
    session = proof.own_session(request)
    at = session.proved_at or session.created_at
    return {"proved_at": moment(at), "until": moment(at + proof.RECENT), "ways": proof.ways(person(request), session)}


@router.get("/auth/proof", response=Proven, summary="When one last proved who one is", **needs("person"))
def get_proof(request: HttpRequest) -> dict[str, Any]:
    """And by what one can do it again."""
    return _proven(request)


@router.post("/auth/proof", response=Proven, summary="Prove anew who one is", **needs("person", attempts=TRIES))
def prove(request: HttpRequest, body: Proof) -> dict[str, Any]:
    """By one's password, a code, or a mailed link's token. Opens dangerous acts for 15 minutes."""
    user, session, actor = person(request), proof.own_session(request), actor_of(request)
    if [bool(given) for given in (body.password, body.code, body.credential, body.token)].count(True) != 1:
        raise invalid("Send exactly one of password, code, credential and token.", pointer="/password")
    if body.password:
        proof.by_password(session=session, user=user, password=body.password, actor=actor)
    elif body.code:
        proof.by_code(session=session, user=user, code=body.code, actor=actor)
    elif body.credential:
        place = passkeys.place_of(request)
        proof.by_passkey(session=session, user=user, credential=body.credential, place=place, actor=actor)
    else:
        proof.by_link(session=session, user=user, token=body.token, actor=actor)
    return _proven(request)


@router.post("/auth/proof/link", response={202: Accepted}, summary="Have a link for it mailed",
             **needs("person", attempts=limits.told("sign_in_email")))  # fmt: skip
def mail_link(request: HttpRequest) -> tuple[int, dict[str, str]]:
    """It works once, for 15 minutes, in a session of the same person."""
    user = person(request)
    limits.count("sign_in_email", user.id)
    proof.mail_link(user=user)
    return 202, {"detail": "A link is on its way."}
