"""Delivering, beside the jobs in every worker process.

An endpoint that has something due is taken by one worker (a lease), which delivers to it one after the other in the
order of the events: a *lane*. Lanes run side by side, so a slow endpoint delays nobody but itself. Outcomes of all
lanes are recorded together every few hundredths of a second; if the process is killed, what was sent in that time is sent
again once the leases have run out, and nothing is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tenantry.kit import metrics
from tenantry.kit.ids import new_id
from tenantry.kit.outgoing import Outgoing

from .claims import KWARGS, Claims, Due, Outcome
from .policy import GIVE_UP_AFTER, judge
from .sending import Opened, opened, send

log = structlog.get_logger("tenantry.webhooks")
POLL_SECONDS = 0.25
RECORD_SECONDS = 0.03
RENEW_SECONDS = 5
# So many tries may be made before they are recorded, besides the one of each lane: what a killed process leaves to be repeated.
MOST_UNRECORDED = 100
# So many endpoints at a time; claimed a few at a time, so that workers share them.
LANES, CLAIM = 500, 8
BATCH = 100
# A lane ends after so long: another worker may be free, and the endpoint may have been changed.
LANE_SECONDS, FRESH_SECONDS = 10.0, 2.0
# After so many tries in a row without any answer the endpoint rests, instead of holding the lane for 15 s each.
SILENT, REST = 3, timedelta(seconds=30)
FINISH_SECONDS = 5.0

# What must happen in the house when an endpoint is gone (410) or has failed for days: (tenant, endpoint, reason).
Pause = Callable[[UUID, UUID, str], None]
_OUTCOME = {"delivered": "delivered", "pending": "retried", "failed": "failed"}


class Engine:
    """One per worker process; ``run`` returns after ``stop``."""

    def __init__(self, *, app_dsn: str, platform_dsn: str, outgoing: Outgoing, pause: Pause) -> None:
        self.outgoing, self.pause = outgoing, pause
        self._app = AsyncConnectionPool(app_dsn, kwargs=KWARGS, min_size=1, max_size=4, open=False, name="webhooks")
        self._platform = AsyncConnectionPool(platform_dsn, kwargs=KWARGS, min_size=1, max_size=1, open=False, name="webhooks due")
        self.claims = Claims(app=self._app, platform=self._platform, worker=new_id())
        self._stopping = asyncio.Event()
        self._lanes: dict[tuple[UUID, UUID], asyncio.Task[None]] = {}
        self._outcomes: list[tuple[Outcome, asyncio.Future[None]]] = []

    def stop(self) -> None:
        """Begin nothing new; what is on its way may finish within a few seconds."""
        self._stopping.set()

    async def run(self) -> None:
        """Deliver until ``stop``. A database that doesn't answer is waited for."""
        async with self._app, self._platform:
            chores = [asyncio.create_task(self._record()), asyncio.create_task(self._renew())]
            try:
                while not self._stopping.is_set():
                    for chore in chores:
                        if chore.done():  # without it lanes would wait for ever: end, and be started again
                            chore.result()
                    try:
                        claimed = await self._claim()
                    except (psycopg.Error, PoolTimeout) as error:
                        log.warning("webhooks wait for the database", error=type(error).__name__)
                        claimed = 0
                    await self._pause_for(0.01 if claimed else POLL_SECONDS)
                await self._finish()
            finally:
                for chore in chores:
                    chore.cancel()
                await asyncio.gather(*chores, return_exceptions=True)

    async def _claim(self) -> int:
        """Open lanes for endpoints with something due; returns how many."""
        opened_lanes = 0
        for tenant_id in await self.claims.due_tenants():
            room = min(CLAIM, LANES - len(self._lanes))
            if room <= 0:
                break
            for endpoint_id in await self.claims.claim(tenant_id, limit=room):
                key, opened_lanes = (tenant_id, endpoint_id), opened_lanes + 1
                self._lanes[key] = lane = asyncio.create_task(self._lane(tenant_id, endpoint_id))
                lane.add_done_callback(partial(self._closed, key))
        return opened_lanes

    def _closed(self, key: tuple[UUID, UUID], lane: asyncio.Task[None]) -> None:
        self._lanes.pop(key, None)

    async def _lane(self, tenant_id: UUID, endpoint_id: UUID) -> None:
        """Deliver to one endpoint what is due, in order, until there is no more or it is time to let others."""
        until, rest = time.monotonic() + LANE_SECONDS, timedelta(0)
        try:
            while time.monotonic() < until and not self._stopping.is_set():
                found = await self.claims.batch(tenant_id, endpoint_id, limit=BATCH)
                if found is None or not found[1]:
                    break
                if not await self._deliver(tenant_id, endpoint_id, opened(found[0]), found[1]):
                    rest = REST
                    break
            await self.claims.release(tenant_id, endpoint_id, rest=rest)
        except (psycopg.Error, PoolTimeout) as error:  # the lease runs out by itself
            log.warning("webhooks lost the database", error=type(error).__name__)
        except Exception:
            log.exception("webhooks failed", tenant_id=str(tenant_id), endpoint_id=str(endpoint_id))

    async def _deliver(self, tenant_id: UUID, endpoint_id: UUID, target: Opened, batch: list[Due]) -> bool:
        """Try these one after the other and wait until all that was tried is recorded; False when nobody answers."""
        read_at, silent, recorded = time.monotonic(), 0, None
        for due in batch:
            attempt = await send(self.outgoing, target, due)
            at = datetime.now(UTC)
            verdict = judge(attempt, attempts=due.attempts + 1, moment=at)
            recorded = asyncio.get_running_loop().create_future()
            self._outcomes.append((Outcome(tenant_id, endpoint_id, due.id, at, attempt, verdict), recorded))
            silent = silent + 1 if attempt.status is None else 0
            if len(self._outcomes) >= MOST_UNRECORDED:
                await recorded
            if silent >= SILENT or verdict.gone or self._stopping.is_set() or time.monotonic() - read_at > FRESH_SECONDS:
                break
        if recorded is not None:
            await recorded
        return silent < SILENT

    async def _record(self) -> None:
        """Write down what came of the tries, all lanes' together; until it is written, they count as not made."""
        while True:
            await asyncio.sleep(RECORD_SECONDS)
            taken, self._outcomes = self._outcomes, []
            by_tenant = defaultdict(list)
            for outcome, recorded in taken:
                by_tenant[outcome.tenant_id].append((outcome, recorded))
            for tenant_id, pairs in by_tenant.items():
                try:
                    failing = await self.claims.settle(tenant_id, [outcome for outcome, _ in pairs])
                except (psycopg.Error, PoolTimeout) as error:
                    log.warning("webhooks can't record; trying again", error=type(error).__name__)
                    self._outcomes = pairs + self._outcomes
                    await asyncio.sleep(1)
                    continue
                for outcome, recorded in pairs:
                    metrics.deliveries.labels(_OUTCOME[outcome.verdict.status]).inc()
                    if not recorded.done():
                        recorded.set_result(None)
                await self._give_up(tenant_id, [outcome for outcome, _ in pairs], failing)

    async def _give_up(self, tenant_id: UUID, outcomes: list[Outcome], failing: list[tuple[UUID, timedelta]]) -> None:
        """Pause endpoints that said 410, and those that have done nothing but fail for days."""
        gone = {outcome.endpoint_id: "gone" for outcome in outcomes if outcome.verdict.gone}
        tired = {endpoint_id: "failing" for endpoint_id, since in failing if since >= GIVE_UP_AFTER}
        for endpoint_id, reason in {**tired, **gone}.items():
            try:
                await asyncio.to_thread(self.pause, tenant_id, endpoint_id, reason)
            except Exception:
                log.exception("an endpoint could not be paused", endpoint_id=str(endpoint_id))

    async def _renew(self) -> None:
        """Keep the leases of long lanes."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            by_tenant = defaultdict(list)
            for tenant_id, endpoint_id in list(self._lanes):
                by_tenant[tenant_id].append(endpoint_id)
            for tenant_id, endpoint_ids in by_tenant.items():
                with contextlib.suppress(psycopg.Error, PoolTimeout):
                    await self.claims.renew(tenant_id, endpoint_ids)

    async def _finish(self) -> None:
        """Let lanes end by themselves for a moment; a try that is cut off counts as not made."""
        lanes = list(self._lanes.values())
        if not lanes:
            return
        _, late = await asyncio.wait(lanes, timeout=FINISH_SECONDS)
        for lane in late:
            lane.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _pause_for(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
