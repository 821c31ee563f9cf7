"""Forget answers that no client may ask for again."""

from __future__ import annotations

from procrastinate.contrib.django import app

from tenantry.kit.clock import now
from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import tenant_ids

from .idempotency import LIFETIME
from .models import Replay


@app.periodic(cron="27 * * * *")
@app.task(queueing_lock="api.forget_replays")
def forget_replays(timestamp: int) -> None:
    """Every hour: drop answers older than the 24 hours for which they are replayed."""
    for tenant_id in tenant_ids():
        with scope(tenant_id):
            Replay.objects.filter(created_at__lte=now() - LIFETIME).delete()
