"""Jobs of a tenant, or of an organization, wait until its window is over.

The worker asks before each job that names a tenant. A held one goes back into the queue until the window's end and loses no
attempt by it. Sweeps over all tenants leave out the held ones (``tenancy.services.tenant_ids``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connections
from procrastinate import BaseRetryStrategy, JobContext, RetryDecision, exceptions
from procrastinate.jobs import Job
from procrastinate.tasks import Task

from tenantry.jobs.held import Held
from tenantry.kit.ids import decode
from tenantry.tenancy.scope import current
from tenantry.tenancy.windows import closing, near

# Staff sign in by a mail while the window is under way; and a mail that is written is a change no more.
GO_ON: Final = frozenset({"tenantry.people.tasks.mail_sign_in_link", "tenantry.mail.tasks.send"})
# How long a held job waits before it looks again, where nobody knows the end.
LOOK_AGAIN: Final = timedelta(seconds=60)

_NEAR = "select clock_offset, maintenance_near(id::text) from tenancy_enter(%s)"
_UNTRIED = "update procrastinate_jobs set attempts = attempts - 1 where id = %s"
_RELEASE = """
update procrastinate_jobs set scheduled_at = clock_timestamp()
 where status = 'todo' and scheduled_at = %s and args ->> 'tenant_id' = %s
"""


class UnderMaintenance(Held):
    """A job may not run now. ``until``: when to try again."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"Maintenance is under way; looked at again at {until:%H:%M:%S}.")
        self.until = until


def held_until(tenant_id: str, organization_id: str = "") -> datetime | None:
    """When a job of this tenant (and organization) may run again, in the world's time; None: now. Outside any scope."""
    with connections["default"].cursor() as cursor:
        cursor.execute(_NEAR, [tenant_id])
        row = cursor.fetchone()
    offset, windows = row or (timedelta(0), None)
    moment = datetime.now(UTC)
    organization = _organization(organization_id) if organization_id else None
    window = closing(near(windows), organization, writing=True, moment=moment + offset)
    if window is None:
        return None
    return window.ends_at - offset if window.ends_at else moment + LOOK_AGAIN


def _organization(given: str) -> UUID:
    return decode("org", given) if given.startswith("org_") else UUID(given)


def hold_back(call_next: Callable[[], Any], context: JobContext, worker: Any) -> Any:
    """Around every job of the worker: run it, or put it back. Raises UnderMaintenance."""
    job = context.job
    tenant_id = job.task_kwargs.get("tenant_id")
    if tenant_id and job.task_name not in GO_ON:
        until = held_until(str(tenant_id), str(job.task_kwargs.get("organization_id") or ""))
        if until is not None:
            with connections["default"].cursor() as cursor:
                cursor.execute(_UNTRIED, [job.id])
            raise UnderMaintenance(until)
    return call_next()


class Patient(BaseRetryStrategy):
    """A task's own strategy, which hears of real failures only."""

    def __init__(self, otherwise: BaseRetryStrategy | None) -> None:
        self.otherwise = otherwise

    def get_retry_exception(self, exception: BaseException, job: Job) -> exceptions.JobRetry | None:
        """Back into the queue for a held one."""
        if isinstance(exception, UnderMaintenance):
            return exceptions.JobRetry(RetryDecision(retry_at=exception.until))
        return self.otherwise.get_retry_exception(exception=exception, job=job) if self.otherwise else None


def teach(tasks: Iterable[Task[Any, Any, Any]]) -> None:
    """Let these tasks come back when they were held. For the worker, at its start."""
    for task in set(tasks):
        task.retry_strategy = Patient(task.retry_strategy)


def release(until: datetime | None) -> None:
    """A window of the present tenant ended before its time: what waited for that time goes on now."""
    if until is not None:
        scope = current()
        with connections[scope.using].cursor() as cursor:
            cursor.execute(_RELEASE, [until - scope.clock_offset, str(scope.tenant_id)])
