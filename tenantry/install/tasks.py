"""Housekeeping of the job queue itself."""

from __future__ import annotations

from procrastinate import JobContext
from procrastinate.contrib.django import app

KEEP_HOURS = 72
KEEP_FAILED_HOURS = 24 * 30


@app.periodic(cron="17 3 * * *")
@app.task(queue="housekeeping", queueing_lock="install.remove_old_jobs", pass_context=True)
async def remove_old_jobs(context: JobContext, timestamp: int) -> None:
    """Every night: forget jobs that succeeded three days ago, and any that ended thirty days ago."""
    await context.app.job_manager.delete_old_jobs(nb_hours=KEEP_HOURS)
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
