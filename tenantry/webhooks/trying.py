"""A delivery that somebody waits for: sent from the request itself, while no transaction is open."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from psycopg_pool import AsyncConnectionPool

from config.database import role_dsn
from tenantry.kit.ids import new_id
from tenantry.kit.outgoing import Outgoing

from .claims import KWARGS, Claims, Outcome
from .policy import Verdict
from .sending import opened, send


def deliver_now(*, tenant_id: UUID, endpoint_id: UUID, delivery_id: UUID) -> None:
    """Try a delivery once and record what came of it. Call it within ``tenancy.scope.outside()``.

    A test isn't retried: whoever waits sees at once what is wrong. Nothing is sent to an endpoint that was deleted meanwhile.
    """
    asyncio.run(_deliver(tenant_id, endpoint_id, delivery_id))


async def _deliver(tenant_id: UUID, endpoint_id: UUID, delivery_id: UUID) -> None:
    pool = AsyncConnectionPool(role_dsn(settings.ENVIRONMENT, "app"), kwargs=KWARGS, min_size=1, max_size=1, open=False)
    async with pool, Outgoing(allow_loopback=settings.ENVIRONMENT.loopback_webhooks) as outgoing:
        claims = Claims(app=pool, platform=None, worker=new_id())
        found = await claims.one(tenant_id, endpoint_id, delivery_id)
        if found is None:
            return
        target, due = found
        attempt = await send(outgoing, opened(target), due)
        good = attempt.status is not None and 200 <= attempt.status < 300
        verdict = Verdict("delivered" if good else "failed")
        await claims.settle(tenant_id, [Outcome(tenant_id, endpoint_id, delivery_id, datetime.now(UTC), attempt, verdict)])
