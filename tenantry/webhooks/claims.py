"""What the engine asks of the database: few statements, each for a batch, on connections of its own.

Tenants with something due are found as the platform; everything else happens inside one tenant, as the app role under
row-level security, like everywhere.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from tenantry.tenancy.windows import Mode, near

from .policy import Attempt, Verdict

# Longer than a try may take; so long the endpoints of a worker that died wait for another one.
LEASE = timedelta(seconds=20)
# PgBouncer in transaction mode gives each transaction another server, where a prepared statement is unknown.
KWARGS = {"autocommit": True, "prepare_threshold": None}

_ENTER = """
select clock_offset, maintenance_near(id::text), set_config('app.tenant_id', id::text, true), set_config('app.org_scope', '*', true)
  from tenancy_enter(%s)
"""
_CLAIM = """
with due as (
    select e.id from webhooks_endpoint e
     where e.tenant_id = %(tenant)s and e.state = 'active' and (e.claimed_until is null or e.claimed_until < now())
       and not %(closed)s and (e.organization_id is null or e.organization_id <> all (%(closed_organizations)s))
       and exists (select from webhooks_delivery d where d.tenant_id = e.tenant_id and d.endpoint_id = e.id
                      and d.status = 'pending' and d.next_at <= now() + %(offset)s)
     order by e.claimed_until nulls first limit %(limit)s for no key update skip locked
)
update webhooks_endpoint e set claimed_by = %(worker)s, claimed_until = now() + %(lease)s
  from due where e.tenant_id = %(tenant)s and e.id = due.id returning e.id
"""
_ENDPOINT = """
select id, organization_id, url, sealed_headers, sealed_secret, sealed_previous, previous_until > now() + %(offset)s
  from webhooks_endpoint where tenant_id = %(tenant)s and id = %(endpoint)s
"""
_MINE = """ and claimed_by = %(worker)s and state = 'active'
   and not %(closed)s and (organization_id is null or organization_id <> all (%(closed_organizations)s))
"""
_DUE = """
select id, event_id, event_type, body, attempts from webhooks_delivery
 where tenant_id = %(tenant)s and endpoint_id = %(endpoint)s and status = 'pending' and next_at <= now() + %(offset)s
 order by next_at, id limit %(limit)s
"""
_ONE = "select id, event_id, event_type, body, attempts from webhooks_delivery where tenant_id = %(tenant)s and id = %(delivery)s"
# An endpoint that was paused meanwhile has failed what was pending; what arrived all the same did arrive.
_SETTLE = """
update webhooks_delivery d
   set status = v.status, attempts = d.attempts + 1, next_at = now() + %(offset)s + v.wait, tries = d.tries || v.try,
       answer_status = v.answer_status, answer_body = v.answer_body, error = v.error,
       ended_at = case when v.wait is null then now() + %(offset)s end
  from unnest(%(ids)s::uuid[], %(statuses)s::text[], %(waits)s::interval[], %(tries)s::jsonb[], %(answers)s::int[],
              %(bodies)s::text[], %(errors)s::text[]) v (id, status, wait, try, answer_status, answer_body, error)
 where d.tenant_id = %(tenant)s and d.id = v.id and (d.status = 'pending' or v.status = 'delivered')
"""
_WELL = """
update webhooks_endpoint set failing_since = null where tenant_id = %(tenant)s and id = any(%(ids)s) and failing_since is not null
"""
_FAILING = """
update webhooks_endpoint set failing_since = coalesce(failing_since, now() + %(offset)s)
 where tenant_id = %(tenant)s and id = any(%(ids)s) returning id, now() + %(offset)s - failing_since
"""
_RENEW = """
update webhooks_endpoint set claimed_until = now() + %(lease)s
 where tenant_id = %(tenant)s and id = any(%(ids)s) and claimed_by = %(worker)s
"""
_RELEASE = """
update webhooks_endpoint set claimed_by = null, claimed_until = now() + %(rest)s
 where tenant_id = %(tenant)s and id = %(endpoint)s and claimed_by = %(worker)s
"""


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint as far as sending needs it; everything secret still under seal."""

    id: UUID
    organization_id: UUID | None
    url: str
    sealed_headers: bytes | None
    sealed_secret: bytes
    sealed_previous: bytes | None
    previous_good: bool | None


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery to be tried now."""

    id: UUID
    event_id: UUID
    event_type: str
    body: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try, to be recorded."""

    tenant_id: UUID
    endpoint_id: UUID
    delivery_id: UUID
    at: datetime
    attempt: Attempt
    verdict: Verdict

    def told(self) -> str:
        """The entry in ``Delivery.tries``."""
        return json.dumps(
            {
                "at": self.at.isoformat(timespec="milliseconds"),
                "status": self.attempt.status,
                "ms": self.attempt.ms,
                "error": self.attempt.error,
            }
        )


