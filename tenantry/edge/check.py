"""``POST /api/v1/access/check`` on the hot path: plain ASGI, one statement, one round trip.

The statement enters the tenant, looks up the key and the question's facts (organizations/migrations/0004). What the
question means and how it is decided is handed in (``config/asgi.py``): this room knows how to be fast and nothing else.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tenantry.kit import crypto, metrics, tracing
from tenantry.kit.context import caller_address, request_id_of
from tenantry.kit.hardening import headers_of_data
from tenantry.kit.problems import Problem

ASGI = Callable[[dict[str, Any], Callable[..., Awaitable[Any]], Callable[..., Awaitable[Any]]], Awaitable[None]]
log = structlog.get_logger("tenantry.request")
# PgBouncer in transaction mode gives each transaction another server, where a prepared statement is unknown.
_KWARGS = {"autocommit": True, "prepare_threshold": None}
MAX_BODY = 16 * 1024
PATH = "/api/v1/access/check"
_PREFIX = re.compile("/t/([a-z0-9-]{3,30})")

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
    """Answers the question, and passes everything else (other paths, sessions, other methods) on."""

    def __init__(
        self, otherwise: ASGI, *, dsn: str, rules: Rules, multi: bool, default_slug: str,
        proxies: int = 0, https: bool = False, pool: int = 8,
    ) -> None:  # fmt: skip
        self.otherwise, self.rules, self.multi, self.default_slug, self.proxies = otherwise, rules, multi, default_slug, proxies
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers_of_data(https=https).items()]
        self._dsn, self._size = dsn, pool
        self._pool: AsyncConnectionPool | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        slug = self._slug(scope)
        authorization = _header(scope, b"authorization")
        if slug is None or not authorization:
            await self.otherwise(scope, receive, send)
            return
        started, request_id = time.perf_counter(), request_id_of(_header(scope, b"x-request-id"))
        caller = caller_address((scope.get("client") or ("",))[0], _header(scope, b"x-forwarded-for"), proxies=self.proxies)
        try:
            status, body, headers = await self._answered(slug, authorization, caller, receive)
        except _Refused as refused:
            await self.otherwise(scope, _again(refused.body, receive), send)
            return
        kind = b"application/json" if status == 200 else b"application/problem+json"
        await _send(send, status, kind, json.dumps(body).encode(), request_id, [*self._headers, *headers])
        seconds = time.perf_counter() - started
        metrics.requests.labels("POST", PATH, str(status)).inc()
        metrics.request_seconds.labels("POST", PATH).observe(seconds)
        tracing.describe_request(method="POST", route=PATH, status=status)
        log.info("edge", method="POST", path=scope["path"], status=status, ms=round(seconds * 1000, 1), request_id=request_id)

    async def _answered(
        self, slug: str, authorization: str, caller: str | None, receive: Any
    ) -> tuple[int, dict[str, Any], list[tuple[bytes, bytes]]]:
        """Status, body and extra headers: an answer, or a problem in the one shape. Raises _Refused."""
        try:
            return 200, await self._answer(slug, authorization, caller, await _body(receive)), []
        except Problem as problem:
            metrics.refused(problem.status, problem.code)
            return problem.status, problem.body(), [(b"www-authenticate", b"Bearer")] if problem.status == 401 else []
        except (psycopg.OperationalError, PoolTimeout):
            busy = Problem(503, "busy", "The database doesn't answer. Try again in a moment.")
            return busy.status, busy.body(), [(b"retry-after", b"1")]

    async def _live(self, receive: Any, send: Any) -> None:
        """The pool is open from the server's start to its end (ASGI lifespan protocol)."""
        await receive()
        await self._opened()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._pool is not None:
            await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _slug(self, scope: dict[str, Any]) -> str | None:
        """The tenant's slug when this request is for us, else None."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith(PATH):
            return None
        head = scope["path"][: -len(PATH)]
        if not self.multi:
            return self.default_slug if not head else None
        found = _PREFIX.fullmatch(head)
        return found[1] if found else None

    async def _answer(self, slug: str, authorization: str, caller: str | None, body: bytes) -> dict[str, Any]:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not self.rules.well_formed(key.strip()):
            raise Problem(401, "key_invalid", "Send the key as “Authorization: Bearer <key>”.")
        try:
            question = self.rules.read(json.loads(body))
        except (ValueError, RecursionError) as error:
            raise Problem(400, "json_invalid", "The body is not JSON.") from error
        parameters = {"slug": slug, "key": crypto.digest(key.strip()), "caller": caller, **question.parameters()}
        pool = await self._opened()
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
            raise _Refused(body)
        self.rules.may_ask(staff_role, organization_id, scopes, question.organization_id)
        return self.rules.decide(question, found[10:])

    async def _opened(self) -> AsyncConnectionPool:
        if self._pool is None:
            pool = AsyncConnectionPool(self._dsn, min_size=1, max_size=self._size, open=False, kwargs=_KWARGS, timeout=10)
            self._pool = pool
            await pool.open()
        return self._pool


def _closed(windows: list[dict[str, Any]] | None, organization_id: UUID, moment: datetime) -> bool:
    """Whether a maintenance window under way refuses even reading. ``maintenance_near`` leaves out what is over."""
    return any(
        window["mode"] == "everything"
        and window["organization_id"] in (None, str(organization_id))
        and datetime.fromisoformat(window["starts_at"]) <= moment
        for window in windows or ()
    )


class _Refused(Exception):
    """A key that is known and no longer works here, or maintenance: Django says why, in the words of every other door, and records it."""

    def __init__(self, body: bytes) -> None:
        self.body = body


def _again(body: bytes, receive: Any) -> Callable[[], Awaitable[Any]]:
    """The ``receive`` of a request whose body was read already."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Any:
        return messages.pop() if messages else await receive()

    return receive_again


def _header(scope: dict[str, Any], name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


async def _body(receive: Any) -> bytes:
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        chunk = message.get("body", b"")
        size, more = size + len(chunk), message.get("more_body", False)
        if size > MAX_BODY:
            raise Problem(413, "body_too_large", "A question has at most 16 KB.")
        chunks.append(chunk)
    return b"".join(chunks)


async def _send(send: Any, status: int, content_type: bytes, body: bytes, request_id: str, headers: Any = ()) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
                (b"x-request-id", request_id.encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
