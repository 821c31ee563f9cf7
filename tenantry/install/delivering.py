"""The webhooks' engine inside a worker process, and what it needs of the rooms."""

from __future__ import annotations

import asyncio
import os
import signal
from uuid import UUID

import structlog

from config.database import role_dsn
from config.environment import Environment
from tenantry.audit.services import SYSTEM
from tenantry.kit.outgoing import Outgoing
from tenantry.tenancy.scope import scope
from tenantry.webhooks.engine import Engine
from tenantry.webhooks.models import Endpoint
from tenantry.webhooks.services import pause_endpoint

log = structlog.get_logger("tenantry.webhooks")


def start(settings: Environment) -> tuple[Engine, asyncio.Task[None]]:
    """Begin to deliver; ``engine.stop()`` and awaiting the task ends it."""
    outgoing = Outgoing(allow_loopback=settings.loopback_webhooks)
    engine = Engine(app_dsn=role_dsn(settings, "app"), platform_dsn=role_dsn(settings, "platform"), outgoing=outgoing, pause=_pause)

    async def run() -> None:
        try:
            async with outgoing:
                await engine.run()
        except Exception:  # a worker that only half works is ended, and started again by whoever looks after it
            log.critical("the webhooks' engine died", exc_info=True)
            os.kill(os.getpid(), signal.SIGTERM)

    return engine, asyncio.create_task(run(), name="webhooks")


def _pause(tenant_id: UUID, endpoint_id: UUID, reason: str) -> None:
    with scope(tenant_id):
        endpoint = Endpoint.objects.filter(id=endpoint_id).first()
        if endpoint is not None:
            pause_endpoint(endpoint=endpoint, reason=reason, actor=SYSTEM)
