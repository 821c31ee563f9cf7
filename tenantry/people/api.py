"""Users and staff."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from tenantry.access.guards import actor_of, guard_tenant, require_recent
from tenantry.kit.etags import expected_version, set_etag
from tenantry.kit.operations import needs
from tenantry.kit.problems import invalid
from tenantry.kit.schemas import Listing, Paging, Strict, TypeId, listing, moment
from tenantry.mail import services as mail

from . import staff as staff_services
from . import users as user_services
from .models import Session, Staff, User
from .queries import list_staff as staff_page
from .queries import list_users as users_page
from .sessions import live_sessions
from .users import load

router = Router()
UserRef = Annotated[UUID, TypeId("usr")]
StaffRef = Annotated[UUID, TypeId("stf")]


class UserOut(Schema):
    id: str
    email: str
    name: str
    status: str
    reason: str
    created_at: str | None
    last_seen_at: str | None


class UserTold(UserOut):
    notified: bool
    notified_reason: str | None = Field(description="Why no mail goes: address_suppressed, mail_not_configured or not_asked.")


class SessionOut(Schema):
    id: str
    device: str
    ip: str | None
    method: str
    last_used_at: str | None
    created_at: str | None


class Sessions(Schema):
    data: list[SessionOut]


class StaffOut(Schema):
    id: str
    user: UserOut
    role: str
    status: str
    reason: str


class StaffTold(StaffOut):
    notified: bool
    notified_reason: str | None = Field(description="Why no mail goes: address_suppressed, mail_not_configured or not_asked.")


class StaffIn(Strict):
    email: str
    name: str = Field("", max_length=120)
    role: str


class StaffChange(Strict):
    """Exactly one of the two: another ``role``, or ``reinstate`` for somebody who was revoked."""

    role: str | None = None
    reinstate: bool = False


class Revocation(Strict):
    reason: str
    notify: bool = True


class UsersWanted(Paging):
    search: str = ""
    email: str = ""
    status: str = ""


def user_shape(user: User) -> dict[str, Any]:
    """A user as the API shows one to staff."""
    return {
        "id": user.public_id,
        "email": user.email,
        "name": user.name,
        "status": user.status,
        "reason": user.status_reason,
        "created_at": moment(user.created_at),
        "last_seen_at": moment(user.last_seen_at),
    }


def session_shape(session: Session) -> dict[str, Any]:
    """A session: enough to recognise a device."""
    return {
        "id": session.public_id,
        "device": session.device,
        "ip": session.ip,
        "method": session.method,
        "last_used_at": moment(session.last_used_at),
        "created_at": moment(session.created_at),
    }


def _staff_shape(staff: Staff) -> dict[str, Any]:
    return {
        "id": staff.public_id,
        "user": user_shape(staff.user),
        "role": staff.role,
        "status": staff.status,
        "reason": staff.reason,
    }


@router.get("/users", response=Listing[UserOut], summary="Users of the tenant", **needs("users:read"))
def list_users(request: HttpRequest, wanted: Query[UsersWanted]) -> dict[str, Any]:
    """The latest first; ``?email=`` matches exactly, ``?search=`` anywhere."""
    guard_tenant(request, "users:read")
    return listing(users_page(**wanted.dict()), user_shape)


@router.get("/users/{user_id}", response=UserOut, summary="One user", **needs("users:read"))
def get_user(request: HttpRequest, user_id: UserRef) -> dict[str, Any]:
    """By ``usr_`` identifier."""
    guard_tenant(request, "users:read")
    return user_shape(load(user_id))


@router.get("/users/{user_id}/sessions", response=Sessions, summary="Where a user is signed in", **needs("users:read"))
def list_sessions(request: HttpRequest, user_id: UserRef) -> dict[str, Any]:
    """The sessions that still work, the latest used first."""
    guard_tenant(request, "users:read")
    return {"data": [session_shape(session) for session in live_sessions(load(user_id).id)]}


@router.post("/users/{user_id}/suspension", response=UserTold, summary="Suspend a user", **needs("users:write"))
def suspend_user(request: HttpRequest, user_id: UserRef, body: Revocation) -> dict[str, Any]:
    """Shut a person out of the workspace; sessions and keys end at once."""
    guard_tenant(request, "users:write")
    shut_out = user_services.suspend_user(user_id=user_id, reason=body.reason, notify=body.notify, actor=actor_of(request))
    return {**user_shape(shut_out), **_told(shut_out, body.notify)}


@router.delete("/users/{user_id}/suspension", response=UserOut, summary="Lift a user's suspension", **needs("users:write"))
def reinstate_user(request: HttpRequest, user_id: UserRef) -> dict[str, Any]:
    """Let a suspended person in again; clears the reason."""
    guard_tenant(request, "users:write")
    return user_shape(user_services.reinstate_user(user_id=user_id, actor=actor_of(request)))


@router.get("/staff", response=Listing[StaffOut], summary="Who works for the vendor", **needs("staff:read"))
def list_staff(request: HttpRequest, paging: Query[Paging]) -> dict[str, Any]:
    """Active and revoked."""
    guard_tenant(request, "staff:read")
    return listing(staff_page(cursor=paging.cursor, limit=paging.limit), _staff_shape)


@router.post("/staff", response={201: StaffOut}, summary="Make somebody staff", **needs("staff:write"))
def add_staff(request: HttpRequest, body: StaffIn) -> tuple[int, dict[str, Any]]:
    """By address; the user is made when new."""
    guard_tenant(request, "staff:write")
    require_recent(request)
    return 201, _staff_shape(staff_services.add_staff(email=body.email, name=body.name, role=body.role, actor=actor_of(request)))


@router.patch("/staff/{staff_id}", response=StaffOut, summary="Change a staff role, or reinstate",
              **needs("staff:write", versioned=True))  # fmt: skip
def change_staff(request: HttpRequest, response: HttpResponse, staff_id: StaffRef, body: StaffChange) -> dict[str, Any]:
    """The last active admin can't be demoted: 409 ``last_admin``."""
    guard_tenant(request, "staff:write")
    require_recent(request)
    actor = actor_of(request)
    expected = expected_version(request)
    if body.reinstate == (body.role is not None):
        raise invalid("Send either role or reinstate.", pointer="/role")
    if body.reinstate:
        found = staff_services.reinstate_staff(staff_id=staff_id, expected_version=expected, actor=actor)
    else:
        found = staff_services.change_role(staff_id=staff_id, role=body.role or "", expected_version=expected, actor=actor)
    set_etag(response, found.version)
    return _staff_shape(found)


@router.delete("/staff/{staff_id}", response=StaffTold, summary="End somebody's staff access", **needs("staff:write"))
def revoke_staff(request: HttpRequest, staff_id: StaffRef, body: Revocation) -> dict[str, Any]:
    """Sessions and keys end in the same transaction. The last active admin stays: 409 ``last_admin``."""
    guard_tenant(request, "staff:write")
    revoked = staff_services.revoke_staff(staff_id=staff_id, reason=body.reason, notify=body.notify, actor=actor_of(request))
    return {**_staff_shape(revoked), **_told(revoked.user, body.notify)}


def _told(user: User, asked: bool) -> dict[str, Any]:
    return (mail.prospect(user.email) if asked else mail.NOT_ASKED).members()
