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


def until_waited_for(using: str) -> None:
    """Until somebody in the database waits for what this open transaction holds."""
    from django.db import connections

    ends = time.monotonic() + 15
    with connections[using].cursor() as cursor:
        while True:
            cursor.execute("select 1 from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))")
            if cursor.fetchone():
                return
            assert time.monotonic() < ends, "nobody waits"
            time.sleep(0.02)
