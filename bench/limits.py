"""Rate limits: whether one holds over four processes, and what counting costs."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from uuid import UUID

from . import rig
from .load import load

LIMIT, TRIES = 600, 2_000


def admitted(key: str) -> int:
    """How many of the requests with one key get through, sent as fast as it goes to four processes of the server."""
    before = os.environ["TENANTRY_RATE_LIMITS"]
    os.environ["TENANTRY_RATE_LIMITS"] = f"requests={LIMIT}/5m"
    try:
        with rig.server("config.asgi:application", workers=4) as ours:
            headers = {"Authorization": f"Bearer {key}"}
            return load(f"{ours}/api/v1/me", bodies=[""], headers=headers, count=TRIES, connections=32).statuses.get("200", 0)
    finally:
        os.environ["TENANTRY_RATE_LIMITS"] = before


def cost(tenant: str, runs: int = 9, loops: int = 300) -> tuple[float, float]:
    """Milliseconds for counting one request in PostgreSQL, and for one statement in a scope of its own; medians, in turns."""
    from django.db import connections

    from tenantry.access.counters import Question, ask
    from tenantry.tenancy.scope import aside, scope

    question = Question("bench", 1_000_000_000, 300, UUID(tenant))

    def statement() -> None:
        with aside() as opened, connections[opened.using].cursor() as cursor:
            cursor.execute("select 1")

    def timed(act: Callable[[], object]) -> float:
        began = time.perf_counter()
        for _ in range(loops):
            act()
        return (time.perf_counter() - began) / loops * 1000

    with scope(UUID(tenant)):
        pairs = [(timed(lambda: ask(question)), timed(statement)) for _ in range(runs)]
    return statistics.median(ours for ours, _ in pairs), statistics.median(theirs for _, theirs in pairs)
