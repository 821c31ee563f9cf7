"""Work of this room that no request waits for."""

from __future__ import annotations

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from tenantry.tenancy.scope import scope

from .notices import tell_owners


@app.task(queue="mail", retry=RetryStrategy(max_attempts=3, wait=5))
def mail_alert(tenant_id: str, organization_id: str, kind: str, who: str) -> None:
    """Mail the owners what their directory couldn't do."""
    with scope(UUID(tenant_id)):
        tell_owners(kind=kind, organization_id=UUID(organization_id), who=who)
