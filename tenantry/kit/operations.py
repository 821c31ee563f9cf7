"""What an operation says of itself in the OpenAPI document."""

from __future__ import annotations

from typing import Any

IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ``ETag`` that you read. 412 ``version_stale`` when somebody else was faster.",
    "example": '"v3"',
}


def needs(permission: str, *, entitlement: str = "", versioned: bool = False, attempts: str = "", **more: Any) -> dict[str, Any]:
    """Keyword arguments for a Ninja route: ``x-permission``, and ``x-entitlement`` where a limit may answer 402.

    ``permission`` is the word that the guard inside asks for, or ``signed_in``, ``person`` or ``public``; a house test
    compares the two. ``versioned`` says that ``If-Match`` is heeded; ``attempts`` says how often one may try before 429
    (``x-attempts``). ``more`` are further members of the operation object, such as a ``requestBody`` that isn't JSON.
    """
    extra = {"x-permission": permission} | ({"x-entitlement": entitlement} if entitlement else {}) | more
    if versioned:
        extra["parameters"] = [IF_MATCH]
    if attempts:
        extra["x-attempts"] = attempts
    return {"openapi_extra": extra}
