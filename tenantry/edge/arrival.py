"""``POST /scim/v2/Users``: a directory's new people in one statement (scim/migrations/0006_arrive_together); Django asks ten for each.

It makes the person when nothing at all stands against it. Whatever is to be refused, found again or looked at twice is left to Django,
which begins anew: nothing was done then. Those who come by one token while a statement is under way go together in the next: they would
wait for each other in the database anyway, where the seats are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString, Protocol

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from tenantry.kit.problems import Problem

from .gathering import Gathering
from .hot import Answered, Asked, HandOver, header

_TOGETHER = 32
"""How many in one statement, at about half a millisecond each: the first of them waits for the last."""


class Rules(Protocol):
    """What the directories' room hands in."""

    STATEMENT: LiteralString
    MOST: int

    def available(self) -> bool: ...
    def well_formed(self, token: str) -> bool: ...
    def read(self, body: bytes, *, request_id: str, caller: str | None, user_agent: str) -> Any: ...
    def parameters(self, people: Sequence[Any], *, slug: str, token: str, caller: str | None) -> dict[str, Any]: ...
    def told(self, people: Sequence[tuple[Any, dict[str, Any]]]) -> tuple[LiteralString, Sequence[Any]]: ...
    def answer(self, person: Any, row: dict[str, Any]) -> tuple[int, bytes, str, dict[str, str], dict[str, str]]: ...


@dataclass(frozen=True, slots=True)
class _Way:
    """By what people come: those who share it may be made together."""

    slug: str
    credential: str = field(repr=False)
    caller: str | None
    pool: AsyncConnectionPool


class Arrival:
    """Tries what a directory asks for most often, and hands over the rest."""

    address = "/scim/v2/Users"

    def __init__(self, rules: Rules) -> None:
        self.rules, self.most = rules, rules.MOST
        self._arriving = Gathering(self._arrive, most=_TOGETHER)

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
            person = self.rules.read(asked.body, request_id=asked.request_id, caller=asked.caller, user_agent=asked.user_agent)
        except Problem as problem:
            raise HandOver from problem
        row = await self._arriving.ask(_Way(asked.slug, asked.credential, asked.caller, pool), person)
        return Answered(*self.rules.answer(person, row))

    async def _arrive(self, way: _Way, people: Sequence[Any]) -> list[dict[str, Any] | Exception]:
        """The row of each, or HandOver in its place."""
        parameters = self.rules.parameters(people, slug=way.slug, token=way.credential, caller=way.caller)
        try:
            async with way.pool.connection() as connection:
                rows = await self._made(connection, {**parameters, "telling": False})
                if rows and rows[0]["place"] is None:  # nobody yet: people and the deliveries that tell of them come together
                    async with connection.transaction():
                        rows = await self._made(connection, {**parameters, "telling": True})
                        if rows:
                            await connection.execute(*self.rules.told([(people[row["place"] - 1], row) for row in rows]))
        except psycopg.Error:  # also two at once with one name, and more requests than allowed
            rows = []
        made = {row["place"]: row for row in rows}
        return [made.get(place) or HandOver() for place in range(1, len(people) + 1)]

    async def _made(self, connection: psycopg.AsyncConnection[Any], parameters: dict[str, Any]) -> list[dict[str, Any]]:
        async with connection.cursor(row_factory=dict_row) as cursor:
            return await (await cursor.execute(self.rules.STATEMENT, parameters)).fetchall()
