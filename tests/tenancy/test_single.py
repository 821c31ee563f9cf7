"""One workspace, no prefix: the same house with ``TENANTRY_TENANCY=single``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from ..people import ok, problem
from ..postbox import Postbox
from ..scim.directory import refused
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
        environment = {**os.environ, "DATABASE_URL": address, "TENANTRY_TENANCY": "single", "TENANTRY_HOST_ORGS": "on",
                       "TENANTRY_PUBLIC_URL": "https://teams.example", "TENANTRY_EMBED_ORIGINS": "https://www.example.com"}  # fmt: skip
        web = Web(Path(tmp_path_factory.mktemp("single")), environment)
        try:
            yield Place(web.wait().url, environment)
        finally:
            web.stop()


@pytest.fixture(scope="module")
def admin(single: Place) -> Iterator[httpx.Client]:
    """Whoever holds an admin's key, at the API."""
    key = single.cli("key", "create", "--staff", "admin").strip()
    with httpx.Client(base_url=f"{single.url}/api/v1", headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


_BLOCKED = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 15
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_of_several_installers_at_once_one_wins(single: Place) -> None:
    """And what stands at the installation's doors where there is one workspace."""
    for path in ("/", "/sign-in"):
        assert httpx.get(single.url + path).headers["location"] == "/install"
    problem(httpx.post(f"{single.url}/api/v1/signup", json={"email": "a@b.example", "workspace": "Other"}), 404, "not_found")
    for path in ("/signup", "/workspaces", f"/workspaces/link/{'a' * 43}"):
        assert httpx.get(single.url + path).status_code == 404, path

    post = Postbox()
    server = {"transport": "smtp", "from_email": "hello@northwind.example", "host": "127.0.0.1", "port": post.port, "tls": "none"}

    def install(number: int) -> httpx.Response:
        body = {"email": f"admin{number}@northwind.example", "program": {"name": f"Northwind {number}"}, "mail": server}
        return httpx.post(f"{single.url}/api/v1/install", json=body, timeout=30)

    # All have sent their mail, and all have begun to write, before any of them can end.
    post.gate.clear()
    database = single.environment["DATABASE_URL"]
    with ThreadPoolExecutor(3) as pool, psycopg.connect(database) as holder, psycopg.connect(database, autocommit=True) as watch:
        waiting = [pool.submit(install, number) for number in range(3)]
        _until(lambda: len(post.mails) == 3)
        holder.execute("lock table tenancy_setting in exclusive mode")
        post.gate.set()
        _until(lambda: watch.execute(_BLOCKED).fetchone() == (3,))
        holder.rollback()
        answers = [answer.result() for answer in waiting]
    post.close()
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    won = next(number for number, answer in enumerate(answers) if answer.status_code == 201)
    assert ok(answers[won], 201) == {"slug": "default", "url": "https://teams.example/", "notified": True}
    key = single.cli("key", "create", "--staff", "admin").strip()
    staff = ok(httpx.get(f"{single.url}/api/v1/staff", headers={"Authorization": f"Bearer {key}"}))["data"]
    assert [row["user"]["email"] for row in staff] == [f"admin{won}@northwind.example"]
    assert f"Northwind {won}" in httpx.get(f"{single.url}/sign-in").text


def test_addresses_have_no_prefix(single: Place) -> None:
    assert httpx.get(f"{single.url}/healthz").text == "ok"
    problem(httpx.get(f"{single.url}/api/v1/me"), 401, "unauthenticated")
    # Whoever asks: no key would make it right. Each client is told in its own shape.
    key = {"Authorization": "Bearer x"}
    told = {
        "/api/v1/me": problem(httpx.get(f"{single.url}/t/default/api/v1/me", headers=key), 404, "not_found"),
        "/scim/v2/Users": refused(httpx.get(f"{single.url}/t/default/scim/v2/Users", headers=key), 404),
    }
    for path, details in told.items():
        assert details["detail"].endswith(f"addresses have no /t/<slug>: {path}")
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


def _cookies(answer: httpx.Response) -> dict[str, set[str]]:
    """Name → attributes, of what an answer sets."""
    found = [line.split("; ") for line in answer.headers.get_list("set-cookie")]
    return {parts[0].partition("=")[0]: {part for part in parts[1:] if not part.startswith(("expires", "Max-Age"))} for parts in found}


def test_over_https_cookies_belong_to_this_host_alone_and_are_cleared_as_they_were_set(single: Place, admin: httpx.Client) -> None:
    strict = {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"}
    ok(admin.post("/staff", json={"email": "ada@teams.example", "role": "admin"}), 201)
    token = single.cli("link", "ada@teams.example").strip().rpartition("/")[2]
    form = httpx.get(f"{single.url}/sign-in/link/{token}")
    assert _cookies(form) == {"__Host-tenantry_csrf": strict}
    csrf = f"__Host-tenantry_csrf={form.cookies['__Host-tenantry_csrf']}"
    hidden = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
    assert hidden
    sent = {"data": {"csrfmiddlewaretoken": hidden[1]}, "headers": {"Cookie": csrf}}
    entered = httpx.post(f"{single.url}/sign-in/link/{token}", **sent)
    assert entered.status_code == 302, entered.text
    assert _cookies(entered)["__Host-tenantry_session"] == strict
    session = f"{csrf}; __Host-tenantry_session={entered.cookies['__Host-tenantry_session']}"
    csrf = f"__Host-tenantry_csrf={entered.cookies['__Host-tenantry_csrf']}"
    sent["headers"] = {"Cookie": f"{session}; {csrf}", "X-CSRFToken": entered.cookies["__Host-tenantry_csrf"]}
    renamed = httpx.post(f"{single.url}/account", data={"name": "Ada"}, headers=sent["headers"])
    assert _cookies(renamed)["__Host-tenantry_messages"] == strict
    toast = f"__Host-tenantry_messages={renamed.cookies['__Host-tenantry_messages']}"
    shown = httpx.get(f"{single.url}/account", headers={"Cookie": f"{session}; {toast}"})
    assert _cookies(shown)["__Host-tenantry_messages"] == strict
    left = httpx.post(f"{single.url}/sign-out", headers=sent["headers"])
    assert _cookies(left)["__Host-tenantry_session"] == strict
    for answer, name in ((shown, "__Host-tenantry_messages"), (left, "__Host-tenantry_session")):
        assert any(f'{name}=""; ' in line and "Max-Age=0" in line for line in answer.headers.get_list("set-cookie"))


def test_over_https_browsers_are_told_to_stay_with_it_and_who_may_frame(single: Place) -> None:
    for path in ("/sign-in", "/directory", "/api/v1/me", "/static/portal/portal.js", "/nowhere"):
        headers = httpx.get(f"{single.url}{path}").headers
        assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains; preload"
        framed = path == "/directory"
        assert (
            f"frame-ancestors {'https://www.example.com' if framed else chr(39) + 'none' + chr(39)};" in headers["content-security-policy"]
        )
        assert ("x-frame-options" in headers) != framed
    edge = httpx.post(f"{single.url}/api/v1/access/check", headers={"Authorization": "Bearer x"})
    assert "preload" in edge.headers["strict-transport-security"]
    assert "preload" not in httpx.get(os.environ["TENANTRY_TEST_URL"] + "/healthz").headers.get("strict-transport-security", "")
    shown = httpx.get(f"{single.url}/directory", headers={"Sec-Fetch-Dest": "iframe"}).text
    assert "<h1>Directory</h1>" in shown and 'class="side"' not in shown


def test_the_operator_holds_the_whole_installation_still(single: Place, admin: httpx.Client) -> None:
    made = ok(admin.post("/keys", json={"name": "the product", "scopes": ["users:read", "maintenance:read"]}), 201)
    client = httpx.Client(base_url=admin.base_url, headers={"Authorization": f"Bearer {made['key']}"})
    window = single.cli("maintenance", "start", "--for", "30", "--everything", "--message", "We update.").strip()
    (shown,) = ok(client.get("/maintenance-windows"))["data"]
    assert (shown["id"], shown["scope"], shown["state"]) == (window, "platform", "under_way")
    answer = client.get("/users")
    assert problem(answer, 503, "maintenance")["scope"] == "platform"
    assert 1700 < int(answer.headers["retry-after"]) <= 1800
    assert httpx.get(f"{single.url}/directory").status_code == 503
    assert "We update." in httpx.get(f"{single.url}/sign-in").text
    assert httpx.get(f"{single.url}/healthz").status_code == 200
    problem(admin.delete(f"/maintenance-windows/{window}"), 409, "platform_window")
    assert window in single.cli("maintenance", "list")
    single.cli("maintenance", "end", window)
    ok(client.get("/users"))


def test_hosting_is_open_where_the_operator_opened_it(admin: httpx.Client) -> None:
    body = {"name": "Hosts", "country": "IN", "default_currency": "INR", "can_host": True}
    assert ok(admin.post("/organizations", json=body), 201)["can_host"] is True


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
