"""An installation in production with two processes of web and two workers: counts, logs, traces, and ends both sudden and orderly.

The tests stand in the order of the installation's life; the last ones end its processes.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from config.database import role_dsn
from config.environment import Environment

from ..people import ok
from ..servers import ROOT, Child, Web, migrated_database
from .counts import Counts
from .receivers import Traces, silent_mail_server

pytestmark = pytest.mark.timeout(180)
SECONDS = 20
PERSON = "ada.okafor@contoso.example"


class Production:
    """Its processes, its database, and an admin's key."""

    def __init__(self, database: str, home: Path, mail_port: int) -> None:
        self.traces, self.home = Traces(), home
        self.environment = {
            **os.environ,
            "DATABASE_URL": database,
            "TENANTRY_HOME": str(home),
            "TENANTRY_MODE": "production",
            "TENANTRY_TENANCY": "single",
            "TENANTRY_WORKERS": "2",
            "TENANTRY_WORKER_TIMEOUT": "1.5",
            "TENANTRY_MAIL_URL": f"smtp://127.0.0.1:{mail_port}?tls=none",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.traces.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        for name in ("TENANTRY_SUPERVISED", "TENANTRY_ALLOW_LOOPBACK_WEBHOOKS", "TENANTRY_RATE_LIMITS"):
            self.environment.pop(name, None)
        self.dsn = role_dsn(Environment(DATABASE_URL=database), "app")
        self.web = Web(home, self.environment)
        self.workers = [self.worker("first")]
        self.key = self.run("key", "create", "--staff", "admin").strip()
        self.web.wait()
        self.client = httpx.Client(base_url=f"{self.web.url}/api/v1", headers={"Authorization": f"Bearer {self.key}"}, timeout=30)

    def worker(self, name: str) -> Child:
        folder = self.home / name
        folder.mkdir()
        return Child("worker", folder, self.environment)

    def run(self, *arguments: str) -> str:
        """``tenantry …`` to its end; what it printed."""
        command = [sys.executable, "-m", "tenantry.install.cli", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(statement, parameters).fetchall()

    def lines(self, log: Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in log.read_text().splitlines() if line.strip()]

    def close(self) -> None:
        for child in (*self.workers, self.web):
            child.stop()
        self.traces.close()


@pytest.fixture(scope="module")
def production() -> Iterator[Production]:
    home = Path(tempfile.mkdtemp(prefix="tenantry-production-"))
    try:
        with silent_mail_server() as port, migrated_database(TENANTRY_TENANCY="single", TENANTRY_HOME=str(home)) as database:
            made = Production(database, home, port)
            try:
                yield made
            finally:
                made.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _until(found: Callable[[], Any], what: str = "it") -> Any:
    """What it finds, once it finds something."""
    until = time.monotonic() + SECONDS
    while not (result := found()):
        assert time.monotonic() < until, f"{what} didn't happen within {SECONDS} s"
        time.sleep(0.05)
    return result


def _mail_job(production: Production) -> int:
    """Ask for a mail that the silent server holds up; the number of its job once a worker runs it."""
    address = f"{secrets.token_hex(4)}@contoso.example"
    ok(production.client.post("/organizations", json={"name": address[:8], "country": "IN", "default_currency": "INR"}), 201)
    organization = ok(production.client.get("/organizations", params={"limit": 1}))["data"][0]["id"]
    ok(production.client.post(f"/organizations/{organization}/invitations", json={"email": address, "role": "learner"}), 201)
    statement = "select id from procrastinate_jobs where task_name like '%%mail.tasks.send' and status = 'doing' order by id desc limit 1"
    before = getattr(production, "latest", 0)
    found = _until(lambda: [row for row in production.rows(statement) if row[0] > before], "the job's beginning")
    production.latest = found[0][0]  # type: ignore[attr-defined]  # the tests' own note
    return int(found[0][0])


def _standing(production: Production, job: int) -> tuple[str, int | None, int]:
    rows = production.rows("select status::text, worker_id, attempts from procrastinate_jobs where id = %s", job)
    status, worker, attempts = rows[0]
    return status, worker, attempts


def test_all_processes_are_counted_together(production: Production) -> None:
    before = Counts(production.web.url)

    def ask(number: int) -> int:
        with httpx.Client(headers=production.client.headers) as client:  # a connection of its own, so that both processes are asked
            return client.get(f"{production.web.url}/api/v1/organizations").status_code

    asked = 0

    def all_count() -> bool:
        # On a busy machine one process of the two may answer everybody for a while, and the worker hasn't had a job yet.
        nonlocal asked
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ask, range(40))) == {200}
        asked += 40
        return len(list((production.home / "run" / "metrics").glob("*/counter_*.db"))) >= 3

    _until(all_count, "counters of two of web and one of the worker")
    httpx.post(f"{production.web.url}/api/v1/auth/password", json={"email": PERSON, "password": "not the one"})
    after = Counts(production.web.url)
    route = "/api/v1/organizations"
    assert after.more(before, "tenantry_requests_total", method="GET", route=route, status="200") == asked
    assert after.more(before, "tenantry_request_seconds_count", method="GET", route=route) == asked
    assert after.more(before, "tenantry_sign_ins_total", method="password", outcome="failed") == 1
    _until(lambda: any(name == "tenantry_jobs_run_total" for name, _ in Counts(production.web.url).samples), "the worker's count")


