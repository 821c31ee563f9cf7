"""The sweep that tells of windows as their times come."""

from __future__ import annotations

from procrastinate.contrib.django import app

from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import tenant_ids

from .services import tell_due


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="maintenance.tell")
def tell(timestamp: int) -> None:
    """Once a minute, in every tenant, also those that are held: what began, what ended."""
    for tenant_id in tenant_ids(even_held=True):
        with scope(tenant_id):
            tell_due()
