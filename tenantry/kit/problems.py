"""The one shape of an error: RFC 9457 problem details, raised anywhere, rendered at the edge.

Services raise a ``Problem``; the API renders it as ``application/problem+json`` and the portal as a
sentence beside the field or as an error page. Codes are listed in docs/errors.md.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

TYPE_BASE = "https://tenantry.dev/problems/"


class Problem(Exception):
    """An answer that is not a success.

    ``status`` is the HTTP status, ``code`` lower snake case and stable, ``detail`` a sentence for a person
    that says the way out. Further members (``resource_type``, ``limit``, ``errors``…) are named ones.
    """

    def __init__(self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.status = int(status)
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.members = members

    @property
    def title(self) -> str:
        return self.code.replace("_", " ").capitalize()

    def pointing(self, renamed: Callable[[str], str]) -> Problem:
        """The same problem of something that this was a part of (or a part of this): its pointers under other names."""
        errors = [{**error, "pointer": renamed(error.get("pointer", ""))} for error in self.members.get("errors", [])]
        return Problem(self.status, self.code, self.detail, headers=self.headers, **{**self.members, "errors": errors})

    def body(self) -> dict[str, Any]:
        """The JSON object of RFC 9457 §3."""
        return {
            "type": TYPE_BASE + self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **self.members,
        }


def invalid(detail: str, *, pointer: str, code: str = "validation_failed", status: int = 422) -> Problem:
    """One wrong field: ``pointer`` is its JSON pointer (RFC 6901) in the request body, such as ``/email``."""
    return Problem(status, code, detail, errors=[{"pointer": pointer, "detail": detail}])


def not_found(what: str = "resource") -> Problem:
    """404 for what does not exist and for what the caller may not know to exist: the two read the same."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"There is no such {what}, or you may not see it.")


def forbidden(permission: str) -> Problem:
    """403 for somebody who may see the thing but lacks the permission."""
    return Problem(HTTPStatus.FORBIDDEN, "permission_denied", f"This needs the permission {permission}.", permission=permission)


def conflict(code: str, detail: str, **members: Any) -> Problem:
    """409 for a change that the present state does not allow."""
    return Problem(HTTPStatus.CONFLICT, code, detail, **members)
