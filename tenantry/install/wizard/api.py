"""The first run over the API, whose root stands below this room and can't know it: with this module the API is whole."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Field, Router, Schema

from tenantry.access import limits
from tenantry.api.root import api
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Strict
from tenantry.mail.api import MailSettingsIn
from tenantry.mail.settings import Wanted
from tenantry.workspaces import installation
from tenantry.workspaces.api import INSTALLATION, ProgramIn

from . import services

router = Router()


class StatusOut(Schema):
    """``tenancy`` is ``single`` or ``multi``; ``signup`` says whether anybody may make a workspace."""

    installed: bool
    tenancy: str
    signup: bool


class InstallIn(Strict):
    """``slug`` is that of the first workspace, where there are several; left out, it is made from the program's name.

    Without ``mail`` the workspace's mails leave as the installation's environment says.
    """

    email: str = Field(max_length=254)
    name: str = Field("", max_length=120)
    program: ProgramIn
    slug: str = Field("", max_length=30)
    mail: MailSettingsIn | None = None


class InstalledOut(Schema):
    slug: str
    url: str
    notified: bool


@router.get("/install/status", response=StatusOut, auth=None, summary="Whether the installation has an admin",
            **needs("public", **INSTALLATION))  # fmt: skip
def status(request: HttpRequest) -> dict[str, Any]:
    """What a set-up script asks first."""
    environment = settings.ENVIRONMENT
    installed = installation.installed()
    return {
        "installed": installed,
        "tenancy": environment.tenancy,
        "signup": installed and environment.multi and environment.signup == "on",
    }


@router.post("/install", response={201: InstalledOut}, auth=None, summary="Take charge of a new installation",
             **needs("public", attempts=limits.told("install"), **INSTALLATION))  # fmt: skip
def install(request: HttpRequest, body: InstallIn) -> tuple[int, dict[str, Any]]:
    """Makes the first workspace with its admin, and mails the admin a sign-in link. Once, for ever.

    409 ``already_installed``; 502 ``mail_failed`` with the mail server's own words, and then nothing was installed.
    """
    mail = Wanted(**body.mail.dict()) if body.mail else services.AS_ENVIRONMENT
    wanted = services.plan(email=body.email, name=body.name, program_values=body.program.dict(), slug=body.slug, mail=mail)
    made = services.install(wanted, source="api")
    return 201, {"slug": made.slug, "url": made.url, "notified": True}


# Here and not when Django starts: a command of the command line has no use for the API, and it takes a while to load.
api.add_router("", router, tags=["The installation"])
