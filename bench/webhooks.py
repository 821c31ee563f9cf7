"""Draining pending deliveries: how fast, with endpoints that hang, and when a worker is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import psycopg

from . import rig

DELIVERIES, ENDPOINTS, HANGING, WORKERS, RUNS = 100_000, 50, 10, 2, 3
BODY = (
    '{"id":"evt_01kxyzc9m4e8pvq2h5t7r3s0ab","type":"member.added","timestamp":"2026-11-21T06:00:00.000Z","organization":"org_01kxyz",'
    '"actor":{"kind":"user","id":"usr_01kxyzd0j3q5rnm8b2e6y4z1pc"},"data":{"id":"mem_01kxyzd2f8g6htk4c1w9x7v5na","user":"usr_01kxyz",'
    '"email":"ada@contoso.example","name":"Ada Byron","role":"manager","status":"active","team":"Research"}}'
)
_SEED = """
insert into webhooks_delivery (tenant_id, id, created_at, organization_id, endpoint_id, event_id, event_type, body, synthetic, status,
    attempts, next_at, tries, answer_body, error)
select e.tenant_id, uuidv7(), now(), null, e.id, gen_random_uuid(), 'member.added', %(body)s, false, 'pending', 0,
       now() + n * interval '1 microsecond', '[]', '', ''
  from webhooks_endpoint e, generate_series(1, %(each)s) n
"""
Row = Callable[[str, str, str, bool], None]


@contextmanager
def receiver() -> Iterator[tuple[str, Path]]:
    """A receiver of its own process; yields its address and the file of what it took."""
    port, kept = rig.free_port(), Path(tempfile.mkstemp(prefix="tenantry-bench-")[1])
    process = subprocess.Popen([sys.executable, "-m", "bench.receiver", str(port), str(kept)])
    time.sleep(0.5)
    try:
        yield f"http://127.0.0.1:{port}", kept
    finally:
        process.kill()
        process.wait()
        kept.unlink()


def worker() -> subprocess.Popen[bytes]:
    """One worker process, as an installation has them."""
    return subprocess.Popen([sys.executable, "-m", "tenantry.install.cli", "worker"], stdout=subprocess.DEVNULL)


@contextmanager
def workers(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many workers, ready; killed at the end."""
    running = [worker() for _ in range(count)]
    time.sleep(4)
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


def endpoints(tenant: str, base: str, *, hanging: int = 0) -> None:
    """The tenant's endpoints, anew; the first ``hanging`` of them never answer."""
    from tenantry.audit.services import SYSTEM
    from tenantry.tenancy.scope import scope
    from tenantry.webhooks.models import Delivery, Endpoint
    from tenantry.webhooks.services import create_endpoint

    with scope(UUID(tenant)):
        Delivery.objects.all().delete()
        Endpoint.objects.all().delete()
        for number in range(ENDPOINTS):
            path = f"/hang{number}" if number < hanging else f"/{number}"
            create_endpoint(url=base + path, events=["webhook.test"], organization_id=None, actor=SYSTEM)


def _sql(dsn: str, statement: str, **values: Any) -> list[Any]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def _seed(dsn: str, count: int) -> None:
    _sql(dsn, _SEED, body=BODY, each=count // ENDPOINTS)
    _sql(dsn, "vacuum (analyze) webhooks_delivery")


def _pending(dsn: str) -> int:
    """What waits for endpoints that answer."""
    found = _sql(
        dsn,
        "select count(*) from webhooks_delivery d join webhooks_endpoint e on e.tenant_id = d.tenant_id and e.id = d.endpoint_id "
        "where d.status = 'pending' and e.url not like '%%/hang%%'",
    )
    return int(found[0][0])


def _drain(dsn: str, *, limit: float = 300) -> float:
    """Seconds until nothing waits any more."""
    started = time.perf_counter()
    while _pending(dsn):
        if time.perf_counter() - started > limit:
            raise RuntimeError(f"{_pending(dsn)} deliveries still wait after {limit} s")
        time.sleep(0.25)
    return time.perf_counter() - started


def _held(dsn: str) -> None:
    """Nobody claims while the rows are being made: leases of nobody."""
    _sql(dsn, "update webhooks_endpoint set claimed_by = null, claimed_until = now() + interval '1 hour'")


def _let_go(dsn: str) -> None:
    _sql(dsn, "update webhooks_endpoint set claimed_until = null")


def rate(dsn: str, tenant: str, *, hanging: int, count: int) -> float:
    """Deliveries a second to the endpoints that answer."""
    with receiver() as (base, kept), workers(WORKERS):
        endpoints(tenant, base, hanging=hanging)
        _held(dsn)
        _seed(dsn, count)
        _let_go(dsn)
        seconds = _drain(dsn)
        sent = count * (ENDPOINTS - hanging) // ENDPOINTS
        arrived = len(set(kept.read_bytes().split()))
        assert arrived == sent, f"{arrived} of {sent} arrived"
    return sent / seconds


def killed(dsn: str, tenant: str, count: int) -> tuple[int, int]:
    """Kill a worker in the middle, start another: how many were lost, how many arrived twice."""
    with receiver() as (base, kept), workers(WORKERS) as running:
        endpoints(tenant, base)
        _held(dsn)
        _seed(dsn, count)
        _let_go(dsn)
        while _pending(dsn) > count * 0.6:
            time.sleep(0.05)
        running[0].send_signal(signal.SIGKILL)
        running[0].wait()
        running[0] = worker()
        _drain(dsn)
        arrived = Counter(kept.read_bytes().split())
        return count - len(arrived), sum(times - 1 for times in arrived.values())


def bare(count: int) -> float:
    """The peer: one aiohttp session, 50 at a time, nothing signed, guarded or recorded."""

    async def run(base: str) -> float:
        async with aiohttp.ClientSession() as session:
            left = iter(range(count))

            async def lane(number: int) -> None:
                for _ in left:
                    async with session.post(f"{base}/{number}", data=BODY.encode()) as answer:
                        await answer.read()

            started = time.perf_counter()
            await asyncio.gather(*[lane(number) for number in range(ENDPOINTS)])
            return time.perf_counter() - started

    with receiver() as (base, _):
        return count / asyncio.run(run(base))


def webhooks(dsn: str, row: Row) -> None:
    """All of it. ``BENCH_DELIVERIES`` makes it smaller, for a try."""
    from tenantry.tenancy.services import ensure_default

    count, tenant = int(os.environ.get("BENCH_DELIVERIES", DELIVERIES)), str(ensure_default())
    rates = [rate(dsn, tenant, hanging=0, count=count) for _ in range(RUNS)]
    peer = statistics.median(bare(count // 5) for _ in range(RUNS))
    found = statistics.median(rates)
    text = f"{found:,.0f}/s ({found / peer:.2f} of one bare aiohttp client: {peer:,.0f}/s)"
    row(f"webhooks: {count:,} deliveries to {ENDPOINTS} endpoints, {WORKERS} workers", text, "≥ 2,000/s", found >= 2000)
    others = statistics.median(rate(dsn, tenant, hanging=HANGING, count=count) for _ in range(RUNS))
    text = f"{others:,.0f}/s, {others / found:.2f} of the above"
    row(f"webhooks: {HANGING} of the {ENDPOINTS} hang, the others", text, "≥ 0.8", others / found >= 0.8)
    lost, twice = killed(dsn, tenant, count)
    row(
        "webhooks: a worker killed in the middle",
        f"{lost} lost, {twice} twice",
        "0 lost, at most what was in flight",
        lost == 0 and twice <= 200,
    )
