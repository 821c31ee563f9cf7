"""The two long-lived processes: ``web`` (granian) and ``worker`` (procrastinate)."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from typing import Any

from config import logs
from config.environment import Environment

from . import counting

WORKER_NAME = "tenantry"
WORKER_THREADS = 4
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

    from tenantry.maintenance.holding import hold_back, teach

    follow_parent()
    _show_failures()
    # A second app with the same tasks. The contrib's own command would swap the connector of the one app, and a task
    # that defers another inside a scope would then do so on a connection of its own: outside its transaction.
    runner = DjangoApp(connector=PsycopgConnector(kwargs=connector_params("default"), min_size=1, max_size=3))
    runner.tasks = app.tasks
    teach(app.tasks.values())
    runner.periodic_registry = app.periodic_registry

    async def run() -> None:
        from . import delivering

        engine, delivered = delivering.start(settings)
        async with runner.open_async():
            await runner.run_worker_async(
                name=WORKER_NAME,
                concurrency=WORKER_THREADS,
                delete_jobs="never",  # old ones go by tasks.remove_old_jobs
                shutdown_graceful_timeout=STOP_SECONDS - 2,
                task_middleware=[hold_back],
            )
        engine.stop()
        await delivered

    try:
        asyncio.run(run())
    finally:
        connections.close_all()


def _show_failures() -> None:
    """Procrastinate tells of a failure that it will retry as mere information; somebody should see the first one too.

    One that maintenance holds back has not failed.
    """
    from tenantry.maintenance.holding import Held

    logger = logging.getLogger(f"procrastinate.worker.{WORKER_NAME}")
    logger.setLevel(logging.INFO)
    logger.addFilter(lambda record: record.levelno >= logging.WARNING or bool(record.exc_info and not isinstance(record.exc_info[1], Held)))


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
