"""``POST /scim/v2/Users``: a directory's new person. One statement does what Django does with ten (scim/migrations/0004_arrive.py).

It makes the person when nothing at all stands against it. Whatever is to be refused, found again or looked at twice is left to Django,
which begins anew: nothing was done then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from tenantry.kit.problems import Problem

from .hot import Answered, Asked, HandOver, header


class Rules(Protocol):
    """What the directories' room hands in."""

    STATEMENT: LiteralString
    MOST: int

    def available(self) -> bool: ...
    def well_formed(self, token: str) -> bool: ...
    def read(self, body: bytes) -> Any: ...
    def parameters(self, fresh: Any, *, slug: str, token: str, caller: str | None, request_id: str, user_agent: str) -> dict[str, Any]: ...
    def told(self, fresh: Any, parameters: dict[str, Any], row: dict[str, Any]) -> tuple[LiteralString, Sequence[Any]]: ...
    def answer(self, fresh: Any, row: dict[str, Any]) -> tuple[int, bytes, str, dict[str, str], dict[str, str]]: ...


class Arrival:
    """Tries what a directory asks for most often, and hands over the rest."""

    address = "/scim/v2/Users"

    def __init__(self, rules: Rules) -> None:
        self.rules, self.most = rules, rules.MOST

    def wants(self, scope: dict[str, Any]) -> bool:
        """A plain JSON body of no great length, and an answer in full."""
        length, kind = header(scope, b"content-length"), header(scope, b"content-type").partition(";")[0].strip().lower()
        plain = kind in ("application/scim+json", "application/json") and not scope["query_string"]
        return plain and length.isdecimal() and int(length) <= self.most and self.rules.available()

    async def answer(self, asked: Asked, pool: AsyncConnectionPool) -> Answered:
        """Raises HandOver, never a Problem: what is refused is refused, and kept, in one place."""
        if not self.rules.well_formed(asked.credential):
            raise HandOver
        try:
            fresh = self.rules.read(asked.body)
            parameters = self.rules.parameters(
                fresh,
                slug=asked.slug,
                token=asked.credential,
                caller=asked.caller,
                request_id=asked.request_id,
                user_agent=asked.user_agent,
            )
            async with pool.connection() as connection:
                row = await self._made(connection, {**parameters, "telling": False})
                if row["subscribers"]:  # then it is nothing yet: a person and the deliveries that tell of them come together
                    async with connection.transaction():
                        row = await self._made(connection, {**parameters, "telling": True})
                        await connection.execute(*self.rules.told(fresh, parameters, row))
        except (Problem, psycopg.Error) as error:  # also two at once with one name, and more requests than allowed
            raise HandOver from error
        return Answered(*self.rules.answer(fresh, row))

    async def _made(self, connection: psycopg.AsyncConnection[Any], parameters: dict[str, Any]) -> dict[str, Any]:
        async with connection.cursor(row_factory=dict_row) as cursor:
            row = await (await cursor.execute(self.rules.STATEMENT, parameters)).fetchone()
        if row is None:
            raise HandOver
        return row
