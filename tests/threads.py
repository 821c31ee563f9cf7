"""Threads of tests, which give back the database connections that they took: a process has sixteen, and a thread keeps its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Threads(ThreadPoolExecutor):
    """A ThreadPoolExecutor for whatever may ask the database."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        def run() -> Any:
            from django.db import connections  # Django is set up by the time of the first test

            try:
                return call(*args, **kwargs)
            finally:
                connections.close_all()

        return super().submit(run)


_WAITING = """
    with recursive waiting (pid) as (
        select pid from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))
        union select l.pid from pg_locks l join waiting w on not l.granted and w.pid = any (pg_blocking_pids(l.pid)))
    select count(*) from waiting"""


def until_waited_for(using: str, *, by: int = 1) -> None:
    """Until so many in the database wait for what this open transaction holds, or for who does."""
    from django.db import connections

    ends = time.monotonic() + 15
    with connections[using].cursor() as cursor:
        while True:
            cursor.execute(_WAITING)
            if cursor.fetchone()[0] >= by:
                return
            assert time.monotonic() < ends, "nobody waits"
            time.sleep(0.02)


def meet(tenant: Any, table: str, *calls: Callable[[], Any]) -> list[Any]:
    """Calls that are certain to meet: all have come as far as their first change of this table, or wait for who has, before one goes on."""
    from django.db import connections

    with Threads(len(calls)) as pool:
        with tenant.scope() as entered:
            connections[entered.using].cursor().execute(f"lock table {table} in share row exclusive mode")
            answers = [pool.submit(call) for call in calls]
            until_waited_for(entered.using, by=len(calls))
        return [answer.result() for answer in answers]
