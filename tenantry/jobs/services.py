"""What staff may do with a job: have it tried again, or cancel it."""

from __future__ import annotations

from typing import Protocol

from django.db import IntegrityError, connections, transaction

from tenantry.audit.services import Actor, record
from tenantry.kit.problems import Problem, conflict
from tenantry.tenancy.scope import scope

from .queries import Job, load, load_any

# All its tries are open to it again. Whoever listens for new jobs hears of it; procrastinate tells of inserted ones only.
_RETRY = """
update procrastinate_jobs set status = 'todo', attempts = 0, scheduled_at = null, worker_id = null, abort_requested = false
 where id = %s and status in ('failed', 'todo')
returning pg_notify('procrastinate_any_queue_v1', json_build_object('type', 'job_inserted', 'job_id', id)::text)
"""
_FORGIVE = "update jobs_failure set lost = 0 where job_id = %s"
_CANCEL = "update procrastinate_jobs set status = 'cancelled', worker_id = null where id = %s and status in ('failed', 'todo') returning id"


class Act(Protocol):
    """``retry_job`` or ``cancel_job``."""

    def __call__(self, *, job_id: int, actor: Actor) -> Job: ...


def retry_job(*, job_id: int, actor: Actor) -> Job:
    """Have one of this tenant's jobs tried now, with all its tries before it again.

    Raises Problem 404, 409 ``state_conflict`` for one that runs or is over, 409 ``job_queued_again`` when the same work waits already.
    """
    job = load(job_id)
    _retry(job)
    record("job.retried", actor=actor, label=f"{job.name} {job.id}", reason=job.error[:200])
    return load(job_id)


def cancel_job(*, job_id: int, actor: Actor) -> Job:
    """Give one of this tenant's jobs up: it will not run. Raises Problem 404, 409 ``state_conflict`` for one that runs or is over."""
    job = load(job_id)
    _change(_CANCEL, job, "cancelled")
    record("job.cancelled", actor=actor, label=f"{job.name} {job.id}", reason=job.error[:200])
    return load(job_id)


def retry_any(*, job_id: int, actor: Actor) -> Job:
    """``retry_job`` for the operator, who may also mean a job of the system; that one has no tenant whose record could tell."""
    job = load_any(job_id)
    if job.tenant_id:
        with scope(job.tenant_id):
            return retry_job(job_id=job_id, actor=actor)
    _retry(job)
    return load_any(job_id)


def cancel_any(*, job_id: int, actor: Actor) -> Job:
    """``cancel_job`` for the operator, likewise."""
    job = load_any(job_id)
    if job.tenant_id:
        with scope(job.tenant_id):
            return cancel_job(job_id=job_id, actor=actor)
    _change(_CANCEL, job, "cancelled")
    return load_any(job_id)


def _retry(job: Job) -> None:
    try:
        with transaction.atomic(using="default"):
            _change(_RETRY, job, "tried again")
    except IntegrityError as error:  # its queueing lock: the same work waits already
        raise conflict("job_queued_again", "The same work is in the queue already and will do what this job didn't.") from error
    with connections["default"].cursor() as cursor:
        cursor.execute(_FORGIVE, [job.id])


def _change(statement: str, job: Job, what: str) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(statement, [job.id])
        if cursor.fetchone() is None:
            detail = "It is running. Wait for its end." if job.state == "running" else "It is over."
            raise Problem(409, "state_conflict", f"This job can't be {what}. {detail}", state=job.state)
