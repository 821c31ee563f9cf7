"""Wiring Tenantry to other software, from an installation that knows nobody to a record of events that another program keeps.

A wizard in a browser, a mail server, a receiver that knows only ``stripe`` and ``standardwebhooks``, and a worker that is
killed. Nothing is prepared behind the product's back.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import expect

from ..postbox import Postbox
from ..servers import free_port
from .browsing import Windows, heading, link_in
from .installation import Installation, installed, reachable
from .test_main_job import main_job

SLUG = "northwind"
ADMIN = "ada@northwind.example"


def tokens(post: Postbox, addresses: set[str]) -> dict[str, str]:
    """The invitations' tokens, once all have come by mail."""
    wait(lambda: all(post.to(address) for address in addresses), "invitations by mail", seconds=60)
    return {address: link_in(post.to(address)[-1].text, "invitations").rpartition("/")[2] for address in addresses}


class Customer:
    """The receiver's process, its secrets and what it took."""

    def __init__(self, folder: Path) -> None:
        self.port, self.secrets, self.taken = free_port(), folder / "secrets", folder / "taken"
        self.taken.touch()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def start(self) -> None:
        program = Path(__file__).with_name("receiver.py")
        self.process = subprocess.Popen([sys.executable, program, str(self.port), str(self.secrets), str(self.taken)])
        wait(self._listens, "the receiver")

    def _listens(self) -> bool:
        try:
            httpx.get(self.url, timeout=1)
        except httpx.TransportError:
            return False
        return True

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def got(self) -> list[dict[str, Any]]:
        """Everything that came and was signed well, in the order of its coming."""
        whole, _, _ = self.taken.read_text().rpartition("\n")  # the last line may be being written
        return [json.loads(line) for line in whole.splitlines()]

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """Once each, in the order in which they first came."""
        once = {entry["id"]: entry["event"] for entry in reversed(self.got())}
        return [event for event in reversed(list(once.values())) if event["type"].startswith(kind)]


def wait(holds: Callable[[], Any], what: str, *, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"no {what} within {seconds} s"
        time.sleep(0.1)


@pytest.fixture
def post() -> Iterator[Postbox]:
    server = Postbox()
    yield server
    server.close()


@pytest.fixture
def customer(tmp_path: Path) -> Iterator[Customer]:
    receiver = Customer(tmp_path)
    yield receiver
    receiver.stop()


@pytest.mark.browser
@pytest.mark.timeout(240)
def test_integration(tmp_path: Path, windows: Windows, post: Postbox, customer: Customer) -> None:
    # A worker that is killed is missed after 8 s and not after 40.
    settings = {"TENANTRY_TENANCY": "multi", "TENANTRY_ALLOW_LOOPBACK_WEBHOOKS": "on", "TENANTRY_WORKER_TIMEOUT": "6"}
    with installed(reachable(tmp_path) / "home", **settings) as whole:
        set_up_in_the_browser(whole, windows, post)
        place = whole.of(SLUG)
        admin = place.staff()
        made = admin.post("/keys", json={"name": "Zapier", "scopes": ["webhooks:write", "webhooks:read"]}).json()
        zapier = httpx.Client(base_url=f"{place.address}/api/v1", headers={"Authorization": f"Bearer {made['key']}"}, timeout=30)
        customer.secrets.touch()
        customer.start()
        endpoint = subscribe(zapier, customer)

        org, _ = main_job(place, admin, lambda addresses: tokens(post, addresses))
        compare_with_the_record(admin, org, customer)
        stop_and_start_the_receiver(admin, zapier, endpoint, org, customer)
        rotate(admin, zapier, endpoint, org, customer)
        kill_the_worker(whole, admin, org, customer)
        assert zapier.delete(f"/webhook-endpoints/{endpoint}").status_code == 204
        assert "the chain holds" in place.tenantry("audit", "verify", "--tenant", SLUG)


def set_up_in_the_browser(whole: Installation, windows: Windows, post: Postbox) -> None:
    """You, program, mail, done: a wrong port is told in the server's words; then the link that came by mail, and the door is shut."""
    page = windows.open(whole.address)
    page.goto("install")
    page.get_by_label("Your name").fill("Ada Byron")
    page.get_by_label("Your work e-mail").fill(ADMIN)
    page.get_by_role("button", name="Continue").click()
    heading(page, "Your program")
    page.locator("[name=name]").fill("Northwind Learning")
    page.locator("[name=slug]").fill(SLUG)
    page.get_by_role("button", name="Continue").click()
    heading(page, "Mail")
    page.get_by_label("Send by").select_option("smtp")
    for port, shown in ((free_port(), "Mail"), (post.port, "Northwind Learning is set up")):
        for name, value in {"from_email": "hello@northwind.example", "host": "127.0.0.1", "port": str(port)}.items():
            page.locator(f"[name={name}]").fill(value)
        page.locator("[name=tls]").select_option("none")
        page.get_by_role("button", name="Install").click()
        heading(page, shown)
    page.goto(link_in(post.wait(ADMIN).text, "sign-in/link"))
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile(f"/t/{SLUG}/staff"))
    assert httpx.get(f"{whole.address}/install").status_code == 409
    assert httpx.post(f"{whole.address}/api/v1/install", json={}).status_code in (409, 422)


