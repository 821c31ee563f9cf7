"""Threads of tests, which give back the database connections that they took: a process has sixteen, and a thread keeps its own."""

from __future__ import annotations

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
