"""Browsers that a person signed in with, known by a cookie: for telling a new one, and for remembering one for 30 days.

The cookie holds a token of each person who signed in there, so that two who share a browser don't push each other out. Tokens
are made here alone: one that was planted belongs to nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings

from tenantry.audit.services import Actor, record
from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.context import request_info
from tenantry.kit.cookies import cookie_name
from tenantry.kit.problems import not_found

from ..models import Device, User

COOKIE: Final = cookie_name("tenantry_device", path="/t/" if settings.ENVIRONMENT.multi else "")
REMEMBERED: Final = timedelta(days=30)
KEPT: Final = timedelta(days=400)  # the longest that browsers keep a cookie (RFC 6265bis §5.5)
_PEOPLE: Final = 5  # whose tokens one browser keeps


@dataclass(slots=True)
class Browser:
    """What the request's cookie brought; ``changed`` when the answer has to bring another one."""

    tokens: list[str] = field(default_factory=list)
    changed: bool = False

    @property
    def cookie(self) -> str:
        return ".".join(self.tokens[-_PEOPLE:])


_present: ContextVar[Browser | None] = ContextVar("browser", default=None)


@contextmanager
def arriving(cookie: str) -> Iterator[None]:
    """Around a request: the browser that sent it. Without one (jobs, command line) no device is known, made or remembered."""
    token = _present.set(Browser([part for part in cookie.split(".")[:_PEOPLE] if len(part) == 43]))
    try:
        yield
    finally:
        _present.reset(token)


def changed_cookie() -> str:
    """The cookie that the answer has to set, or ``""``."""
    browser = _present.get()
    return browser.cookie if browser and browser.changed else ""


def known(user: User) -> Device | None:
    """This browser, if this person signed in with it before."""
    browser = _present.get()
    if browser is None or not browser.tokens:
        return None
    return Device.objects.filter(user=user, token_hash__in=[crypto.digest(token) for token in browser.tokens]).order_by("-id").first()


def remembers(user: User) -> bool:
    """Whether this browser stands for the person's second factor."""
    device = known(user)
    return bool(device and device.remembered_until and device.remembered_until > now())


def met(user: User) -> bool:
    """Note that this person signs in with this browser; whether they did before."""
    browser, device, info = _present.get(), known(user), request_info.get()
    if device:
        Device.objects.filter(id=device.id).update(last_used_at=now(), ip=info.ip)
        return True
    if browser is not None:
        _new(browser, user)
    return False


def _new(browser: Browser, user: User) -> Device:
    from ..sessions import device_of

    token, info = crypto.new_token(), request_info.get()
    device = Device(user=user, token_hash=crypto.digest(token), label=device_of(info.user_agent), ip=info.ip, last_used_at=now())
    device.save(force_insert=True)
    browser.tokens = [*browser.tokens, token][-_PEOPLE:]
    browser.changed = True
    return device


def remember(user: User, actor: Actor) -> None:
    """For 30 days this browser needs no second factor of this person."""
    browser = _present.get()
    if browser is None:
        return
    device = known(user) or _new(browser, user)
    Device.objects.filter(id=device.id).update(remembered_until=now() + REMEMBERED, last_used_at=now())
    record("device.remembered", actor=actor, target=device, label=f"{user.email}: {device.label}")


def remembered(user: User) -> list[Device]:
    """The browsers that need no second factor at present, the latest used first."""
    return list(Device.objects.filter(user=user, remembered_until__gt=now()).order_by("-last_used_at"))


def forget(*, user: User, device_id: UUID, actor: Actor) -> None:
    """This browser needs a second factor again. Raises Problem 404."""
    device = Device.objects.filter(user=user, id=device_id, remembered_until__gt=now()).first()
    if device is None:
        raise not_found("device")
    Device.objects.filter(id=device.id).update(remembered_until=None)
    record("device.forgotten", actor=actor, target=device, label=f"{user.email}: {device.label}")


def forget_all(user: User) -> None:
    """None of the person's browsers is remembered any longer: part of an act that is recorded, such as a new password."""
    Device.objects.filter(user=user, remembered_until__isnull=False).update(remembered_until=None)
