"""What the probes answer, and that they say nothing that helps an attacker."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from django.conf import settings

from config.database import role_dsn
from tenantry.install import health

from ..people import problem


@pytest.fixture
def url() -> str:
    return os.environ["TENANTRY_TEST_URL"]


def test_alive_and_ready(url: str) -> None:
    assert httpx.get(f"{url}/health/live").json() == {"status": "live"}
    assert httpx.get(f"{url}/healthz").text == "ok"
    answer = httpx.get(f"{url}/health/ready", timeout=30)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["status"] == "ready"
    assert {name: check["status"] for name, check in body["checks"].items()} == dict.fromkeys(health.CHECKS, "ok")
    assert body["checks"]["worker"]["workers"] >= 1
    for secret in ("127.0.0.1", "postgres", str(settings.ENVIRONMENT.home)):
        assert secret not in answer.text


def test_a_check_can_be_left_out_but_not_an_unknown_one(url: str) -> None:
    found = httpx.get(f"{url}/health/ready", params={"exclude": ["mail", "worker"]})
    assert set(found.json()["checks"]) == {"database", "migrations"}
    problem(httpx.get(f"{url}/health/ready?exclude=everything"), 422, "validation_failed")


def test_not_ready_without_a_worker_or_with_other_migrations(url: str) -> None:
    """Asked of the functions, because the run's own database must stay as it is: each change is rolled back."""
    environment = settings.ENVIRONMENT.model_copy(update={"worker_timeout": 0.0})
    well, found = health.ready(environment, exclude={"mail"})
    assert (well, found["worker"]["status"], found["worker"]["workers"]) == (False, "failed", 0)
    known = health._known()
    health._known.cache_clear()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tenantry.install.migrate.known", lambda: [*known, "people.0999_later"])
            well, found = health.ready(settings.ENVIRONMENT, exclude={"mail", "worker"})
            assert (well, found["migrations"]["missing"]) == (False, 1)
            health._known.cache_clear()
            patch.setattr("tenantry.install.migrate.known", lambda: sorted(known)[1:])
            assert "newer" in health.ready(settings.ENVIRONMENT, exclude={"worker"})[1]["migrations"]["detail"]
    finally:
        health._known.cache_clear()


@pytest.fixture
def greeting() -> Iterator[tuple[int, list[bytes]]]:
    """A server that says one thing to whoever comes: its port, and what it says."""
    says = [b"220 mail.example ESMTP\r\n"]
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(says[0])

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], says


def test_the_mail_server_is_asked_for_its_greeting(greeting: tuple[int, list[bytes]]) -> None:
    port, says = greeting

    def mail(url: str | None, **more: object) -> dict[str, object]:
        from pydantic import SecretStr

        changed = {"mail_url": SecretStr(url) if url else None, **more}
        return health._mail(settings.ENVIRONMENT.model_copy(update=changed))

    address = f"smtp://user:hush@127.0.0.1:{port}"
    assert mail(address) == {"status": "ok", "configured": True}
    says[0] = b"HTTP/1.1 400 Bad Request\r\n"
    assert mail(address)["detail"] == "The mail server does not greet us."
    assert mail("smtp://127.0.0.1:9")["detail"] == "The mail server can't be reached."
    assert mail(None)["status"] == "ok"
    assert mail(None, mode="production") == {
        "status": "failed", "detail": "No mail server is set: TENANTRY_MAIL_URL.", "configured": False,
    }  # fmt: skip


def test_a_database_that_is_gone_is_said_in_one_sentence() -> None:
    """The same code on a connection that leads nowhere."""
    from django.db import connection

    with psycopg.connect(role_dsn(settings.ENVIRONMENT, "app")):  # the database itself is well
        connection.close()
        connection.settings_dict["PORT"], kept = "1", connection.settings_dict["PORT"]
        host, connection.settings_dict["HOST"] = connection.settings_dict["HOST"], "127.0.0.1"
        pool = connection.settings_dict["OPTIONS"].pop("pool", None)
        try:
            well, found = health.ready(settings.ENVIRONMENT, exclude={"mail"})
        finally:
            connection.settings_dict |= {"PORT": kept, "HOST": host}
            connection.settings_dict["OPTIONS"]["pool"] = pool
            connection.close()
    assert not well
    assert {check.get("detail") for check in found.values()} == {"The database does not answer."}
