"""The staff console's pages about background jobs."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from tenantry.access.guards import actor_of, guard_tenant
from tenantry.kit.problems import Problem

from . import queries, services

PER_PAGE = 50
LABELS = {
    "running": "Running",
    "waiting": "Waiting for a worker",
    "scheduled": "Scheduled",
    "retrying": "Will be tried again",
    "dead": "Given up",
    "cancelled": "Called off",
}


@require_GET
def staff_jobs(request: HttpRequest) -> HttpResponse:
    """This tenant's jobs that are not over, the latest first."""
    principal = guard_tenant(request, "jobs:read")
    state = request.GET.get("state", "")
    state = state if state in queries.STATES else ""
    page = queries.list_jobs(state=state, cursor=request.GET.get("cursor"), limit=PER_PAGE)
    context = {
        "page": page,
        "states": list(LABELS.items()),
        "filtered": bool(state),
        "dead": queries.dead_jobs(),
        "state": state,
        "may_write": principal.may("jobs:write"),
    }
    return render(request, "jobs/staff_jobs.html", context)


@require_GET
def staff_job(request: HttpRequest, job_id: int) -> HttpResponse:
    """One job, with the traceback of its last failure."""
    principal = guard_tenant(request, "jobs:read")
    job = queries.load(job_id)
    open_to_acts = principal.may("jobs:write") and job.state in ("waiting", "scheduled", "retrying", "dead")
    return render(request, "jobs/staff_job.html", {"job": job, "acts": open_to_acts})


@require_POST
def staff_job_retry(request: HttpRequest, job_id: int) -> HttpResponse:
    """Have a job tried now."""
    guard_tenant(request, "jobs:write")
    return _done(request, job_id, services.retry_job, "The job is tried again now.")


@require_POST
def staff_job_cancel(request: HttpRequest, job_id: int) -> HttpResponse:
    """Give a job up."""
    guard_tenant(request, "jobs:write")
    return _done(request, job_id, services.cancel_job, "The job is cancelled.")


def _done(request: HttpRequest, job_id: int, act: services.Act, said: str) -> HttpResponse:
    try:
        act(job_id=job_id, actor=actor_of(request))
    except Problem as problem:
        if problem.status != 409:
            raise
        messages.error(request, problem.detail)  # it began or ended meanwhile: the list shows how it stands now
    else:
        messages.success(request, said)
    return redirect("staff_jobs")
