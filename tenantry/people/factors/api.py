"""One's own second factors, remembered browsers and sign-ins; and what staff may see and do about those of others."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from tenantry.access import limits
from tenantry.access.guards import actor_of, guard_tenant, person, require_recent
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Listing, Paging, Strict, TypeId, listing, moment

from .. import history
from ..api import UserRef
from ..models import Device, SignIn, User
from ..users import load
from . import devices, passing, passkeys, recovery, services, totp
from .doors import PersonOrSettingUp, subject
from .passkey_api import PasskeyOut, passkey_shape

router = Router()
DeviceRef = Annotated[UUID, TypeId("dev")]


class App(Schema):
    confirmed_at: str | None
    last_used_at: str | None


class Factors(Schema):
    totp: App | None
    passkeys: list[PasskeyOut]
    recovery_codes_left: int
    required_from: str | None = Field(description="From when on an organization asks everybody for a second factor.")


class AppOffer(Schema):
    secret: str = Field(description="Base32, for typing it into the app. Shown until the app is confirmed.")
    uri: str = Field(description="``otpauth:``, for a QR code.")


class Code(Strict):
    code: str = Field(max_length=40)


class Codes(Schema):
    recovery_codes: list[str] = Field(description="Shown once. Empty where there are some left from before.")


class SetUp(Codes):
    awaits: str = Field("", description="The step that still stands before the workspace.")


class DeviceOut(Schema):
    id: str
    device: str
    ip: str | None
    remembered_until: str | None
    last_used_at: str | None


class Devices(Schema):
    data: list[DeviceOut]


class SignInOut(Schema):
    id: str
    at: str | None
    outcome: str
    method: str
    second_factor: str
    reason: str
    device: str
    ip: str | None
    country: str
    new_device: bool


class Reset(Strict):
    reason: str


def _factors(user: User) -> dict[str, Any]:
    app = totp.confirmed(user)
    return {
        "totp": {"confirmed_at": moment(app.confirmed_at), "last_used_at": moment(app.last_used_at)} if app else None,
        "passkeys": [passkey_shape(row) for row in passkeys.of(user)],
        "recovery_codes_left": recovery.left(user),
        "required_from": moment(passing.required_from(user)),
    }


def _device(device: Device) -> dict[str, Any]:
    return {
        "id": device.public_id,
        "device": device.label,
        "ip": device.ip,
        "remembered_until": moment(device.remembered_until),
        "last_used_at": moment(device.last_used_at),
    }


def _sign_in(row: SignIn) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "at": moment(row.created_at),
        "outcome": row.outcome,
        "method": row.method,
        "second_factor": row.second,
        "reason": row.reason,
        "device": row.device,
        "ip": row.ip,
        "country": row.country,
        "new_device": row.new_device,
    }


@router.get("/me/factors", response=Factors, auth=PersonOrSettingUp(), summary="One's second factors", **needs("person"))
def get_factors(request: HttpRequest) -> dict[str, Any]:
    """What there is beside the password or the link."""
    return _factors(subject(request).user)


@router.post("/me/factors/totp", response={201: AppOffer}, auth=PersonOrSettingUp(), summary="Begin to set up an authenticator app",
             **needs("person"))  # fmt: skip
def begin_totp(request: HttpRequest) -> tuple[int, dict[str, str]]:
    """A secret for the app. An app that is in use goes on counting until the new one is confirmed."""
    asking = subject(request)
    require_recent(request)
    offer = totp.begin(asking.user)
    return 201, {"secret": offer.secret, "uri": offer.uri}


@router.post("/me/factors/totp/confirmation", response=SetUp, auth=PersonOrSettingUp(), summary="Confirm an authenticator app",
             **needs("person", attempts=limits.told("second_factor")))  # fmt: skip
def confirm_totp(request: HttpRequest, body: Code) -> dict[str, Any]:
    """With the code that the app shows. The first factor brings recovery codes, shown once."""
    asking = subject(request)
    codes = services.confirm_totp(user=asking.user, code=body.code, actor=asking.actor)
    return {"recovery_codes": codes, "awaits": asking.set_up()}


@router.delete("/me/factors/totp", response={204: None}, summary="Remove one's authenticator app", **needs("person"))
def remove_totp(request: HttpRequest) -> tuple[int, None]:
    """409 ``last_factor`` while an organization asks for one and this is the last."""
    user = person(request)
    require_recent(request)
    services.remove_totp(user=user, actor=actor_of(request))
    return 204, None


@router.post("/me/recovery-codes", response={201: Codes}, summary="Make new recovery codes", **needs("person"))
def renew_codes(request: HttpRequest) -> tuple[int, dict[str, Any]]:
    """Ten, shown once; the older ones work no longer."""
    user = person(request)
    require_recent(request)
    return 201, {"recovery_codes": services.renew_recovery_codes(user=user, actor=actor_of(request))}


@router.get("/me/devices", response=Devices, summary="Browsers that are remembered", **needs("person"))
def list_devices(request: HttpRequest) -> dict[str, Any]:
    """Those that need no second factor for a while."""
    return {"data": [_device(device) for device in devices.remembered(person(request))]}


@router.delete("/me/devices/{device_id}", response={204: None}, summary="Remember a browser no longer", **needs("person"))
def forget_device(request: HttpRequest, device_id: DeviceRef) -> tuple[int, None]:
    """It needs a second factor again at the next sign-in."""
    devices.forget(user=person(request), device_id=device_id, actor=actor_of(request))
    return 204, None


@router.get("/me/sign-ins", response=Listing[SignInOut], summary="One's own sign-ins", **needs("person"))
def list_own(request: HttpRequest, paging: Query[Paging]) -> dict[str, Any]:
    """The latest first: how, with which device, from where, and what was refused."""
    return listing(history.sign_ins(person(request), cursor=paging.cursor, limit=paging.limit), _sign_in)


@router.get("/users/{user_id}/sign-ins", response=Listing[SignInOut], summary="A user's sign-ins", **needs("users:read"))
def list_of_user(request: HttpRequest, user_id: UserRef, paging: Query[Paging]) -> dict[str, Any]:
    """As the user sees them."""
    guard_tenant(request, "users:read")
    return listing(history.sign_ins(load(user_id), cursor=paging.cursor, limit=paging.limit), _sign_in)


@router.get("/users/{user_id}/factors", response=Factors, summary="A user's second factors", **needs("users:read"))
def get_factors_of_user(request: HttpRequest, user_id: UserRef) -> dict[str, Any]:
    """What there is; never a secret."""
    guard_tenant(request, "users:read")
    return _factors(load(user_id))


@router.delete("/users/{user_id}/factors", response=Factors, summary="Remove a user's second factors", **needs("users:write"))
def reset_factors(request: HttpRequest, user_id: UserRef, body: Reset) -> dict[str, Any]:
    """For somebody who lost them all. They are told by mail, with the reason."""
    guard_tenant(request, "users:write")
    require_recent(request)
    return _factors(services.reset(user=load(user_id, lock=True), reason=body.reason, actor=actor_of(request)))
