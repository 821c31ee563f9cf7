"""One database, one web server and one worker for the whole run, started by whoever runs pytest.

The database is a fresh one: the embedded PostgreSQL in a folder of its own, or, with ``TENANTRY_TEST_DATABASE``
(an administrator's postgresql:// address), a new database on that server. Processes of the run find everything in the
environment (``DATABASE_URL``, ``TENANTRY_TEST_URL``…), which pytest-xdist's workers inherit.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from .zones import NameServer

READY_SECONDS = 60
ROOT = Path(__file__).resolve().parent.parent
# One test asks more with one key than any program would in five minutes; what the limits do has tests of its own, with numbers
# of their own (tests/access/test_rate_limits.py). A test's workspace is its own, so the rules for an address hold as they are.
RATE_LIMITS = "requests=1000000/5m,invitation_create=1000/1h,webhook_writes=1000/1m,exports=1000/24h"
# A test's data may be lost when the machine fails; that makes commits some ten times faster.
CARELESS = "fsync synchronous_commit full_page_writes".split()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


class Child:
    """One ``tenantry …`` process with its log file."""

    def __init__(self, name: str, home: Path, environment: dict[str, str]) -> None:
        self.name, self.log = name, home / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tenantry.install.cli", name],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Supervised: it ends by itself when this process is gone, however that ended.
                env={**environment, "TENANTRY_SUPERVISED": "1", "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for what is left of its process group."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(12)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(5)


class Web(Child):
    """A web server of its own: of another tenancy, or with other settings."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__("web", home, {**environment, "PORT": str(port)})

    def wait(self) -> Web:
        """Until it answers. Raises RuntimeError with its log."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200:
                    return self
                break
            time.sleep(0.05)
        raise RuntimeError(f"The {self.name} server doesn't start:\n{self.log.read_text(errors='replace')[-4000:]}")


def migrate(environment: dict[str, str]) -> None:
    """``tenantry migrate`` with these settings. Raises RuntimeError with its words."""
    done = subprocess.run(
        [sys.executable, "-m", "tenantry.install.cli", "migrate"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"The migrations failed:\n{done.stdout}{done.stderr}")


@contextlib.contextmanager
def migrated_database(**settings: str) -> Iterator[str]:
    """The address of one more database beside the run's own, with our schema; dropped afterwards."""
    with empty_database(os.environ["DATABASE_URL"], template=os.environ["TENANTRY_TEST_TEMPLATE"]) as address:
        if settings.get("TENANTRY_TENANCY") == "single":  # what the schema's copy lacks: the one workspace
            migrate({**os.environ, "DATABASE_URL": address, **settings})
        yield address


@contextlib.contextmanager
def empty_database(server: str, *, template: str = "template0") -> Iterator[str]:
    """The address of a new database on a server, a copy of ``template``; dropped afterwards."""
    name = sql.Identifier(plain := f"tenantry_test_{secrets.token_hex(6)}")
    with psycopg.connect(server, autocommit=True) as connection:
        made = sql.SQL("create database {} template {} encoding 'UTF8' lc_collate 'C' lc_ctype 'C'")
        connection.execute(made.format(name, sql.Identifier(template)))
    try:
        yield make_conninfo(server, dbname=plain)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))


def _name(address: str) -> str:
    return str(conninfo_to_dict(address)["dbname"])


class Stack:
    """Everything that a run needs. ``start`` writes the environment; ``stop`` leaves nothing behind."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="tenantry-tests-"))
        if not os.environ.get("TENANTRY_TEST_KEEP"):
            # Registered first, so that it comes last: the embedded server's own farewell leaves a lock file behind.
            atexit.register(shutil.rmtree, self.home, ignore_errors=True)
        self.children: list[Child] = []
        self._ends = contextlib.ExitStack()

    def start(self) -> None:
        """Database, migrations, web and worker; the addresses are in ``os.environ`` afterwards."""
        self.home.chmod(0o755)  # the embedded server runs as another user when we are root
        os.environ |= {
            "TENANTRY_HOME": str(self.home),
            "TENANTRY_MODE": "test",
            "TENANTRY_TENANCY": "multi",
            "TENANTRY_WORKERS": "1",
            "TENANTRY_ALLOW_LOOPBACK_WEBHOOKS": "on",
            "TENANTRY_RATE_LIMITS": RATE_LIMITS,
            "TENANTRY_DNS_RESOLVER": f"127.0.0.1:{NameServer(self.home / 'zones').port}",
            "TENANTRY_TEST_ZONES": str(self.home / "zones"),
            "TENANTRY_METRICS_TOKEN": "only for tests",
            "TENANTRY_SECRETS_KEY": secrets.token_urlsafe(32),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        for name in ("PORT", "TENANTRY_PUBLIC_URL", "TENANTRY_MAIL_URL", "TENANTRY_HOST_ORGS"):
            os.environ.pop(name, None)
        os.environ["DATABASE_URL"] = self._database()
        migrate(dict(os.environ))
        # Kept as it is now, for tests that want a database of their own: a copy takes a tenth of the time of the migrations.
        server = os.environ["DATABASE_URL"]
        copy = self._ends.enter_context(empty_database(server, template=_name(server)))
        os.environ["TENANTRY_TEST_TEMPLATE"] = _name(copy)
        web = Web(self.home, dict(os.environ))
        os.environ["PORT"] = web.url.rpartition(":")[2]  # mails that tests' own process makes carry the right address
        os.environ["TENANTRY_TEST_URL"] = web.url
        os.environ["TENANTRY_TEST_LOG"] = str(web.log)
        self.children = [web, Child("worker", self.home, dict(os.environ))]
        web.wait()

    def _database(self) -> str:
        given = os.environ.get("TENANTRY_TEST_DATABASE")
        if given:
            os.environ.setdefault("TENANTRY_DATABASE_PASSWORD", "only for tests")
            return self._ends.enter_context(empty_database(given))
        from tenantry.install import embedded

        address = embedded.start(self.home)
        self._ends.callback(embedded.stop, self.home)
        with psycopg.connect(address, autocommit=True) as connection:
            for setting in CARELESS:
                connection.execute(sql.SQL("alter system set {} = off").format(sql.Identifier(setting)))
            connection.execute("select pg_reload_conf()")
        return address

    def stop(self) -> None:
        """Stop the processes and the database; the folder goes with this process."""
        for child in reversed(self.children):
            child.stop()
        self._ends.close()
