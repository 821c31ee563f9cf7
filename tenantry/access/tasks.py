"""Keep the counting table small."""

from __future__ import annotations

from procrastinate.contrib.django import app

from tenantry.kit.clock import now
from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import tenant_ids

from .models import Attempt, Doorstep


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="access.forget_attempts")
def forget_attempts(timestamp: int) -> None:
    """Every hour: what has left its window says nothing any more."""
    for tenant_id in tenant_ids():
        with scope(tenant_id):
            Attempt.objects.filter(expires_at__lt=now()).delete()
    Doorstep.objects.filter(expires_at__lt=now()).delete()