def _closed(found: Any, offset: timedelta) -> dict[str, Any]:
    """What maintenance refuses to read just now: the whole tenant, or some organizations. Nothing is delivered there."""
    moment = datetime.now(UTC) + offset
    windows = [window for window in near(found) if window.mode == Mode.EVERYTHING and window.under_way(moment)]
    organizations = [window.organization_id for window in windows if window.organization_id]
    return {"closed": len(organizations) < len(windows), "closed_organizations": organizations}


class Claims:
    """The engine's door to the database; ``worker`` is this process's name in the leases."""

    def __init__(self, *, app: AsyncConnectionPool, platform: AsyncConnectionPool | None, worker: UUID) -> None:
        self.app, self.platform, self.worker = app, platform, worker

    @asynccontextmanager
    async def _inside(self, tenant_id: UUID) -> AsyncIterator[tuple[AsyncConnection[Any], dict[str, Any]]]:
        """A transaction in one tenant, and the parameters that every statement here needs."""
        async with self.app.connection() as connection, connection.transaction():
            row = await (await connection.execute(_ENTER, [str(tenant_id)])).fetchone()
            offset, windows = row[:2] if row else (timedelta(0), None)
            yield connection, {"tenant": tenant_id, "worker": self.worker, "offset": offset, "lease": LEASE, **_closed(windows, offset)}

    async def due_tenants(self) -> list[UUID]:
        """Tenants in which an endpoint that nobody delivers to has something due."""
        assert self.platform is not None
        async with self.platform.connection() as connection:
            rows = await (await connection.execute("select tenant_id from webhooks_tenants_due()")).fetchall()
        return [row[0] for row in rows]

    async def claim(self, tenant_id: UUID, *, limit: int) -> list[UUID]:
        """Take up to so many endpoints of a tenant for this worker."""
        async with self._inside(tenant_id) as (connection, known):
            rows = await (await connection.execute(_CLAIM, {**known, "limit": limit})).fetchall()
        return [row[0] for row in rows]

    async def batch(self, tenant_id: UUID, endpoint_id: UUID, *, limit: int) -> tuple[Target, list[Due]] | None:
        """The endpoint as it is now and what is due to it; None once it is paused, deleted, in maintenance or another worker's."""
        async with self._inside(tenant_id) as (connection, known):
            known = {**known, "endpoint": endpoint_id, "limit": limit}
            target = await (await connection.execute(_ENDPOINT + _MINE, known)).fetchone()
            if target is None:
                return None
            due = await (await connection.execute(_DUE, known)).fetchall()
        return Target(*target), [Due(*row) for row in due]

    async def one(self, tenant_id: UUID, endpoint_id: UUID, delivery_id: UUID) -> tuple[Target, Due] | None:
        """One delivery that somebody waits for, whoever holds the endpoint; None when it was deleted meanwhile."""
        async with self._inside(tenant_id) as (connection, known):
            target = await (await connection.execute(_ENDPOINT, {**known, "endpoint": endpoint_id})).fetchone()
            due = await (await connection.execute(_ONE, {**known, "delivery": delivery_id})).fetchone()
        return (Target(*target), Due(*due)) if target and due else None

    async def settle(self, tenant_id: UUID, outcomes: Sequence[Outcome]) -> list[tuple[UUID, timedelta]]:
        """Record these tries; returns the endpoints that failed, with how long they have done nothing else."""
        well = {outcome.endpoint_id for outcome in outcomes if outcome.verdict.status == "delivered"}
        failing = sorted({outcome.endpoint_id for outcome in outcomes} - well)
        async with self._inside(tenant_id) as (connection, known):
            await connection.execute(_WELL, {**known, "ids": sorted(well)})  # endpoints before deliveries, as in services.py
            failed = await (await connection.execute(_FAILING, {**known, "ids": failing})).fetchall() if failing else []
            columns = {
                "ids": [outcome.delivery_id for outcome in outcomes],
                "statuses": [outcome.verdict.status for outcome in outcomes],
                "waits": [outcome.verdict.wait for outcome in outcomes],
                "tries": [outcome.told() for outcome in outcomes],
                "answers": [outcome.attempt.status for outcome in outcomes],
                "bodies": [outcome.attempt.body for outcome in outcomes],
                "errors": [outcome.attempt.error[:300] for outcome in outcomes],
            }
            await connection.execute(_SETTLE, {**known, **columns})
        return [(row[0], row[1]) for row in failed]

    async def renew(self, tenant_id: UUID, endpoint_ids: Sequence[UUID]) -> None:
        """Keep the leases of endpoints that are still being delivered to."""
        async with self._inside(tenant_id) as (connection, known):
            await connection.execute(_RENEW, {**known, "ids": list(endpoint_ids)})

    async def release(self, tenant_id: UUID, endpoint_id: UUID, *, rest: timedelta) -> None:
        """Give an endpoint back; nobody delivers to it for ``rest``."""
        async with self._inside(tenant_id) as (connection, known):
            await connection.execute(_RELEASE, {**known, "endpoint": endpoint_id, "rest": rest})
