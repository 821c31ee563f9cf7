"""``POST /api/v1/access/check``: may this person do that? A key asks, as often as the vendor's product answers its users.

The statement enters the tenant and looks up the key and the question's facts (organizations/migrations/0004).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from tenantry.kit import crypto
from tenantry.kit.problems import Problem

from .hot import Answered, Asked, HandOver

_ASK = """
select tenant_status, clock_offset, key_id, staff_role, key_organization, scopes, expires_at, revoked_at, admitted,
       maintenance_near(%(slug)s), state, user_status, role, status, vendor_roles
  from access_check(%(slug)s, %(key)s, %(caller)s::inet, %(organization)s::uuid, %(user)s::uuid, %(email)s::text, %(permission)s::text)
"""


class Rules(Protocol):
    """What the rooms above hand in."""

    def read(self, body: Any) -> Any: ...
    def decide(self, question: Any, row: tuple[Any, ...] | None) -> dict[str, Any]: ...
    def may_ask(self, staff_role: str, organization_id: UUID | None, scopes: list[str] | None, asked: UUID) -> None: ...
    def well_formed(self, key: str) -> bool: ...


class AccessCheck:
    """Answers a key's question. Sessions, and keys that no longer work, are left to Django."""

    address = "/api/v1/access/check"
    most = 16 * 1024

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def wants(self, scope: dict[str, Any]) -> bool:
        """Every question that comes with a key."""
        return True

    async def answer(self, asked: Asked, pool: AsyncConnectionPool) -> Answered:
        """Raises Problem 400, 401, 403, 404, 422; HandOver."""
        if not self.rules.well_formed(asked.credential):
            raise Problem(401, "key_invalid", "Send the key as “Authorization: Bearer <key>”.")
        try:
            question = self.rules.read(json.loads(asked.body))
        except (ValueError, RecursionError) as error:
            raise Problem(400, "json_invalid", "The body is not JSON.") from error
        parameters = {"slug": asked.slug, "key": crypto.digest(asked.credential), "caller": asked.caller, **question.parameters()}
        async with pool.connection() as connection:  # one statement: its own transaction, which ends the settings it made
            found = await (await connection.execute(_ASK, parameters)).fetchone()
        if found is None:
            raise Problem(404, "tenant_not_found", "There is no workspace at this address.")
        tenant_status, offset, key_id, staff_role, organization_id, scopes, expires_at, revoked_at, admitted, windows = found[:10]
        if tenant_status == "suspended":
            raise Problem(403, "tenant_suspended", "This workspace is suspended. Its operator can lift that.")
        if key_id is None:
            raise Problem(401, "key_invalid", "This is not a key of this workspace.")
        moment = datetime.now(UTC) + offset
        if revoked_at or not admitted or (expires_at and expires_at <= moment) or _closed(windows, question.organization_id, moment):
            raise HandOver  # Django says why, in the words of every other door, and records it
        self.rules.may_ask(staff_role, organization_id, scopes, question.organization_id)
        return Answered(200, json.dumps(self.rules.decide(question, found[10:])).encode(), "application/json")


def _closed(windows: list[dict[str, Any]] | None, organization_id: UUID, moment: datetime) -> bool:
    """Whether a maintenance window under way refuses even reading. ``maintenance_near`` leaves out what is over."""
    return any(
        window["mode"] == "everything"
        and window["organization_id"] in (None, str(organization_id))
        and datetime.fromisoformat(window["starts_at"]) <= moment
        for window in windows or ()
    )
