"""What an operation says of itself in the OpenAPI document."""

from __future__ import annotations

from typing import Any


def needs(permission: str, *, entitlement: str = "", **more: Any) -> dict[str, Any]:
    """Keyword arguments for a Ninja route: ``x-permission``, and ``x-entitlement`` where a limit may answer 402.

    ``permission`` is the word that the guard inside asks for, or ``signed_in``, ``person`` or ``public``; a house test
    compares the two. ``more`` are further members of the operation object, such as a ``requestBody`` that isn't JSON.
    """
    extra = {"x-permission": permission} | ({"x-entitlement": entitlement} if entitlement else {}) | more
    return {"openapi_extra": extra}
