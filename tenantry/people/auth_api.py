"""Signing in and out, and one's own account, for a single-page application or a test."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from tenantry.access import limits
from tenantry.access.guards import actor_of, person, require_recent, unauthenticated
from tenantry.access.principal import principal_of
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Strict, TypeId

from . import entry, passwords, sessions
from .api import SessionOut, Sessions, session_shape
from .cookies import drop_cookie, set_cookie
from .models import User
from .users import rename

router = Router()
SessionRef = Annotated[UUID, TypeId("ses")]


class LinkIn(Strict):
    email: str = Field(max_length=254)
    next: str = Field("", max_length=400)


class TokenIn(Strict):
    token: str = Field(max_length=200)


class PasswordSignIn(Strict):
    email: str = Field(max_length=254)
    password: str = Field(max_length=200)


class SignOut(Strict):
    everywhere: bool = False


class SignedOut(Schema):
    """The session is over, and that of the identity provider isn't yet: it ends when the browser goes to this address, within minutes."""

    provider_sign_out_url: str


class SignedIn(Schema):
    user: str
    email: str
    next: str = ""
    awaits: str = Field("", description="The step that still stands before the workspace: second_factor, …")


class Accepted(Schema):
    detail: str


class Profile(Schema):
    id: str
    email: str
    name: str
    has_password: bool


class ProfileChange(Strict):
    name: str


class PasswordIn(Strict):
    """``current`` is needed when there is a password already."""

    password: str = Field(max_length=200)
    current: str = Field("", max_length=200)


class CurrentIn(Strict):
    current: str = Field(max_length=200)


class OwnSession(SessionOut):
    current: bool


class OwnSessions(Sessions):
    data: list[OwnSession]  # type: ignore[assignment]  # each says whether it is this one


@router.post("/auth/link", response={202: Accepted}, auth=None, summary="Have a sign-in link mailed",
             **needs("public", attempts=limits.told("sign_in_email", "forgotten_password")))  # fmt: skip
def ask_for_link(request: HttpRequest, body: LinkIn) -> tuple[int, dict[str, str]]:
    """The same answer in the same time whether or not there is such a person."""
    entry.ask_for_link(email=body.email, next_path=body.next)
    return 202, {"detail": "If this address belongs to somebody here, a link is on its way."}


@router.post("/auth/link/redeem", response=SignedIn, auth=None, summary="Sign in with a mailed link", **needs("public"))
def redeem(request: HttpRequest, response: HttpResponse, body: TokenIn) -> dict[str, str]:
    """Burns the link and sets the session's cookie."""
    user, token, next_path = entry.by_link(request, body.token)
    set_cookie(request, response, token)
    return {"user": user.public_id, "email": user.email, "next": next_path, "awaits": sessions.awaited(token)}


@router.post("/auth/password", response=SignedIn, auth=None, summary="Sign in with a password",
             **needs("public", attempts=limits.told("sign_in_email", "sign_in")))  # fmt: skip
def sign_in(request: HttpRequest, response: HttpResponse, body: PasswordSignIn) -> dict[str, str]:
    """Sets the session's cookie. A wrong pair and an unknown address read the same: 401 ``sign_in_failed``."""
    user, token = entry.by_password(request, email=body.email, password=body.password)
    set_cookie(request, response, token)
    return {"user": user.public_id, "email": user.email, "awaits": sessions.awaited(token)}


@router.post("/auth/sign-out", response={200: SignedOut, 204: None}, summary="Sign out", **needs("person"))
def sign_out(request: HttpRequest, response: HttpResponse, body: SignOut | None = None) -> tuple[int, dict[str, str] | None]:
    """This session, or with ``everywhere`` all of them. 200 where the browser shall go on to the identity provider, to sign out there."""
    user, session = person(request), _session(request)
    farewell = entry.farewell_of(session)
    sessions.sign_out(session=session, user=user, everywhere=body is not None and body.everywhere, actor=actor_of(request))
    drop_cookie(request, response)
    return (200, {"provider_sign_out_url": farewell}) if farewell else (204, None)


@router.get("/me/profile", response=Profile, summary="One's own profile", **needs("person"))
def get_profile(request: HttpRequest) -> dict[str, Any]:
    """Name and address, and whether there is a password."""
    return _profile(person(request))


@router.patch("/me/profile", response=Profile, summary="Change one's own name", **needs("person"))
def change_profile(request: HttpRequest, body: ProfileChange) -> dict[str, Any]:
    """The address can't be changed: it is who one is."""
    user = person(request)
    rename(user=user, name=body.name, actor=actor_of(request))
    return _profile(user)


@router.get("/me/sessions", response=OwnSessions, summary="Where one is signed in", **needs("person"))
def list_sessions(request: HttpRequest) -> dict[str, Any]:
    """The latest used first."""
    user, present = person(request), _session(request)
    found = sessions.live_sessions(user.id)
    return {"data": [{**session_shape(session), "current": session.id == present.id} for session in found]}


@router.delete("/me/sessions", response={204: None}, summary="End all one's other sessions", **needs("person"))
def end_others(request: HttpRequest) -> tuple[int, None]:
    """All but the one that asks."""
    user = person(request)
    sessions.end_sessions(user=user, actor=actor_of(request), reason="all others", but=_session(request).id)
    return 204, None


@router.delete("/me/sessions/{session_id}", response={204: None}, summary="End one of one's sessions", **needs("person"))
def end_one(request: HttpRequest, session_id: SessionRef) -> tuple[int, None]:
    """From its next request on, that device is signed out."""
    user = person(request)
    sessions.end_session(session_id=session_id, user=user, actor=actor_of(request))
    return 204, None


@router.put("/me/password", response={204: None}, summary="Set or change one's password",
            **needs("person", attempts=limits.told("password_proof")))  # fmt: skip
def set_password(request: HttpRequest, body: PasswordIn) -> tuple[int, None]:
    """Ends the person's other sessions. 422 ``password_weak``, ``password_wrong`` when ``current`` is not the present one; the first
    password needs a fresh proof of who one is instead, 403 ``reauthentication_required``."""
    user = person(request)
    if not user.password:
        require_recent(request)
    passwords.change_password(
        user=user, current=body.current, password=body.password, keep_session=_session(request), actor=actor_of(request)
    )
    return 204, None


@router.delete("/me/password", response={204: None}, summary="Remove one's password",
               **needs("person", attempts=limits.told("password_proof")))  # fmt: skip
def remove_password(request: HttpRequest, body: CurrentIn) -> tuple[int, None]:
    """From then on by link alone."""
    user = person(request)
    passwords.require_current(user, body.current)
    passwords.remove_password(user=user, actor=actor_of(request))
    return 204, None


def _session(request: HttpRequest) -> sessions.Session:
    found = principal_of(request).session
    if found is None:
        raise unauthenticated()
    return found


def _profile(user: User) -> dict[str, Any]:
    return {"id": user.public_id, "email": user.email, "name": user.name, "has_password": bool(user.password)}
