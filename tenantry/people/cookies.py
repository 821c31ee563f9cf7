"""The session's cookie: set at sign-in, taken away at sign-out."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token

from .sessions import COOKIE, LIFETIME


def set_cookie(request: HttpRequest, response: HttpResponse, token: str) -> None:
    """Hand the session to this browser, for this tenant's addresses alone, out of reach of scripts and of other sites."""
    rotate_token(request)  # a token that somebody planted before the sign-in is worth nothing after it
    _set(request, response, token, int(LIFETIME.total_seconds()))


def drop_cookie(request: HttpRequest, response: HttpResponse) -> None:
    """Make this browser forget its session: the same cookie with the same attributes, as a browser asks for, and no time left."""
    _set(request, response, "", 0)


def _set(request: HttpRequest, response: HttpResponse, token: str, max_age: int) -> None:
    response.set_cookie(
        COOKIE, token, max_age=max_age, path=request.cookie_path,  # type: ignore[attr-defined]  # set by TenantScope
        httponly=True, samesite="Lax", secure=settings.SECURE_COOKIES,
    )  # fmt: skip
