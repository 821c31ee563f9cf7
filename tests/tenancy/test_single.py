"""One workspace, no prefix: the same house with ``TENANTRY_TENANCY=single``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from ..people import ok, problem
from ..servers import ROOT, Web, migrated_database


@dataclass
class Place:
    url: str
    environment: dict[str, str]

    def cli(self, *words: str) -> str:
        """What a command prints on stdout."""
        done = subprocess.run(
            [sys.executable, "-m", "tenantry.install.cli", *words], cwd=ROOT, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server of its own on a database of its own."""
    with migrated_database(TENANTRY_TENANCY="single") as address:
        environment = {**os.environ, "DATABASE_URL": address, "TENANTRY_TENANCY": "single", "TENANTRY_HOST_ORGS": "on"}
        web = Web(Path(tmp_path_factory.mktemp("single")), environment)
        try:
            yield Place(web.wait().url, environment)
        finally:
            web.stop()


def test_addresses_have_no_prefix(single: Place) -> None:
    assert httpx.get(f"{single.url}/healthz").text == "ok"
    problem(httpx.get(f"{single.url}/api/v1/me"), 401, "unauthenticated")
    problem(httpx.get(f"{single.url}/t/default/api/v1/me", headers={"Accept": "application/json"}), 404, "not_found")
    document = ok(httpx.get(f"{single.url}/api/v1/openapi.json"))
    assert all(path.startswith("/api/v1/") for path in document["paths"])


def test_a_key_from_the_command_line_works_at_both_doors(single: Place) -> None:
    printed = single.cli("key", "create", "--staff", "admin")
    key = printed.strip()
    assert printed == f"{key}\n"
    client = httpx.Client(base_url=f"{single.url}/api/v1", headers={"Authorization": f"Bearer {key}"})
    body = {"name": "Contoso", "country": "IN", "default_currency": "INR", "owner_email": "owner@contoso.example"}
    made = ok(client.post("/organizations", json=body), 201)
    question = {"user": "owner@contoso.example", "organization": made["id"], "permission": "members:write"}
    assert ok(client.post("/access/check", json=question))["allowed"] is True
    assert ok(client.post("/access/check-batch", json={"checks": [question]}))["data"][0]["allowed"] is True


def test_hosting_is_open_where_the_operator_opened_it(single: Place) -> None:
    key = single.cli("key", "create", "--staff", "admin").strip()
    client = httpx.Client(base_url=f"{single.url}/api/v1", headers={"Authorization": f"Bearer {key}"})
    body = {"name": "Hosts", "country": "IN", "default_currency": "INR", "can_host": True}
    assert ok(client.post("/organizations", json=body), 201)["can_host"] is True


def test_the_clock_of_a_workspace_that_is_no_sandbox_stays(single: Place) -> None:
    script = (
        "import django; django.setup()\n"
        "from datetime import timedelta\n"
        "from tenantry.kit.problems import Problem\n"
        "from tenantry.tenancy.services import move_clock\n"
        "try:\n    move_clock(slug='default', by=timedelta(days=1))\n"
        "except Problem as problem:\n    print(problem.status, problem.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=single.environment, capture_output=True, text=True)
    assert done.stdout.strip() == "409 not_a_sandbox", done.stderr
