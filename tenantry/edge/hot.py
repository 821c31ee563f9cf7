"""The hot paths: addresses answered in plain ASGI beside Django, each with one statement and one round trip to the database.

What a request means and how it is decided is handed in (``config/asgi.py``): this room knows how to be fast and nothing else.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tenantry.kit import metrics, tracing
from tenantry.kit.context import caller_address, request_id_of
from tenantry.kit.hardening import headers_of_data
from tenantry.kit.problems import Problem

ASGI = Callable[[dict[str, Any], Callable[..., Awaitable[Any]], Callable[..., Awaitable[Any]]], Awaitable[None]]
log = structlog.get_logger("tenantry.request")
# PgBouncer in transaction mode gives each transaction another server, where a prepared statement is unknown.
_KWARGS = {"autocommit": True, "prepare_threshold": None}
_PREFIX = re.compile("/t/([a-z0-9-]{3,30})")


@dataclass(slots=True)
class Asked:
    """One request: of which tenant, by which credential, from where. ``body`` is whole, and within the path's bound."""

    slug: str
    credential: str = field(repr=False)
    caller: str | None
    request_id: str
    user_agent: str
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Answered:
    """``body`` as it is sent; ``who`` are identifiers for the log."""

    status: int
    body: bytes
    media_type: str
    headers: dict[str, str] = field(default_factory=dict)
    who: dict[str, str] = field(default_factory=dict)


class HandOver(Exception):
    """This request is none for the hot path after all: nothing was done of it, and Django answers it."""


class HotPath(Protocol):
    """A POST at one address, below ``/t/<slug>`` where there are several tenants."""

    address: str
    most: int
    """How many bytes a body may have here."""

    def wants(self, scope: dict[str, Any]) -> bool:
        """Whether to try this request at all; its address and its Authorization are there."""

    async def answer(self, asked: Asked, pool: AsyncConnectionPool) -> Answered:
        """Raises Problem for a refusal, HandOver."""


class HotPaths:
    """Answers what a hot path wants, and passes everything else on. Its pool is open from the server's start to its end."""

    def __init__(
        self, otherwise: ASGI, paths: Sequence[HotPath], *, dsn: str, multi: bool, default_slug: str,
        proxies: int = 0, https: bool = False, pool: int = 8,
    ) -> None:  # fmt: skip
        self.otherwise, self.multi, self.default_slug, self.proxies = otherwise, multi, default_slug, proxies
        self._paths = tuple(paths)
        # Encoded once: a hot path answers some thousand times a second.
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers_of_data(https=https).items()]
        self._headers.append((b"cache-control", b"no-store"))
        self._dsn, self._size = dsn, pool
        self._pool: AsyncConnectionPool | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path, slug = self._path(scope)
        if path is None:
            await self.otherwise(scope, receive, send)
            return
        started, request_id = time.perf_counter(), request_id_of(header(scope, b"x-request-id"))
        body, whole = await _body(receive, path.most)
        try:
            answered = await self._answered(path, scope, slug, request_id, body, whole=whole)
        except HandOver:
            await self.otherwise(scope, _again(body, receive, whole=whole), send)
            return
        await _send(send, answered, [*self._headers, (b"x-request-id", request_id.encode())])
        seconds = time.perf_counter() - started
        metrics.requests.labels("POST", path.address, str(answered.status)).inc()
        metrics.request_seconds.labels("POST", path.address).observe(seconds)
        tracing.describe_request(method="POST", route=path.address, status=answered.status, **answered.who)
        ms = round(seconds * 1000, 1)
        log.info("edge", method="POST", path=scope["path"], status=answered.status, ms=ms, request_id=request_id, **answered.who)

    def _path(self, scope: dict[str, Any]) -> tuple[HotPath | None, str]:
        """The hot path for a request, and the slug of its tenant."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return None, ""
        path = next((each for each in self._paths if scope["path"].endswith(each.address)), None)
        if path is None:
            return None, ""
        head, slug = scope["path"][: -len(path.address)], self.default_slug
        if self.multi:
            found = _PREFIX.fullmatch(head)
            slug = found[1] if found else ""
        elif head:
            return None, ""
        if not slug or not header(scope, b"authorization") or not path.wants(scope):
            return None, ""
        return path, slug

    async def _answered(self, path: HotPath, scope: dict[str, Any], slug: str, request_id: str, body: bytes, *, whole: bool) -> Answered:
        """An answer, or a problem in the one shape. Raises HandOver."""
        scheme, _, credential = header(scope, b"authorization").partition(" ")
        caller = caller_address((scope.get("client") or ("",))[0], header(scope, b"x-forwarded-for"), proxies=self.proxies)
        agent = header(scope, b"user-agent")[:300]
        try:
            if not whole:
                raise Problem(413, "body_too_large", f"A body has at most {path.most // 1024:,} KB here.")
            asked = Asked(slug, credential.strip() if scheme.lower() == "bearer" else "", caller, request_id, agent, body)
            return await path.answer(asked, await self._opened())
        except Problem as problem:
            return _refusal(problem)
        except (psycopg.OperationalError, PoolTimeout):
            busy = Problem(503, "busy", "The database doesn't answer. Try again in a moment.", headers={"Retry-After": "1"})
            return _refusal(busy)

    async def _live(self, receive: Any, send: Any) -> None:
        """From the server's start to its end (ASGI lifespan protocol)."""
        await receive()
        await self._opened()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._pool is not None:
            await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _opened(self) -> AsyncConnectionPool:
        if self._pool is None:
            pool = AsyncConnectionPool(self._dsn, min_size=1, max_size=self._size, open=False, kwargs=_KWARGS, timeout=10)
            self._pool = pool
            await pool.open()
        return self._pool


def header(scope: dict[str, Any], name: bytes) -> str:
    """A header of a request, or ``""``."""
    found = [value for key, value in scope["headers"] if key == name]
    return b",".join(found).decode("latin-1") if found else ""


def _refusal(problem: Problem) -> Answered:
    metrics.refused(problem.status, problem.code)
    headers = {**problem.headers, **({"www-authenticate": "Bearer"} if problem.status == 401 else {})}
    return Answered(problem.status, json.dumps(problem.body()).encode(), "application/problem+json", headers)


def _again(body: bytes, receive: Any, *, whole: bool) -> Callable[[], Awaitable[Any]]:
    """The ``receive`` of a request of whose body this much was read already."""
    messages = [{"type": "http.request", "body": body, "more_body": not whole}]

    async def receive_again() -> Any:
        return messages.pop() if messages else await receive()

    return receive_again


async def _body(receive: Any, most: int) -> tuple[bytes, bool]:
    """What was sent, and whether that is all: reading ends where it becomes too much."""
    chunks, size, more = [], 0, True
    while more and size <= most:
        message = await receive()
        chunk = message.get("body", b"")
        size, more = size + len(chunk), message.get("more_body", False)
        chunks.append(chunk)
    return b"".join(chunks), not more and size <= most


async def _send(send: Any, answered: Answered, headers: list[tuple[bytes, bytes]]) -> None:
    headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in answered.headers.items()]
    headers += [(b"content-type", answered.media_type.encode()), (b"content-length", str(len(answered.body)).encode())]
    await send({"type": "http.response.start", "status": answered.status, "headers": headers})
    await send({"type": "http.response.body", "body": answered.body})
