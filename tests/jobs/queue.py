"""Rows of the queue as a test wants them, and as it finds them."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import connection

from tenantry.kit.ids import new_id


def add(
    tenant_id: UUID | str | None, *, status: str = "todo", minutes: float = 0, failed: str = "", lock: str | None = None,
    worker: int | None = None, task: str = "tenantry.mail.tasks.send", **arguments: Any,
) -> int:  # fmt: skip
    """A job that is due in so many minutes (0: it has no time of its own); returns its id. One of a mail that isn't there does nothing.

    One that runs (``doing``) is the run's own worker's, unless another is named.
    """
    given = (arguments or {"message_id": str(new_id())}) | ({"tenant_id": str(tenant_id)} if tenant_id else {})
    with connection.cursor() as cursor:
        if status == "doing" and worker is None:
            cursor.execute("select id from procrastinate_workers order by last_heartbeat desc limit 1")
            worker = cursor.fetchone()[0]
        cursor.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args, status, queueing_lock, worker_id, scheduled_at) values "
            "('test', %s, %s, %s, %s, %s, case when %s > 0 then now() + make_interval(secs => %s * 60) end) returning id",
            [task, json.dumps(given), status, lock, worker, minutes, minutes],
        )
        job_id = int(cursor.fetchone()[0])
        if failed:
            cursor.execute(
                "insert into jobs_failure (job_id, attempt, kind, message, traceback, lost, failed_at) "
                "values (%s, 1, %s, '', '', 0, now())",
                [job_id, failed],
            )
    return job_id


def status(job_id: int) -> str:
    """In procrastinate's own words."""
    with connection.cursor() as cursor:
        cursor.execute("select status from procrastinate_jobs where id = %s", [job_id])
        return str(cursor.fetchone()[0])


def count(tenant_id: UUID) -> int:
    """How many jobs of a tenant there are or were."""
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from procrastinate_jobs where args->>'tenant_id' = %s", [str(tenant_id)])
        return int(cursor.fetchone()[0])
