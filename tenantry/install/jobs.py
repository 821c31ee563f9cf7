"""``tenantry jobs``: what runs, waits and has given up, for whoever has the machine. It sees the jobs of the system too."""

from __future__ import annotations

from typing import Annotated

import typer

from .keys import problems_as_sentences, slug_of
from .prepare import django, say

app = typer.Typer(invoke_without_command=True)
JobId = Annotated[int, typer.Argument(min=1, help="The number that “tenantry jobs” shows.")]


@app.callback()
def listed(
    context: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help="Those that have given up, and those that will be tried again.")] = False,
    running: Annotated[bool, typer.Option("--running", help="Those that run now.")] = False,
    scheduled: Annotated[bool, typer.Option("--scheduled", help="Those that wait, for a worker or for their time.")] = False,
    tenant: Annotated[str, typer.Option(help="Only this workspace's, when the installation hosts several.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, the latest first.")] = 100,
) -> None:
    """List background jobs: number, state, tries, task, and how it failed. Without an option: all that are not over."""
    if context.invoked_subcommand:
        return
    settings = django()
    from tenantry.jobs.queries import OPEN, all_jobs
    from tenantry.tenancy.scope import scope

    wanted = {"dead": failed, "retrying": failed, "running": running, "scheduled": scheduled, "waiting": scheduled}
    states = tuple(state for state in OPEN if wanted[state]) or OPEN
    with problems_as_sentences():
        tenant_id = None
        if tenant:
            with scope(slug_of(settings, tenant)) as opened:
                tenant_id = opened.tenant_id
        jobs = all_jobs(states, tenant_id=tenant_id, limit=limit)
    for job in jobs:
        due = f"due {job.due_at:%Y-%m-%d %H:%M:%S}" if job.due_at and job.state in ("scheduled", "retrying") else ""
        whose = f"tenant {job.tenant_id}" if job.tenant_id else "system"
        print(
            "  ".join(part for part in (str(job.id), f"{job.state:<9}", f"{job.attempts} tries", job.name, whose, due, job.error) if part)
        )
    if not jobs:
        say("There are none.")


@app.command("show")
def show(job_id: JobId) -> None:
    """Everything about a job, with the traceback of its last failure."""
    django()
    from tenantry.jobs.queries import load_any

    with problems_as_sentences():
        job = load_any(job_id)
    facts = {
        "job": job.id, "state": job.state, "task": f"{job.name}: {job.purpose}", "queue": job.queue, "tries": job.attempts,
        "tenant": job.tenant_id or "system", **job.about, "queued": job.queued_at, "due": job.due_at, "begun": job.started_at,
        "failed": job.failed_at, "error": job.error,
    }  # fmt: skip
    for name, value in facts.items():
        if value not in (None, ""):
            print(f"{name:<12} {value}")
    if job.traceback:
        print(f"\n{job.traceback}")


@app.command("retry")
def retry(job_id: JobId) -> None:
    """Have a job tried now, with all its tries before it again."""
    django()
    from tenantry.audit.services import CLI
    from tenantry.jobs.services import retry_any

    with problems_as_sentences():
        job = retry_any(job_id=job_id, actor=CLI)
    say(f"{job.name} {job.id} is tried again.")


@app.command("cancel")
def cancel(job_id: JobId) -> None:
    """Give a job up: it will not run."""
    django()
    from tenantry.audit.services import CLI
    from tenantry.jobs.services import cancel_any

    with problems_as_sentences():
        job = cancel_any(job_id=job_id, actor=CLI)
    say(f"{job.name} {job.id} is cancelled.")
