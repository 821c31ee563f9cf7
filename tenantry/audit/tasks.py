"""The sealer."""

from __future__ import annotations

from procrastinate.contrib.django import app

from tenantry.tenancy.services import tenant_ids

from .chain import seal


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="audit.seal", pass_context=False)
def seal_all(timestamp: int) -> None:
    """Once a minute: link what every tenant wrote since; in maintenance too, for staff go on and are recorded."""
    for tenant_id in tenant_ids(even_held=True):
        seal(tenant_id)
