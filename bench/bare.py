"""The least that an answer from the database can cost: the peer of ``access/check``."""

from __future__ import annotations

import os
from typing import Any

from psycopg_pool import AsyncConnectionPool

from config.database import role_dsn
from config.environment import environment

_pool: AsyncConnectionPool | None = None
_SELECT = "select role, status from organizations_membership where tenant_id = %s and organization_id = %s and user_id = %s"
_IDS = os.environ.get("BENCH_IDS", "").split(",")


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    global _pool
    if scope["type"] == "lifespan":
        await receive()
        _pool = AsyncConnectionPool(role_dsn(environment(), "app"), min_size=1, max_size=8, open=False, kwargs={"autocommit": True})
        await _pool.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await _pool.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await receive()
    assert _pool is not None
    async with _pool.connection() as connection, connection.pipeline(), connection.transaction():
        await connection.execute("select set_config('app.tenant_id', %s, true), set_config('app.org_scope', '*', true)", [_IDS[0]])
        row = await (await connection.execute(_SELECT, _IDS)).fetchone()
    body = b'{"role": "%s"}' % (row[0].encode() if row else b"")
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})
