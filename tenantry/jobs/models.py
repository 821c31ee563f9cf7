"""What the queue's own tables don't keep: why a job failed."""

from __future__ import annotations

from django.db import models


class Failure(models.Model):
    """How a job failed the last time, until it succeeds or is forgotten; goes with its job.

    It stands with the queue, outside of the wall (docs/security/isolation.md): jobs of the system have no tenant. So it holds
    no secret and nobody's address (kit/redaction.py), and whoever reads it for a tenant joins the job and filters by it.
    """

    job_id = models.BigIntegerField(primary_key=True)
    attempt = models.PositiveIntegerField()
    # The name of the exception, and its words.
    kind = models.CharField(max_length=120)
    message = models.TextField()
    traceback = models.TextField()
    # How many workers were lost while they ran it: one that kills them is not given to a fourth.
    lost = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField()