def test_readiness_says_that_the_mail_server_is_mute(production: Production) -> None:
    answer = httpx.get(f"{production.web.url}/health/ready", timeout=30)
    assert answer.status_code == 503
    found = answer.json()
    assert {name: check["status"] for name, check in found["checks"].items()} == {
        "database": "ok", "migrations": "ok", "worker": "ok", "mail": "failed",
    }  # fmt: skip
    assert httpx.get(f"{production.web.url}/health/ready", params={"exclude": "mail"}, timeout=30).json()["status"] == "ready"


def test_requests_and_jobs_are_traced(production: Production) -> None:
    trace, parent = secrets.token_hex(16), secrets.token_hex(8)
    ok(production.client.get("/organizations", headers={"traceparent": f"00-{trace}-{parent}-01"}))

    def span(**wanted: Any) -> dict[str, Any] | None:
        return next((one for one in production.traces.spans if all(one[key] == value for key, value in wanted.items())), None)

    request = _until(lambda: span(trace=trace, name="GET /api/v1/organizations"), "the request's span")
    assert (request["service"], request["parent"]) == ("tenantry-web", parent)
    assert request["attributes"]["http.response.status_code"] == 200
    assert request["attributes"]["tenantry.actor"].startswith("key_")
    _until(lambda: any(one["name"].startswith("job tenantry.") for one in production.traces.spans), "the span of a job")
    assert "contoso.example" not in json.dumps(production.traces.spans)


def test_nothing_of_opentelemetry_is_loaded_unless_it_is_configured() -> None:
    script = "import config.asgi, tenantry.jobs.running, sys; print([m for m in sys.modules if m.startswith('opentelemetry')])"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_jobs_of_a_killed_worker_are_taken_up_by_another(production: Production) -> None:
    job = _mail_job(production)
    _, first, _ = _standing(production, job)
    production.workers[0].process.send_signal(signal.SIGKILL)
    assert _standing(production, job)[0] == "doing", "nobody has noticed yet"
    production.workers.append(production.worker("second"))
    taken = _until(lambda: (found := _standing(production, job))[0] == "doing" and found[1] not in (None, first), "the rescue")
    assert taken
    assert production.rows("select kind, lost from jobs_failure where job_id = %s", job) == [("WorkerLost", 1)]
    with ThreadPoolExecutor(2) as pool:  # both at once: in ten seconds the mail has timed out, and that is what is shown
        running, shown = pool.map(lambda words: production.run("jobs", *words), (["--running"], ["show", str(job)]))
    assert str(job) in running
    assert "WorkerLost" in shown


def test_an_orderly_end_finishes_requests_and_gives_jobs_back(production: Production) -> None:
    job = _mail_job(production)
    _, second, before = _standing(production, job)
    organization = ok(production.client.get("/organizations", params={"limit": 1}))["data"][0]["id"]
    tag = ok(production.client.get(f"/organizations/{organization}"))
    answers: list[httpx.Response] = []

    def rename() -> None:
        answers.append(production.client.patch(f"/organizations/{organization}", json={"name": "Renamed"}))

    with psycopg.connect(production.dsn) as holding:
        tenant = holding.execute("select id from tenancy_enter('default')").fetchone()
        assert tenant is not None
        holding.execute("select set_config('app.tenant_id', %s, true), set_config('app.org_scope', '*', true)", [str(tenant[0])])
        holding.execute("select 1 from organizations_organization where name = %s for update", [tag["name"]])
        slow = threading.Thread(target=rename)
        slow.start()
        waiting = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        _until(lambda: production.rows(waiting), "the request's wait")
        for child in (production.web, production.workers[-1]):
            child.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)  # the signal has long arrived
        assert not answers
    slow.join(SECONDS)
    assert [answer.status_code for answer in answers] == [200], "the request that had begun was finished"
    assert production.web.process.wait(SECONDS) == 0
    assert production.workers[-1].process.wait(SECONDS) == 0
    assert _standing(production, job) == ("todo", None, before), "as if it had not begun"
    assert production.rows("select count(*) from procrastinate_workers where id = %s", second) == [(0,)]
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{production.web.url}/health/live")


def test_every_line_is_an_object_with_ids_and_without_a_person(production: Production) -> None:
    """After everything that happened above."""
    web, workers = production.lines(production.web.log), [production.lines(child.log) for child in production.workers]
    request = next(line for line in web if line["event"] == "request" and line["path"].endswith("/invitations"))
    assert request["actor"].startswith("key_")
    assert len(request["tenant"]) == 36
    assert request["request_id"]
    assert (request["method"], request["status"], request["level"]) == ("POST", 201, "info")
    assert any(line.get("event") == "job" and line.get("tenant") == request["tenant"] for lines in workers for line in lines)
    assert workers[-1][-1]["jobs_given_back"] >= 1
    for log in (production.web.log, *(child.log for child in production.workers)):
        assert "contoso.example" not in log.read_text()
        assert production.key not in log.read_text()
