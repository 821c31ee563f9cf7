"""What a worker writes about its jobs beside what procrastinate writes: why one failed, and whose worker was lost.

All of it is one statement each, on the worker's own connection, in no tenant's scope.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import Any, Final

import structlog
from procrastinate import jobs
from procrastinate.connector import BaseConnector

from tenantry.kit.redaction import redacted

log = structlog.get_logger("tenantry.jobs")
# A job that loses so many workers in a row (it fills their memory, say) is given to no more.
LOST_LIMIT: Final = 3
MESSAGE, TRACEBACK = 1_000, 20_000

_KEEP = """
insert into jobs_failure (job_id, attempt, kind, message, traceback, lost, failed_at)
values (%(job)s, %(attempt)s, %(kind)s, %(message)s, %(traceback)s, 0, now())
on conflict (job_id) do update set attempt = excluded.attempt, kind = excluded.kind, message = excluded.message,
    traceback = excluded.traceback, lost = 0, failed_at = excluded.failed_at
"""
# What succeeded needs no reason any more, and a periodic job that succeeds makes up for its earlier ones.
_FORGET = """
with settled as (delete from jobs_failure where job_id = %(job)s)
delete from procrastinate_jobs where status = 'failed' and queueing_lock = %(lock)s and id < %(job)s
"""
# Two of one queueing lock can't both wait: the younger one does the work of both.
_WAITS = """
exists (select 1 from procrastinate_jobs other
         where other.queueing_lock = job.queueing_lock and other.id <> job.id
           and (other.status = 'todo' or other.id > job.id and other.id = any(array(select id from lost))))
"""
_NOTIFY = "pg_notify('procrastinate_any_queue_v1', json_build_object('type', 'job_inserted', 'job_id', job.id)::text)"
# One worker rescues at a time, the others have nothing to do: two that shared the lost ones between them could each let one of a
# queueing lock wait.
_RESCUE = f"""
with lost as (
    select job.id, job.attempts from procrastinate_jobs job
      left join procrastinate_workers worker on worker.id = job.worker_id
     where job.status = 'doing' and (worker.id is null or worker.last_heartbeat < now() - make_interval(secs => %(silence)s))
       and (select pg_try_advisory_xact_lock(hashtext('tenantry rescue')))
       for update of job skip locked),
told as (
    insert into jobs_failure (job_id, attempt, kind, message, traceback, lost, failed_at)
    select id, attempts + 1, 'WorkerLost', 'The worker that ran this job ended without a word: it was killed, or its machine was.', '', 1,
           now() from lost
    on conflict (job_id) do update set attempt = excluded.attempt, kind = excluded.kind, message = excluded.message, traceback = '',
        lost = jobs_failure.lost + 1, failed_at = excluded.failed_at
    returning job_id, lost)
update procrastinate_jobs job
   set worker_id = null, scheduled_at = null, abort_requested = false,
       status = (case when {_WAITS} then 'cancelled' when told.lost >= %(limit)s then 'failed' else 'todo' end)::procrastinate_job_status
  from told where job.id = told.job_id
returning job.id, job.task_name, job.status::text, {_NOTIFY}
"""  # noqa: S608  # of our own constants
_GIVE_BACK = f"""
with lost as (select id from procrastinate_jobs where id = any(%(jobs)s) and status = 'doing' for update)
update procrastinate_jobs job set status = 'todo', worker_id = null, scheduled_at = null, abort_requested = false
  from lost where job.id = lost.id and not {_WAITS}
returning job.id, {_NOTIFY}
"""  # noqa: S608  # as above
_LEAVE = "delete from procrastinate_workers where id = %(worker)s returning id"


async def keep_failure(connector: BaseConnector, job: jobs.Job, error: BaseException) -> None:
    """Remember why an attempt failed: the exception, and the traceback without secrets and addresses."""
    lines = "".join(traceback.format_exception(error))
    await connector.execute_query_async(
        query=_KEEP,
        job=job.id,
        attempt=job.attempts + 1,
        kind=type(error).__name__,
        message=redacted(str(error))[:MESSAGE],
        traceback=redacted(lines)[-TRACEBACK:],
    )


async def forget_failures(connector: BaseConnector, job: jobs.Job) -> None:
    """A job succeeded: drop why it failed before, and failed ones of the same queueing lock that it has made up for."""
    if job.attempts or job.queueing_lock:
        await connector.execute_query_async(query=_FORGET, job=job.id, lock=job.queueing_lock)


async def rescue(connector: BaseConnector, *, silence: float) -> list[dict[str, Any]]:
    """Give jobs whose worker has been silent for so many seconds to whoever is there; a job that keeps losing workers is dead.

    So a task may run twice: each is written so that this does no harm.
    """
    rows = await connector.execute_query_all_async(query=_RESCUE, silence=silence, limit=LOST_LIMIT)
    for row in rows:
        log.warning("a worker was lost", job=row["id"], task=row["task_name"], now={"todo": "waiting", "failed": "dead"}.get(row["status"]))
    return rows


async def give_back(connector: BaseConnector, running: Iterable[int], *, worker: int | None) -> int:
    """Put jobs that this worker can't finish back in the queue, as if it had not begun, and sign it off; returns how many."""
    rows = await connector.execute_query_all_async(query=_GIVE_BACK, jobs=list(running))
    if worker is not None:
        await connector.execute_query_all_async(query=_LEAVE, worker=worker)
    return len(rows)
