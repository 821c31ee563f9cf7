"""Work of this room that no request waits for."""

from __future__ import annotations

from datetime import timedelta

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from tenantry.kit.clock import now

from . import mailing, visits
from .models import Visit

KEPT = timedelta(days=30)


@app.task(queue="mail", retry=RetryStrategy(max_attempts=3, wait=5))
def mail_link(email: str) -> None:
    """Look whether any tenant knows this address, and mail the link if so. The request that asked did the same for both."""
    if visits.tenants_of(email):
        mailing.send_link(email=email, token=visits.make_link(email))


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="workspaces.forget")
def forget(timestamp: int) -> None:
    """Every hour: drop links that nobody used, and visits that ended a month ago."""
    rows = Visit.objects.using("platform")
    rows.filter(token_hash__isnull=True, link_expires_at__lt=now() - timedelta(days=1)).delete()
    rows.filter(expires_at__lt=now() - KEPT).delete()
