"""The vendor's questions: is she a member, may she do this? One look-up, one decision, no ORM.

The edge answers single questions on its own connection, the API answers batches on Django's; both look up with the
database's ``access_question`` and decide with ``decide``. Nothing here is remembered between two questions: a change of role, a
suspension or a revoked key counts in the very next answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from tenantry.access.permissions import registered, role_holds
from tenantry.kit import ids
from tenantry.kit.problems import Problem, invalid

from .states import SUSPENDED, is_reading, refusal

# The look-up is a function of the database (migration 0003 says why); row-level security holds in it as everywhere.
# Many at once, in order, in one statement: all answers are of one moment.
SQL_OF_MANY: Final = """
select a.state, a.user_status, a.role, a.status, a.vendor_roles
  from unnest(%(organizations)s::uuid[], %(users)s::uuid[], %(emails)s::text[], %(permissions)s::text[])
       with ordinality q(organization, person, address, asked, n),
       lateral access_question(q.organization, q.person, q.address, q.asked) a
 order by q.n
"""


@dataclass(frozen=True, slots=True)
class Question:
    """``user`` is a ``usr_`` identifier or an e-mail address; ``resource`` is echoed for policies to come."""

    user_id: UUID | None
    email: str | None
    organization_id: UUID
    permission: str

    def parameters(self) -> dict[str, Any]:
        """For ``access_check`` (migration 0004), which the edge calls."""
        return {
            "organization": self.organization_id,
            "user": self.user_id,
            "email": self.email,
            "permission": self.permission,
        }


def parameters_of_many(asked: Sequence[Question]) -> dict[str, list[Any]]:
    """For ``SQL_OF_MANY``."""
    return {
        "organizations": [question.organization_id for question in asked],
        "users": [question.user_id for question in asked],
        "emails": [question.email for question in asked],
        "permissions": [question.permission for question in asked],
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """``reason`` names the rule that decided; ``source`` says whose permission it is: ``built_in`` or ``vendor``."""

    allowed: bool
    reason: str
    role: str | None = None
    source: str | None = None

    def body(self) -> dict[str, Any]:
        return {"allowed": self.allowed, "reason": self.reason, "role": self.role, "source": self.source}


def read(body: Any) -> Question:
    """A question from JSON. Raises Problem 422 with a pointer to each wrong member."""
    if not isinstance(body, dict):
        raise invalid("Send an object with user, organization and permission.", pointer="")
    if unknown := body.keys() - {"user", "organization", "permission", "resource"}:
        raise Problem(
            422, "validation_failed", "There are members that a question doesn't have.",
            errors=[{"pointer": f"/{name}", "detail": "A question has no such member."} for name in sorted(unknown)],
        )  # fmt: skip
    given = {name: body.get(name) for name in ("user", "organization", "permission")}
    errors = [
        {"pointer": f"/{name}", "detail": "This is needed, as text of 1 to 300 printable characters."}
        for name, value in given.items()
        if not _is_text(value)
    ]
    if errors:
        raise Problem(422, "validation_failed", "user, organization and permission are needed.", errors=errors)
    user, organization, permission = (str(given[name]) for name in given)
    return Question(
        user_id=None if "@" in user else _decoded("usr", user, "/user"),
        email=user.strip().lower() if "@" in user else None,
        organization_id=_decoded("org", organization, "/organization"),
        permission=permission,
    )


def _is_text(value: Any) -> bool:
    # Printable: no NUL and no lone surrogate, which PostgreSQL takes neither of.
    return isinstance(value, str) and 0 < len(value) <= 300 and value.isprintable()


def _decoded(prefix: str, text: str, pointer: str) -> UUID:
    try:
        return ids.decode(prefix, text)
    except ValueError as error:
        raise invalid(f"This is no {prefix}_… identifier.", pointer=pointer, code="identifier_invalid") from error


def decide(question: Question, row: tuple[Any, ...] | None) -> Answer:
    """The answer from the one row of ``access_question``: existence first, then membership, then state, then permission."""
    state, user_status, role, status, vendor_roles = row or (None,) * 5
    if state is None:
        return Answer(False, "organization_unknown")
    if user_status is None:
        return Answer(False, "user_unknown")
    if role is None or status in ("removed", "erased"):
        return Answer(False, "not_a_member")
    if user_status != "active":
        return Answer(False, f"user_{user_status}", role)
    if status != "active":
        return Answer(False, f"membership_{status}", role)
    return _by_permission(question.permission, state, role, vendor_roles)


def _by_permission(permission: str, state: str, role: str, vendor_roles: list[str] | None) -> Answer:
    if vendor_roles is not None:
        if code := _vendor_refusal(state, permission):
            return Answer(False, code, role, "vendor")
        allowed = role in vendor_roles
        return Answer(allowed, "role_grants" if allowed else "role_lacks_permission", role, "vendor")
    if permission not in registered():
        return Answer(False, "permission_unknown", role)
    if code := refusal(state, permission):
        return Answer(False, code, role, "built_in")
    allowed = role_holds(role, permission)
    return Answer(allowed, "role_grants" if allowed else "role_lacks_permission", role, "built_in")


def _vendor_refusal(state: str, permission: str) -> str | None:
    if state == SUSPENDED:
        return None if is_reading(permission) else "organization_suspended"
    return refusal(state, permission)
