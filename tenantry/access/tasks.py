"""Keep the counting table small."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app

from tenantry.kit.clock import now
from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import tenant_ids

from .models import Attempt


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="access.forget_attempts")
def forget_attempts(timestamp: int) -> None:
    """Every hour: counts of windows that ended a day ago say nothing any more."""
    for tenant_id in tenant_ids():
        with scope(tenant_id):
            Attempt.objects.filter(window_start__lt=now() - timedelta(days=1)).delete()
