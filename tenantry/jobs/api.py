"""Background jobs, for staff."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field

from tenantry.access.guards import actor_of, guard_tenant
from tenantry.kit.operations import needs
from tenantry.kit.schemas import Listing, Paging, listing, moment

from . import queries, services
from .queries import Job

router = Router()
JobRef = Annotated[int, Path(ge=1, le=2**63 - 1)]


class JobOut(Schema):
    """``attempts`` are those that are over; ``arguments`` are the identifiers that the job was given."""

    id: int
    task: str
    queue: str
    state: str
    attempts: int
    arguments: dict[str, str]
    queued_at: str | None
    due_at: str | None
    started_at: str | None
    failed_at: str | None
    error: str | None


class JobDetail(JobOut):
    """``traceback`` is that of the last failure, without secrets and addresses."""

    purpose: str
    traceback: str | None


class JobsWanted(Paging):
    state: str = Field("", description="running, waiting, scheduled, retrying, dead or cancelled; empty: all but the cancelled.")


def _shape(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "task": job.name,
        "queue": job.queue,
        "state": job.state,
        "attempts": job.attempts,
        "arguments": job.about,
        "queued_at": moment(job.queued_at),
        "due_at": moment(job.due_at),
        "started_at": moment(job.started_at),
        "failed_at": moment(job.failed_at),
        "error": job.error or None,
    }


def _detail(job: Job) -> dict[str, Any]:
    return _shape(job) | {"purpose": job.purpose, "traceback": job.traceback or None}


@router.get("/jobs", response=Listing[JobOut], summary="Background jobs", **needs("jobs:read"))
def list_jobs(request: HttpRequest, wanted: Query[JobsWanted]) -> dict[str, Any]:
    """Those that are not over, the latest first. ``dead`` ones were tried as often as they may be."""
    guard_tenant(request, "jobs:read")
    return listing(queries.list_jobs(state=wanted.state, cursor=wanted.cursor, limit=wanted.limit), _shape)


@router.get("/jobs/{job_id}", response=JobDetail, summary="One background job", **needs("jobs:read"))
def get_job(request: HttpRequest, job_id: JobRef) -> dict[str, Any]:
    """With the traceback of its last failure."""
    guard_tenant(request, "jobs:read")
    return _detail(queries.load(job_id))


@router.post("/jobs/{job_id}/retry", response=JobDetail, summary="Try a job again now", **needs("jobs:write"))
def retry_job(request: HttpRequest, job_id: JobRef) -> dict[str, Any]:
    """A dead job gets all its tries again; one that waits for its next try needn't wait any longer."""
    guard_tenant(request, "jobs:write")
    return _detail(services.retry_job(job_id=job_id, actor=actor_of(request)))


@router.delete("/jobs/{job_id}", response=JobDetail, summary="Cancel a job", **needs("jobs:write"))
def cancel_job(request: HttpRequest, job_id: JobRef) -> dict[str, Any]:
    """It will not run. One that runs already can't be cancelled: 409 ``state_conflict``."""
    guard_tenant(request, "jobs:write")
    return _detail(services.cancel_job(job_id=job_id, actor=actor_of(request)))
