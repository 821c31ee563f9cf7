"""Commands print their result and nothing else on stdout, and refuse in sentences."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import psycopg
import pytest

from ..servers import ROOT
from .installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # brings a database of its own


def test_migrating_at_once_from_three_places_queues(lived_in: Installation) -> None:
    command = [sys.executable, "-m", "tenantry.install.cli", "migrate"]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=lived_in.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], answers
    assert sorted(answer.split()[0] for answer, _ in answers) == ["Applied", "The", "The"]
    assert lived_in.processes() == []


@pytest.mark.usefixtures("awake")
def test_refusals_are_sentences(lived_in: Installation) -> None:
    lived_in.run("migrate")
    made = lived_in.run("install", "--email", "nora@northwind.example", "--program", "Northwind")
    assert (made.returncode, made.stdout.count("\n")) == (0, 1)
    assert made.stdout.startswith(f"{lived_in.url}/sign-in/link/")
    again = lived_in.run("install", "--email", "eve@elsewhere.example")
    assert (again.returncode, again.stdout) == (3, "")
    assert "is set up already" in again.stderr
    for arguments, words in [
        (["key", "create", "--staff", "boss"], "Unknown staff role boss"),
        (["link", "eve@elsewhere.example"], "There is no such user"),
        (["key", "create", "--staff", "admin", "--tenant", "acme"], "has one workspace"),
    ]:
        answer = lived_in.run(*arguments)
        assert (answer.returncode, answer.stdout) == (1, "")
        assert words in answer.stderr
        assert "Traceback" not in answer.stderr


@pytest.mark.usefixtures("awake")
def test_results_stand_alone_on_stdout(lived_in: Installation) -> None:
    lived_in.run("migrate")
    lived_in.run("demo")

    dsn = lived_in.run("dsn", "--role", "app").stdout
    assert dsn.startswith("postgresql://tenantry_app@")
    assert dsn.count("\n") == 1
    key = lived_in.run("key", "create", "--staff", "admin").stdout
    assert key.startswith("tk_live_")
    assert key.count("\n") == 1
    own = lived_in.run(
        "key", "create", "--organization", "contoso", "--scope", "integration", "--scope", "members:read", "--expires", "30d"
    )
    assert re.fullmatch(r"tk_live_\S{49}\n", own.stdout), own.stderr
    (line,) = [line for line in lived_in.run("key", "list").stdout.splitlines() if own.stdout[:14] in line]
    assert line.endswith("members:read webhooks:write commissions:read events:write partners:read partners:write"), line
    rotated = lived_in.run("key", "rotate", line.split()[0], "--overlap", "2").stdout
    assert re.fullmatch(r"tk_live_\S{49}\n", rotated)
    assert rotated != own.stdout
    assert lived_in.run("key", "revoke", line.split()[0], "--reason", "tried").returncode == 0
    listed = lived_in.run("key", "list").stdout
    assert own.stdout[:14] not in listed
    assert rotated[:14] in listed
    link = lived_in.run("link", "ada@contoso.example").stdout
    assert link.startswith(f"{lived_in.url}/")
    assert link.count("\n") == 1
    assert json.loads(lived_in.run("openapi").stdout)["openapi"].startswith("3.1")
    verified = lived_in.run("audit", "verify")
    assert (verified.returncode, "the chain holds" in verified.stdout) == (0, True)
    doctor = lived_in.run("doctor")
    assert doctor.returncode == 0, doctor.stdout
    assert "No worker is running" in doctor.stdout


def test_a_database_of_a_newer_version_is_refused(lived_in: Installation) -> None:
    process, _ = lived_in.start(TENANTRY_MODE="test")
    owner = lived_in.run("dsn", "--role", "owner").stdout.strip()
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("insert into django_migrations (app, name, applied) values ('people', '0999_later', now())")
    process.terminate()
    process.wait(12)
    for command in ("migrate", "up"):
        answer = lived_in.run(command)
        assert answer.returncode == 1
        assert "people.0999_later" in answer.stderr + answer.stdout
        assert "Traceback" not in answer.stderr


def test_reset_deletes_what_is_tenantrys_only(lived_in: Installation) -> None:
    lived_in.run("migrate")
    (lived_in.home / "letter.txt").write_text("dear")
    assert lived_in.run("reset").returncode == 1  # nobody to ask
    assert lived_in.run("reset", "--yes").returncode == 0
    assert {path.name for path in lived_in.home.iterdir()} - {"up.log"} == {"letter.txt"}  # the log is this test's own


@pytest.mark.parametrize(("version", "words"), [("16", "Dump it with the Tenantry that made it"), ("99", "made by a newer Tenantry")])
def test_a_cluster_of_another_version_is_refused(installation: Installation, version: str, words: str) -> None:
    (installation.home / "postgres").mkdir()
    (installation.home / "postgres" / "PG_VERSION").write_text(version + "\n")
    answer = installation.run("migrate")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert words in answer.stderr


def test_a_folder_of_something_else_is_refused_and_left_alone(installation: Installation) -> None:
    (installation.home / "postgres").mkdir()
    (installation.home / "postgres" / "letter.txt").write_text("dear")
    answer = installation.run("migrate")
    assert answer.returncode == 1
    assert "is not a PostgreSQL data folder" in answer.stderr
    assert (installation.home / "postgres" / "letter.txt").read_text() == "dear"


def test_wrong_settings_are_named(installation: Installation) -> None:
    answer = installation.run("migrate", TENANTRY_TENANCY="both", PORT="abc")
    assert answer.returncode == 1
    assert "TENANTRY_TENANCY" in answer.stderr
    assert "PORT" in answer.stderr
