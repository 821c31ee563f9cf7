"""Passkeys: one's own, and signing in with one."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from tenantry.access import limits
from tenantry.access.guards import actor_of, person, require_recent
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Strict, TypeId, moment

from .. import entry, steps
from ..auth_api import SignedIn
from ..cookies import set_cookie
from ..models import Passkey
from ..sessions import awaited
from . import passkeys, services
from .doors import PersonOrSettingUp, subject

router = Router()
PasskeyRef = Annotated[UUID, TypeId("psk")]
TRIES = limits.told("passkey")


class Options(Schema):
    options: dict[str, Any] = Field(description="For the browser: PublicKeyCredentialCreationOptions or …RequestOptions, as JSON.")


class PasskeyOut(Schema):
    id: str
    name: str
    synced: bool = Field(description="Kept by a password manager, on several devices.")
    created_at: str | None
    last_used_at: str | None


class PasskeyAdded(PasskeyOut):
    recovery_codes: list[str] = Field(description="Shown once, with the first second factor. Else empty.")
    awaits: str = Field("", description="The step that still stands before the workspace.")


class Passkeys(Schema):
    data: list[PasskeyOut]


class PasskeyIn(Strict):
    name: str = Field(max_length=60)
    credential: dict[str, Any] = Field(description="What the browser answered, as JSON (WebAuthn level 3, toJSON).")


class PasskeyName(Strict):
    name: str = Field(max_length=60)


class Begin(Strict):
    """Nothing to say yet: an empty object. That it is JSON keeps another site's form out, for nobody is signed in."""


class Credential(Strict):
    credential: dict[str, Any] = Field(description="What the browser answered, as JSON (WebAuthn level 3, toJSON).")


def passkey_shape(row: Passkey) -> dict[str, Any]:
    """A passkey: what its person calls it, and when it was used."""
    return {
        "id": row.public_id,
        "name": row.name,
        "synced": row.synced,
        "created_at": moment(row.created_at),
        "last_used_at": moment(row.last_used_at),
    }


@router.post("/auth/passkey/options", response=Options, auth=None, summary="Begin to sign in with a passkey",
             **needs("public", attempts=TRIES))  # fmt: skip
def sign_in_options(request: HttpRequest, response: HttpResponse, body: Begin) -> dict[str, Any]:
    """A challenge for this browser, for five minutes; names nobody."""
    limits.count("passkey")
    return {"options": passkeys.begin(request, response, purpose=passkeys.SIGN_IN)}


@router.post("/auth/passkey", response=SignedIn, auth=None, summary="Sign in with a passkey", **needs("public"))
def sign_in(request: HttpRequest, response: HttpResponse, body: Credential) -> dict[str, str]:
    """Sets the session's cookie. Needs no second factor: the passkey has verified its person. 422 ``passkey_refused``."""
    user, token = entry.by_passkey(request, credential=body.credential)
    set_cookie(request, response, token)
    return {"user": user.public_id, "email": user.email, "awaits": awaited(token)}


@router.post("/auth/second-factor/options", response=Options, auth=None, summary="Begin to prove one's second factor with a passkey",
             **needs("public", attempts=TRIES))  # fmt: skip
def second_factor_options(request: HttpRequest, response: HttpResponse, body: Begin) -> dict[str, Any]:
    """For a session that awaits its second factor."""
    _, user = steps.unfinished(request, "second_factor")
    limits.count("passkey")
    return {"options": passkeys.begin(request, response, purpose=passkeys.SECOND_FACTOR, user=user)}


@router.post("/auth/proof/options", response=Options, summary="Begin to prove anew who one is with a passkey",
             **needs("person", attempts=TRIES))  # fmt: skip
def proof_options(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """For ``POST /auth/proof``."""
    user = person(request)
    limits.count("passkey")
    return {"options": passkeys.begin(request, response, purpose=passkeys.PROOF, user=user)}


@router.get("/me/passkeys", response=Passkeys, summary="One's passkeys", **needs("person"))
def list_passkeys(request: HttpRequest) -> dict[str, Any]:
    """The oldest first."""
    return {"data": [passkey_shape(row) for row in passkeys.of(person(request))]}


@router.post("/me/passkeys/options", response=Options, auth=PersonOrSettingUp(), summary="Begin to add a passkey", **needs("person"))
def registration_options(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """A challenge for this browser, for five minutes."""
    user = subject(request).user
    require_recent(request)
    return {"options": passkeys.begin(request, response, purpose=passkeys.REGISTER, user=user)}


@router.post("/me/passkeys", response={201: PasskeyAdded}, auth=PersonOrSettingUp(), summary="Add a passkey", **needs("person"))
def add_passkey(request: HttpRequest, body: PasskeyIn) -> tuple[int, dict[str, Any]]:
    """The first second factor brings recovery codes, shown once."""
    asking, place = subject(request), passkeys.place_of(request)
    require_recent(request)
    row, codes = passkeys.register(user=asking.user, place=place, name=body.name, credential=body.credential, actor=asking.actor)
    return 201, {**passkey_shape(row), "recovery_codes": codes, "awaits": asking.set_up()}


@router.patch("/me/passkeys/{passkey_id}", response=PasskeyOut, summary="Rename a passkey", **needs("person"))
def rename_passkey(request: HttpRequest, passkey_id: PasskeyRef, body: PasskeyName) -> dict[str, Any]:
    """What one calls it oneself."""
    user = person(request)
    return passkey_shape(passkeys.rename(user=user, passkey_id=passkey_id, name=body.name, actor=actor_of(request)))


@router.delete("/me/passkeys/{passkey_id}", response={204: None}, summary="Remove a passkey", **needs("person"))
def remove_passkey(request: HttpRequest, passkey_id: PasskeyRef) -> tuple[int, None]:
    """409 ``last_factor`` while an organization asks for one and this is the last."""
    user = person(request)
    require_recent(request)
    services.remove_passkey(user=user, passkey_id=passkey_id, actor=actor_of(request))
    return 204, None
