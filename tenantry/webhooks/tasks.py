"""Keep the table of deliveries small."""

from __future__ import annotations

from datetime import timedelta

from procrastinate.contrib.django import app

from tenantry.kit.clock import now
from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import tenant_ids

from .models import Delivery, Endpoint

KEPT = timedelta(days=30)


@app.periodic(cron="27 * * * *")
@app.task(queueing_lock="webhooks.forget_deliveries")
def forget_deliveries(timestamp: int) -> None:
    """Every hour: drop deliveries that ended and are older than 30 days, and replaced secrets that sign no more."""
    for tenant_id in tenant_ids():
        with scope(tenant_id):
            Delivery.objects.filter(created_at__lt=now() - KEPT).exclude(status=Delivery.Status.PENDING).delete()
            Endpoint.objects.filter(previous_until__lt=now()).update(sealed_previous=None, previous_until=None)
