"""A worker: takes jobs of all queues, runs them side by side, notes how each went, and stops without losing one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from procrastinate import App, JobContext, jobs
from procrastinate.exceptions import ConnectorException
from procrastinate.middleware import SyncTaskMiddleware
from procrastinate.worker import Worker
from structlog.contextvars import bound_contextvars

from tenantry.kit import metrics, tracing

from . import bookkeeping
from .held import Held

log = structlog.get_logger("tenantry.jobs")
NAME, THREADS = "tenantry", 4


class Running:
    """One per worker process. ``app`` has a connector of its own (install/serve.py); ``silence`` is how many seconds without a sign of
    life make a worker a lost one; ``around`` is what other rooms put around each job (it may raise ``Held``)."""

    def __init__(self, app: App, *, silence: float, grace: float, around: Sequence[SyncTaskMiddleware] = ()) -> None:
        self.app, self.silence, self.grace, self.around = app, silence, grace, list(around)
        self.jobs: dict[int, jobs.Job] = {}
        self.worker: Worker | None = None
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Begin no more jobs; those that run have ``grace`` seconds."""
        self._stop.set()

    async def run(self, *, beside: Callable[[], Awaitable[None]] | None = None) -> bool:
        """Work until a signal or ``stop``; True when everything ended by itself, False when jobs had to be given back.

        ``beside`` is called at the beginning of the end, and is awaited with the jobs. After False the process must end at once
        (``os._exit``): the threads of the jobs given back still run, and only their end undoes what they were about.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        serving = asyncio.create_task(self._serve(), name="jobs")
        rescuing = asyncio.create_task(self._rescue(), name="rescue")
        asked = asyncio.create_task(self._stop.wait())
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        died = serving.done()
        rescuing.cancel()
        asked.cancel()
        serving.cancel()  # it takes that as the wish to finish what runs and to begin nothing new
        ending = {serving, asyncio.ensure_future(beside())} if beside else {serving}
        _, left = await asyncio.wait(ending, timeout=self.grace)
        if died:
            serving.result()  # says why
            raise RuntimeError("The worker has stopped working.")
        if serving not in left:
            return True
        worker_id = self.worker.worker_id if self.worker else None
        given = await bookkeeping.give_back(self.app.connector, list(self.jobs), worker=worker_id)
        metrics.jobs.labels("any", "given_back").inc(given)
        log.info("stopped", jobs_given_back=given)
        return False

    async def _serve(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await self.app.run_worker_async(
                name=NAME,
                concurrency=THREADS,
                delete_jobs="never",  # old ones go by install/tasks.py
                install_signal_handlers=False,
                update_heartbeat_interval=self.silence / 3,
                stalled_worker_timeout=self.silence,
                worker_middleware=[self._accompany],
                task_middleware=self.around,
            )

    async def _rescue(self) -> None:
        """Every worker looks after those that were lost; whoever comes first takes their jobs."""
        while True:
            try:
                await bookkeeping.rescue(self.app.connector, silence=self.silence)
            except ConnectorException as error:
                log.warning("lost workers can't be looked for", error=str(error))
            await asyncio.sleep(self.silence / 3)

    async def _accompany(self, run: Callable[[], Awaitable[Any]], context: JobContext, worker: Worker) -> Any:
        """Around every job: ids for the log lines within, a span, a count, and the reason if it fails."""
        job, started = context.job, time.perf_counter()
        tenant = str(job.task_kwargs.get("tenant_id") or "")
        ids: dict[str, Any] = {"job": job.id, "task": job.task_name} | ({"tenant": tenant} if tenant else {})
        assert job.id is not None
        self.worker, self.jobs[job.id] = worker, job
        outcome = "given_back"
        with bound_contextvars(**ids), tracing.span(f"job {job.task_name}", kind="consumer", attributes=_attributes(job, tenant)):
            try:
                result = await run()
                outcome = "succeeded"
                with contextlib.suppress(ConnectorException):  # it is done all the same
                    await bookkeeping.forget_failures(self.app.connector, job)
            except Held:
                outcome = "held"
                raise
            except Exception as error:
                outcome = "retried" if context.task.get_retry_exception(error, job) else "failed"
                with contextlib.suppress(ConnectorException):  # without the database nothing can be kept; the line below is
                    await bookkeeping.keep_failure(self.app.connector, job, error)
                level = logging.ERROR if outcome == "failed" else logging.WARNING
                log.log(level, "job", outcome=outcome, attempt=job.attempts + 1, exc_info=error)
                raise
            finally:
                del self.jobs[job.id]
                seconds = time.perf_counter() - started
                metrics.jobs.labels(job.task_name, outcome).inc()
                metrics.job_seconds.labels(job.task_name).observe(seconds)
                if outcome in ("succeeded", "held"):
                    log.info("job", outcome=outcome, ms=round(seconds * 1000, 1))
            return result


def _attributes(job: jobs.Job, tenant: str) -> dict[str, str | int]:
    """In OpenTelemetry's words for messaging, and ours."""
    found: dict[str, str | int] = {
        "messaging.system": "procrastinate",
        "messaging.operation.type": "process",
        "messaging.destination.name": job.queue,
        "tenantry.job": job.id or 0,
    }
    return found | ({"tenantry.tenant": tenant} if tenant else {})
