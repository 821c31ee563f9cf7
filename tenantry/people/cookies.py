"""The session's cookie: set at sign-in, taken away at sign-out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token

from tenantry.kit import cookies

from .factors import devices
from .sessions import COOKIE, LIFETIME


def set_cookie(request: HttpRequest, response: HttpResponse, token: str) -> None:
    """Hand the session to this browser, for this tenant's addresses alone, out of reach of scripts and of other sites."""
    rotate_token(request)  # a token that somebody planted before the sign-in is worth nothing after it
    path: str = request.cookie_path  # type: ignore[attr-defined]  # set by TenantScope
    cookies.put_cookie(response, COOKIE, token, path=path, max_age=int(LIFETIME.total_seconds()))
    set_device(request, response)


def set_device(request: HttpRequest, response: HttpResponse) -> None:
    """Let this browser be known again, if it is new to the person who has just signed in."""
    if value := devices.changed_cookie():
        path: str = request.cookie_path  # type: ignore[attr-defined]  # set by TenantScope
        cookies.put_cookie(response, devices.COOKIE, value, path=path, max_age=int(devices.KEPT.total_seconds()))


def drop_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Make this browser forget its session."""
    cookies.drop_cookie(response, COOKIE, path=request.cookie_path)  # type: ignore[attr-defined]  # set by TenantScope
