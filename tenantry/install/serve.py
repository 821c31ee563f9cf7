"""The two long-lived processes: ``web`` (granian) and ``worker`` (procrastinate)."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from typing import Any

from config import logs
from config.environment import Environment

from . import counting
from .prepare import leave

STOP_SECONDS = 8


def address(settings: Environment, host: str = "") -> str:
    """Where to listen: on this machine only in development, on all interfaces in production."""
    return host or ("127.0.0.1" if settings.developing else "0.0.0.0")  # noqa: S104  # behind the operator's proxy


def web(settings: Environment, host: str = "") -> None:
    """Serve config.asgi until a signal comes."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    follow_parent()
    counting.share(settings)
    server: Any = Server(
        "config.asgi:application",
        address=address(settings, host),
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_dictconfig=logs.for_granian(settings),
        log_level=LogLevels.warning if supervised() else LogLevels.info,
        process_name=None,
    )
    server.serve()


def worker(settings: Environment) -> None:
    """Run jobs of all queues, and the schedules, until a signal comes. Needs ``prepare.django()`` first."""
    from django.db import connections
    from procrastinate import PsycopgConnector
    from procrastinate.contrib.django import DjangoApp, app
    from procrastinate.contrib.django.utils import connector_params

    from tenantry.jobs.running import Running
    from tenantry.kit import tracing
    from tenantry.maintenance.holding import hold_back, teach

    follow_parent()
    tracing.start("tenantry-worker")
    # A second app with the same tasks. The contrib's own command would swap the connector of the one app, and a task
    # that defers another inside a scope would then do so on a connection of its own: outside its transaction.
    runner = DjangoApp(connector=PsycopgConnector(kwargs=connector_params("default"), min_size=1, max_size=3))
    runner.tasks = app.tasks
    teach(app.tasks.values())
    runner.periodic_registry = app.periodic_registry

    async def run() -> None:
        from . import delivering

        engine, delivered = delivering.start(settings)

        async def stop_delivering() -> None:
            engine.stop()
            await delivered

        async with runner.open_async():
            running = Running(runner, silence=settings.worker_timeout, grace=STOP_SECONDS - 2, around=[hold_back])
            finished = await running.run(beside=stop_delivering)
            if not finished:
                tracing.stop()
                leave()
                os._exit(0)  # without waiting for threads; whatever they had not committed is undone by the database

    try:
        asyncio.run(run())
    finally:
        tracing.stop()
        connections.close_all()


def supervised() -> bool:
    """Whether ``tenantry up`` started this process."""
    return bool(os.environ.get("TENANTRY_SUPERVISED"))


def follow_parent() -> None:
    """Stop when the supervisor is gone, however it went: no orphan keeps the port or the database."""
    if not supervised():
        return
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_SECONDS + 4)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="follow parent", daemon=True).start()
