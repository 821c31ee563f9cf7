"""A new installation for several workspaces, from its first page to people who go from one workspace to the next.

One installation, one story: the tests run in the order of this file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import expect

from ..people import ok, problem
from ..postbox import Postbox
from ..servers import Child, Web, free_port, migrated_database
from .browsing import Windows, heading, link_in, toast
from .looking import look

pytestmark = pytest.mark.browser
NORA = "nora@northwind.example"
PROGRAM = {"name": "Northwind Learning", "support_email": "help@northwind.example", "colour": "#c2410c"}


@dataclass
class Place:
    """The installation, and its operator's view into the database."""

    url: str
    post: Postbox
    database: str

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What an administrator of the database sees, in all tenants."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(query).fetchall()

    def sign_in(self, link: str) -> httpx.Client:
        """Whoever follows a mailed link, at their workspace's address."""
        base = link.partition("/sign-in/link/")[0]
        client = httpx.Client(base_url=f"{base}/api/v1", timeout=30)
        ok(client.post("/auth/link/redeem", json={"token": link.rpartition("/")[2]}))
        client.headers["X-CSRFToken"] = next(c.value or "" for c in client.cookies.jar if "csrf" in c.name)
        return client

    def actions(self, slug: str) -> list[tuple[object, ...]]:
        """What the record of a tenant says."""
        return self.rows(
            f"select action, reason from audit_event e join tenancy_tenant t on t.id = e.tenant_id where slug = '{slug}' order by e.id"
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Web and worker on a database of their own, and a mail server."""
    post, homes, children = Postbox(), tmp_path_factory.mktemp("first"), list[Child]()
    with migrated_database() as address:
        environment = {**os.environ, "DATABASE_URL": address, "TENANTRY_TENANCY": "multi", "TENANTRY_MAIL_URL": post.url}
        try:
            children.append(web := Web(Path(homes), environment))
            children.append(Child("worker", Path(homes), {**environment, "PORT": web.url.rpartition(":")[2]}))
            yield Place(web.wait().url, post, address)
        finally:
            for child in children:
                child.stop()
            post.close()


def test_what_fails_leaves_nothing(place: Place) -> None:
    assert ok(httpx.get(f"{place.api}/install/status")) == {"installed": False, "tenancy": "multi", "signup": False}
    for entrance in ("/", "/sign-in"):
        assert httpx.get(place.url + entrance).headers["location"] == "/install"
    whole = {"email": NORA, "name": "Nora", "program": PROGRAM, "slug": "northwind"}
    server = {"transport": "smtp", "from_email": "hello@northwind.example", "host": "127.0.0.1", "tls": "none"}
    for wrong, pointer in (
        ({"email": "nora"}, "/email"),
        ({"program": PROGRAM | {"name": " "}}, "/program/name"),
        ({"program": PROGRAM | {"colour": "red"}}, "/program/colour"),
        ({"slug": "admin"}, "/slug"),
        ({"mail": server | {"host": ""}}, "/mail/host"),
        ({"mail": {"transport": "postmark", "from_email": "hello@northwind.example"}}, "/mail/token"),
    ):
        answer = httpx.post(f"{place.api}/install", json=whole | wrong)
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    refused = problem(httpx.post(f"{place.api}/install", json=whole | {"mail": server | {"port": free_port()}}), 502, "mail_failed")
    assert refused["server_said"] == "Connection refused"
    problem(httpx.post(f"{place.api}/signup", json={"email": NORA, "workspace": "Northwind"}), 409, "not_installed")
    assert place.rows("select (select count(*) from tenancy_tenant), (select count(*) from people_user)") == [(0, 0)]
    assert place.rows("select count(*) from procrastinate_jobs where task_name not like '%forget%' and queue_name = 'mail'") == [(0,)]
    assert ok(httpx.get(f"{place.api}/install/status"))["installed"] is False
    assert place.post.mails == []


def _fill(window: Any, **values: str) -> None:
    for name, value in values.items():
        window.locator(f"[name={name}]").fill(value)


def test_the_wizard_makes_the_first_admin(place: Place, windows: Windows) -> None:
    window, wrong = windows.open(place.url), []

    def seen(what: str) -> None:
        wrong.extend(f"{what}: {fault}" for fault in look(window, closely=what == "mail"))

    window.goto("install/mail")
    heading(window, "You")  # nobody gets ahead of themselves
    window.get_by_role("button", name="Continue").click()
    expect(window.get_by_text("Enter your e-mail address.")).to_be_visible()
    seen("you")
    _fill(window, name="Nora Lindqvist", email=NORA)
    window.get_by_role("button", name="Continue").click()
    heading(window, "Your program")
    _fill(window, **PROGRAM, slug="signup")
    window.get_by_role("button", name="Continue").click()
    expect(window.get_by_text("The slug signup is reserved.")).to_be_visible()
    seen("program")
    _fill(window, slug="northwind")
    window.get_by_role("button", name="Continue").click()
    heading(window, "Mail")
    window.get_by_role("link", name="Back").click()
    expect(window.locator("[name=slug]")).to_have_value("northwind")
    window.get_by_role("button", name="Continue").click()
    window.get_by_label("Send by").select_option("smtp")
    _fill(window, from_email="hello@northwind.example", host="127.0.0.1", port=str(free_port()))
    window.locator("[name=tls]").select_option("none")
    window.get_by_role("button", name="Install").click()
    expect(window.get_by_text("Connection refused")).to_be_visible()
    seen("mail")
    _fill(window, port=str(place.post.port))
    window.get_by_role("button", name="Install").click()
    heading(window, "Northwind Learning is set up")
    seen("done")

    mail = place.post.wait(NORA)
    assert (mail.sender, mail.subject) == ("Northwind Learning <hello@northwind.example>", "Northwind Learning is ready")
    window.goto(link_in(mail.text, "sign-in/link"))
    window.get_by_role("button", name="Continue").click()
    expect(window).to_have_url(f"{place.url}/t/northwind/staff/")
    window.get_by_role("link", name="Program").click()
    expect(window.locator("[name=support_email]")).to_have_value("help@northwind.example")
    assert "user.signed_in" in {action for action, _ in place.actions("northwind")}
    assert not wrong, "\n".join(wrong)


def test_it_is_closed_for_ever(place: Place) -> None:
    body = {"email": "eve@elsewhere.example", "program": {"name": "Mine"}, "slug": "mine"}
    problem(httpx.post(f"{place.api}/install", json=body), 409, "already_installed")
    page = {"Accept": "text/html"}
    for path in ("/install", "/install/you", "/install/mail", "/install/done"):
        assert httpx.get(place.url + path, headers=page).status_code == 409, path
    client = httpx.Client(base_url=place.url, cookies={"tenantry_csrf": "a" * 32, "tenantry_install": "bm9uc2Vuc2U="})
    posted = client.post("/install/you", data={"email": "eve@elsewhere.example", "name": "Eve", "csrfmiddlewaretoken": "a" * 32})
    assert (posted.status_code, "already_installed" in posted.text) == (409, True)
    assert httpx.get(place.url, headers=page).headers["location"] == "/workspaces"
    for path in ("install", "signup", "workspaces", "workspaces/sign-out"):
        assert httpx.get(f"{place.url}/t/northwind/{path}").status_code == 404, path
    problem(httpx.post(f"{place.url}/t/northwind/api/v1/signup", json={}), 404, "not_found")


def test_anybody_can_sign_up(place: Place, windows: Windows) -> None:
    made = ok(httpx.post(f"{place.api}/signup", json={"email": "Tom@Tailspin.example", "workspace": "Tailspin Toys"}), 201)
    assert made == {"slug": "tailspin-toys", "url": f"{place.url}/t/tailspin-toys/", "notified": True, "notified_reason": None}
    tom = place.sign_in(link_in(place.post.wait("tom@tailspin.example").text, "sign-in/link"))
    assert ok(tom.get("/me"))["staff_role"] == "admin"
    assert [action for action, _ in place.actions("tailspin-toys")][:4] == [
        "user.created",
        "staff.added",
        "tenant.created",
        "tenant.program_changed",
    ]
    for slug, status, code in (
        ("tailspin-toys", 409, "slug_taken"),
        ("northwind", 409, "slug_taken"),
        ("workspaces", 422, "slug_reserved"),
        ("a", 422, "slug_invalid"),
        ("tom's", 422, "slug_invalid"),
    ):
        answer = httpx.post(f"{place.api}/signup", json={"email": NORA, "workspace": "Other", "slug": slug})
        assert problem(answer, status, code)["errors"][0]["pointer"] == "/slug"

    window = windows.open(place.url)
    window.goto("signup")
    _fill(window, workspace="Litware", email=NORA, slug="northwind")
    window.get_by_role("button", name="Make the workspace").click()
    expect(window.get_by_text("The slug northwind is taken.")).to_be_visible()
    wrong = look(window, closely=False)
    _fill(window, slug="litware")
    window.get_by_role("button", name="Make the workspace").click()
    heading(window, "Check your mail")
    wrong += look(window, closely=False)
    place.sign_in(link_in(place.post.wait(NORA, count=2).text, "sign-in/link")).close()
    refused = [httpx.post(f"{place.api}/signup", json={"email": NORA, "workspace": "X"}).status_code for _ in range(4)]
    assert refused[-1] == 429, refused
    assert not wrong, "\n".join(wrong)


def _ask(place: Place, email: str) -> str:
    """The page that somebody sees who asks for their workspaces."""
    form = {"email": email, "csrfmiddlewaretoken": "a" * 32}
    answer = httpx.post(f"{place.url}/workspaces", data=form, cookies={"tenantry_csrf": "a" * 32})
    assert answer.status_code == 200
    return answer.text.partition("<main")[2].replace(email, "…")


def test_one_address_opens_every_workspace_that_knows_it(place: Place, windows: Windows) -> None:
    # Tom makes her a user of his workspace, but there she has never proven who she is.
    tom_link = httpx.post(f"{place.url}/t/tailspin-toys/api/v1/auth/link", json={"email": "tom@tailspin.example"})
    assert tom_link.status_code == 202
    tom = place.sign_in(link_in(place.post.wait("tom@tailspin.example", count=2).text, "sign-in/link"))
    ok(tom.post("/staff", json={"email": NORA, "role": "support"}), 201)
    before = len(place.post.mails)
    assert _ask(place, "nobody@elsewhere.example") == _ask(place, NORA)
    mail = place.post.wait(NORA, count=3)
    assert len(place.post.mails) == before + 1
    assert "Tenantry" in mail.sender, "the installation's own server and sender, never a tenant's"
    link = link_in(mail.text, "workspaces/link")

    window, wrong = windows.open(place.url), []
    window.goto("workspaces")
    wrong += look(window, closely=False)
    window.goto(link)
    wrong += look(window, closely=False)
    window.get_by_role("button", name="Continue").click()
    heading(window, "Your workspaces")
    assert window.locator("main li b").all_inner_texts() == ["Litware", "Northwind Learning"]
    wrong += look(window)
    assert httpx.get(link).status_code == 410
    window.get_by_role("button", name="Enter Northwind Learning").click()
    expect(window).to_have_url(f"{place.url}/t/northwind/staff/")
    assert ("user.signed_in", "workspaces") in place.actions("northwind")
    window.goto("t/northwind/account/sessions")
    expect(window.get_by_text("Your workspaces")).to_be_visible()
    window.goto("workspaces")
    window.get_by_role("button", name="Enter Litware").click()
    expect(window).to_have_url(f"{place.url}/t/litware/staff/")

    # Signing out there ends all of it, whatever has become of a workspace meanwhile.
    visit = httpx.Client(
        base_url=place.url, cookies={c["name"]: c["value"] for c in window.context.cookies() if c["path"] != "/t/litware/"}
    )
    place.rows("update tenancy_tenant set status = 'suspended' where slug = 'litware' returning 1")
    form = {"csrfmiddlewaretoken": visit.cookies["tenantry_csrf"]}
    assert visit.post("/workspaces/enter/litware", data=form).status_code == 403
    assert visit.post("/workspaces/enter/tailspin-toys", data=form).status_code == 404
    assert visit.post("/workspaces/enter/nowhere", data=form).status_code == 404
    window.goto("workspaces")
    expect(window.locator("main li")).to_have_count(1)
    window.get_by_role("button", name="Sign out").click()
    toast(window, "You are signed out")
    place.rows("update tenancy_tenant set status = 'active' where slug = 'litware' returning 1")
    assert place.rows("select count(*) from people_session where method = 'workspaces' and ended_at is null") == [(0,)]
    for slug in ("northwind", "litware"):
        window.goto(f"t/{slug}/")
        expect(window).to_have_url(f"{place.url}/t/{slug}/sign-in")
    assert visit.post("/workspaces/enter/northwind", data=form).headers["location"] == "/workspaces"
    assert not wrong, "\n".join(wrong)