def subscribe(zapier: httpx.Client, customer: Customer) -> str:
    """What a REST hook does when somebody turns it on; the secret is shown this once."""
    events = ["member.added", "member.removed", "member.role_changed", "invitation.created", "organization.created",
              "organization.state_changed", "entitlement.limit_reached"]  # fmt: skip
    made = zapier.post("/webhook-endpoints", json={"url": customer.url, "events": events})
    assert made.status_code == 201, made.text
    customer.secrets.write_text(made.json()["secret"])
    tried = zapier.post(f"/webhook-endpoints/{made.json()['id']}/test", json={"event_type": "member.added"}).json()
    assert (tried["status"], tried["answer_status"]) == ("delivered", 204), tried
    assert [event["_synthetic"] for event in customer.events()] == [True]
    customer.taken.write_text("")
    return str(made.json()["id"])


def recorded(admin: httpx.Client, org: str) -> list[dict[str, Any]]:
    """The organization's record, the earliest first."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = admin.get(f"/organizations/{org}/audit-events", params={"limit": 200, **({"cursor": cursor} if cursor else {})}).json()
        rows, cursor = rows + page["data"], page["next_cursor"]
        if cursor is None:
            return rows[::-1]


TOLD = {
    "member.added": "member.added", "member.joined": "member.added", "member.removed": "member.removed", "member.left": "member.removed",
    "member.role_changed": "member.role_changed", "invitation.created": "invitation.created",
    "organization.created": "organization.created", "organization.approved": "organization.state_changed",
    "entitlement.limit_reached": "entitlement.limit_reached",
}  # fmt: skip


def compare_with_the_record(admin: httpx.Client, org: str, customer: Customer) -> None:
    """Everything that is on the record and was subscribed to came, once for each id, in the order of the record."""
    expected = [(row["id"], TOLD[row["action"]]) for row in recorded(admin, org) if row["action"] in TOLD]
    wait(lambda: len(customer.events()) >= len(expected), "events")
    assert sorted((event["id"], event["type"]) for event in customer.events()) == sorted(expected)
    assert all(times == 1 for times in Counter(entry["id"] for entry in customer.got()).values())
    # Three raced for a seat at the same moment, so ids of different acts may have been committed in another order than made.
    came = [event["id"] for event in customer.events()]
    places = {identifier: number for number, (identifier, _) in enumerate(expected)}
    assert sum(abs(places[identifier] - number) for number, identifier in enumerate(came)) <= 4, "the order of the record"


def invite(admin: httpx.Client, org: str, *names: str) -> list[str]:
    """Add members in order; returns their addresses."""
    addresses = [f"{name}@later.example" for name in names]
    for address in addresses:
        added = admin.post(f"/organizations/{org}/members", json={"email": address, "role": "learner"})
        assert added.status_code == 201, added.text
    return addresses


def came(customer: Customer, addresses: list[str]) -> bool:
    return set(addresses) <= {event["data"].get("email") for event in customer.events("member.added")}


def stop_and_start_the_receiver(admin: httpx.Client, zapier: httpx.Client, endpoint: str, org: str, customer: Customer) -> None:
    """What it missed is tried again; it asks for it at once instead of waiting for the minute."""
    assert admin.put(f"/organizations/{org}/entitlements/seat:member", json={"limit": 1000}).status_code == 200
    customer.stop()
    since = datetime.now(UTC).isoformat()
    missed = invite(admin, org, "missed1", "missed2", "missed3")
    deliveries = f"/webhook-endpoints/{endpoint}/deliveries"

    def tried() -> bool:
        rows = zapier.get(deliveries, params={"since": since}).json()["data"]
        return len(rows) == 3 and all(row["attempts"] == 1 for row in rows)

    wait(tried, "first tries")
    assert zapier.post(f"/webhook-endpoints/{endpoint}/pause").status_code == 200
    assert zapier.delete(f"/webhook-endpoints/{endpoint}/pause").status_code == 200
    customer.start()
    replayed = zapier.post(f"/webhook-endpoints/{endpoint}/replay", json={"since": since, "only_failed": True})
    assert (replayed.status_code, replayed.json()["count"]) == (200, 3), replayed.text
    wait(lambda: came(customer, missed), "missed events")
    arrived = [event["data"]["email"] for event in customer.events("member.added")]
    assert arrived[-3:] == missed, "in their order"


def rotate(admin: httpx.Client, zapier: httpx.Client, endpoint: str, org: str, customer: Customer) -> None:
    """The receiver goes on with the old secret until it has learnt the new one; nothing is refused meanwhile."""
    before = customer.secrets.read_text()
    first = invite(admin, org, "before1", "before2")
    secret = zapier.post(f"/webhook-endpoints/{endpoint}/rotation").json()["secret"]
    first += invite(admin, org, "between1", "between2")
    wait(lambda: came(customer, first), "events under the old secret")
    assert secret != before
    customer.secrets.write_text(secret)
    after = invite(admin, org, "after1")
    wait(lambda: came(customer, after), "events under the new secret")
    rows: list[dict[str, Any]] = []

    def settled() -> bool:
        # The receiver has an event a moment before its delivery is on our record.
        rows[:] = zapier.get(f"/webhook-endpoints/{endpoint}/deliveries", params={"limit": 5}).json()["data"]
        return all(row["status"] != "pending" for row in rows)

    wait(settled, "deliveries on the record")
    assert [(row["status"], row["attempts"]) for row in rows] == [("delivered", 1)] * 5, rows


def kill_the_worker(whole: Installation, admin: httpx.Client, org: str, customer: Customer) -> None:
    """SIGKILL in the middle: the supervisor starts another, and everything arrives; an id that came twice can be told."""
    people = {"rows": [{"email": f"crowd{number}@later.example", "role": "learner"} for number in range(400)]}
    assert admin.post(f"/organizations/{org}/invitations/bulk", json=people).status_code == 200
    wait(lambda: len(customer.events("invitation.created")) > 60, "beginning")
    worker = next(child for child in psutil.Process(whole.process).children(recursive=True) if "worker" in child.cmdline())
    os.kill(worker.pid, signal.SIGKILL)
    crowd = {f"crowd{number}@later.example" for number in range(400)}
    wait(lambda: crowd <= {event["data"]["email"] for event in customer.events("invitation.created")}, "whole crowd", seconds=90)
    twice = sum(times - 1 for times in Counter(entry["id"] for entry in customer.got()).values())
    assert twice <= 100 + 1, "what was on its way when the worker died"
