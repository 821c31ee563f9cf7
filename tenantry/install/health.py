"""Whether this installation can do its work: what ``/health/ready`` answers, check by check, without a detail that helps an attacker."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.db import DatabaseError, connection

from config.environment import Environment

MAIL_SECONDS = 3.0
MAIL_KEPT_SECONDS = 30.0
_HEARTBEAT = """
select count(*), coalesce(extract(epoch from now() - max(last_heartbeat)), 0)::float8
  from procrastinate_workers where last_heartbeat > now() - make_interval(secs => %s)
"""

Finding = dict[str, Any]


def ready(settings: Environment, *, exclude: set[str]) -> tuple[bool, dict[str, Finding]]:
    """Every check but the excluded ones: ``{"database": {"status": "ok" | "failed", …}}``; ready when none failed."""
    found: dict[str, Finding] = {}
    for name, check in CHECKS.items():
        if name in exclude:
            continue
        started = time.perf_counter()
        try:
            finding = check(settings)
        except DatabaseError:
            finding = _failed("The database does not answer.")
        found[name] = {**finding, "ms": round((time.perf_counter() - started) * 1000, 1)}
    return all(finding["status"] == "ok" for finding in found.values()), found


def _ok(**more: Any) -> Finding:
    return {"status": "ok", **more}


def _failed(detail: str, **more: Any) -> Finding:
    return {"status": "failed", "detail": detail, **more}


def _database(settings: Environment) -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return _ok()


def _migrations(settings: Environment) -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("select app || '.' || name from django_migrations")
        present = {row[0] for row in cursor.fetchall()}
    missing, unknown = _known() - present, present - _known()
    if unknown:
        return _failed("The database belongs to a newer version.")
    return _failed("Migrations are not applied: bin/tenantry migrate", missing=len(missing)) if missing else _ok()


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    from .migrate import known

    return frozenset(known())


def _worker(settings: Environment) -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(_HEARTBEAT, [settings.worker_timeout])
        alive, seconds = cursor.fetchone() or (0, 0.0)
    if not alive:
        return _failed("No worker is running: mails, expiries and the audit chain wait for one.", workers=0)
    return _ok(workers=alive, heartbeat_seconds=round(seconds, 1))


class _Kept:
    """The answer about the mail server is kept for half a minute: whoever probes us often shall not probe it as often."""

    def __init__(self) -> None:
        self.lock, self.until, self.finding = threading.Lock(), 0.0, _ok()

    def __call__(self, settings: Environment) -> Finding:
        with self.lock:
            if time.monotonic() >= self.until:
                self.finding = _mail(settings)
                self.until = time.monotonic() + MAIL_KEPT_SECONDS
            return self.finding


def _mail(settings: Environment) -> Finding:
    """The installation's own server greets us. Workspaces with one of their own see its errors in their settings."""
    if settings.mail_url is None:
        return _ok(configured=False) if settings.developing else _failed("No mail server is set: TENANTRY_MAIL_URL.", configured=False)
    parts = urlsplit(settings.mail_url.get_secret_value())
    if not parts.scheme.startswith("smtp") or parts.hostname is None:
        return _ok(configured=True)  # a provider's API, which is asked only when there is something to send
    implicit = "tls=implicit" in parts.query
    try:
        with socket.create_connection((parts.hostname, parts.port or (465 if implicit else 587)), timeout=MAIL_SECONDS) as server:
            if not implicit and not server.recv(64).startswith(b"220"):
                return _failed("The mail server does not greet us.", configured=True)
    except OSError:
        return _failed("The mail server can't be reached.", configured=True)
    return _ok(configured=True)


CHECKS: dict[str, Callable[[Environment], Finding]] = {
    "database": _database,
    "migrations": _migrations,
    "worker": _worker,
    "mail": _Kept(),
}
