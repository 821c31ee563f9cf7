"""The program's settings, and sign-up, over the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from tenantry.access import limits
from tenantry.access.guards import actor_of, guard_tenant
from tenantry.kit.etags import expected_version, set_etag
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Strict

from . import program, signup

router = Router()
INSTALLATION: dict[str, Any] = {"x-installation": True}  # in multi mode it stands at /api/v1, not below /t/<slug>


class ProgramIn(Strict):
    """All are replaced: what is left out is emptied. ``terms_url``: what people accept who come in by single sign-on."""

    name: str = Field(max_length=program.NAME_LENGTH)
    support_email: str = Field("", max_length=254)
    colour: str = Field("", max_length=7)
    terms_url: str = Field("", max_length=500)


class ProgramOut(Schema):
    name: str
    support_email: str
    colour: str
    terms_url: str


class SignUpIn(Strict):
    """``workspace`` is its name; without a ``slug`` one is made from it. ``name`` is the admin's own."""

    email: str = Field(max_length=254)
    workspace: str = Field(max_length=program.NAME_LENGTH)
    slug: str = Field("", max_length=30)
    name: str = Field("", max_length=120)


class SignedUpOut(Schema):
    slug: str
    url: str
    notified: bool
    notified_reason: str | None


@router.get("/settings/program", response=ProgramOut, summary="Read the workspace's program", **needs("tenant:read"))
def get_program(request: HttpRequest, response: HttpResponse) -> dict[str, str]:
    """Its name, support address and colour."""
    guard_tenant(request, "tenant:read")
    return _shown(response, program.read_program())


@router.put("/settings/program", response=ProgramOut, summary="Change the workspace's program", **needs("tenant:write", versioned=True))
def put_program(request: HttpRequest, response: HttpResponse, body: ProgramIn) -> dict[str, str]:
    """Pages and mails say it from the next one on. An empty ``colour`` is the standard one."""
    guard_tenant(request, "tenant:write")
    changed = program.change_program(values=body.dict(), expected_version=expected_version(request), actor=actor_of(request))
    return _shown(response, changed)


@router.post("/signup", response={201: SignedUpOut}, auth=None, summary="Make a workspace of one's own",
             **needs("public", attempts=limits.told("sign_up"), **INSTALLATION))  # fmt: skip
def sign_up(request: HttpRequest, body: SignUpIn) -> tuple[int, dict[str, Any]]:
    """Its first admin gets a sign-in link by mail; ``notified`` is false, with the reason, where none can be sent.

    404 ``not_found`` where the installation has one workspace; 403 ``signup_closed`` where its operator makes them; 409
    ``not_installed`` before the installation has an operator, and 409 ``slug_taken``.
    """
    made = signup.sign_up(source="api", **body.dict())
    return 201, {"slug": made.slug, "url": made.url, **made.mail.members()}


def _shown(response: HttpResponse, found: program.Program) -> dict[str, str]:
    set_etag(response, found.version)
    return found.values()
