"""Counting across processes, in PostgreSQL and in Redis: the same numbers, and an answer when Redis has none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from pydantic import SecretStr

from tenantry.access import counters
from tenantry.access.counters import Question

from ..people import Tenant, race
from ..servers import ROOT, free_port
from ..threads import Threads
from .counting import LIMIT, TRIES


class Server:
    """A redis-server of a test's own, which keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        client, until = redis.Redis.from_url(self.url), time.monotonic() + 10
        while time.monotonic() < until:
            try:
                client.ping()
                return
            except redis.RedisError:
                time.sleep(0.02)
        raise RuntimeError("redis-server doesn't start")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A real Redis that this process counts in. Without one on the machine the test is skipped, and says so."""
    if shutil.which("redis-server") is None:
        pytest.skip("There is no redis-server; on Debian: apt-get install redis-server")
    made = Server(tmp_path)
    made.start()
    monkeypatch.setattr(settings, "ENVIRONMENT", settings.ENVIRONMENT.model_copy(update={"redis_url": SecretStr(made.url)}))
    counters._script.cache_clear()
    yield made
    made.stop()
    counters._script.cache_clear()


def test_a_limit_holds_over_four_processes(tenant: Tenant, request: pytest.FixtureRequest) -> None:
    """Eight threads in four processes ask at once for more than twice what there is: 5% off are promised, none is the fact."""
    environment = dict(os.environ)
    if shutil.which("redis-server"):
        environment["REDIS_URL"] = request.getfixturevalue("server").url
    command = [sys.executable, "-m", "tests.access.counting", str(tenant.id), "processes"]
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert {process.stdout.readline() for process in processes if process.stdout} == {"ready\n"}
    with Threads(4) as pool:
        answers = [out.split() for out, _ in pool.map(lambda process: process.communicate("now\n", timeout=60), processes)]
    totals = [sum(int(number) for number in place) for place in zip(*answers, strict=True)]
    assert len(totals) == (2 if "REDIS_URL" in environment else 1)
    assert set(totals) == {LIMIT} and 4 * TRIES > 2 * LIMIT


def test_redis_counts_as_postgresql_does(tenant: Tenant, server: Server) -> None:
    """The same story told to both: slots, bursts, a limit that was lowered, looks, and what has left the window."""
    bursts = [(20, 10, 1)] * 3 + [(61, 10, 1)] * 2 + [(61, 5, 1), (75, 5, 0), (85, 3, 1), (100, 3, 1), (300, 3, 1)]
    story = [*((at, 10, 1) for at in (0, 4, 8, 12, 16)), (16, 10, 0), *bursts]  # further apart than a slot is long, or at once
    admitted = set()
    for at, limit, cost in story:
        ours, theirs = (place(Question("story", limit, 60, tenant.id, at), cost) for place in (counters.in_postgres, counters.in_redis))
        assert (ours.admitted, ours.used) == (theirs.admitted, theirs.used), (at, limit, cost)
        assert ours.wait == pytest.approx(theirs.wait, abs=0.5), (at, limit, cost)
        admitted.add(theirs.admitted)
    assert admitted == {True, False}
    answers = race(*(lambda: counters.ask(Question("race", 7, 300, tenant.id)).admitted for _ in range(20)))
    assert sum(answers) == 7
    held = redis.Redis.from_url(server.url, decode_responses=True)
    key = f"tenantry:limit:{tenant.id}:race"
    assert held.exists(key), "it is Redis that was asked"
    assert 0 < int(held.ttl(key)) <= 300, "and it forgets by itself"  # type: ignore[arg-type]  # not an awaitable here
    assert counters.ask(Question("race", 7, 300)).used == 1, "the installation counts apart from its workspaces"


def test_postgresql_counts_while_redis_is_silent(
    tenant: Tenant, server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(counters, "RETRY_SECONDS", 0.2)
    question = Question("silent", 3, 300, tenant.id)
    assert counters.ask(question).used == 1
    server.stop()
    assert [counters.ask(question).used for _ in range(4)] == [1, 2, 3, 3]
    time.sleep(0.25)
    assert not counters.ask(question).admitted, "asked Redis again, and in vain"
    assert caplog.text.count("redis doesn't answer") == 1
    server.start()
    time.sleep(0.25)
    assert counters.ask(question).used == 1, "a Redis that was restarted has forgotten"
    assert "redis answers again" in caplog.text
