"""The one way in which a cookie is set and cleared (docs/security/headers.md)."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponseBase


def cookie_name(name: str, *, path: str = "") -> str:
    """``name`` with the strictest prefix that fits: browsers take such a cookie over https alone (RFC 6265bis §4.1.3).

    ``__Host-`` also binds it to this host and all its addresses, so it is for the path ``/`` alone; ``path`` is the narrower one.
    """
    if not settings.SECURE_COOKIES:
        return name
    return f"__Secure-{name}" if path else f"__Host-{name}"


def put_cookie(response: HttpResponseBase, name: str, value: str, *, path: str, max_age: int | None = None) -> None:
    """Set it: out of reach of scripts and of other sites. ``max_age`` in seconds; None: until the browser closes."""
    response.set_cookie(name, value, max_age=max_age, path=path, httponly=True, samesite="Lax", secure=settings.SECURE_COOKIES)


def drop_cookie(response: HttpResponseBase, name: str, *, path: str) -> None:
    """Clear it, with the attributes that it was set with: some browsers keep it otherwise."""
    put_cookie(response, name, "", path=path, max_age=0)
