"""The job for which a vendor installs Tenantry, from an empty folder to a verified record, on real input.

The people go through the API that is documented and, where they would use one, a real browser. Nothing is prepared
behind the product's back: no fixture, no row written by hand.
"""

from __future__ import annotations

import csv
import io
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from .browsing import Windows
from .installation import Installation, browserless, installed, reachable, with_csrf

CSV = (Path(__file__).parents[1] / "data" / "contoso-people.csv").read_bytes()
ROLES = ("owner", "maintainer", "billing_admin", "manager", "expert", "learner", "support")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(reachable(tmp_path_factory.mktemp("vendor")) / "home") as running:
        yield running


def mailed_tokens(place: Installation, addresses: set[str], kind: str) -> dict[str, str]:
    """The tokens that lie in the development mailbox for these addresses; the worker may still be sending."""
    found: dict[str, str] = {}
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for address in addresses - found.keys():
            mails = re.search(r"/dev/mailbox/msg_\w+", httpx.get(f"{place.address}/dev/mailbox", params={"q": address}).text)
            link = mails and re.search(rf"/{kind}/([A-Za-z0-9_-]{{40,}})", httpx.get(place.address + mails[0]).text)
            if link:
                found[address] = link[1]
        if found.keys() == addresses:
            return found
        time.sleep(0.5)
    raise AssertionError(f"no mail reached {sorted(addresses - found.keys())[:5]}")


def test_the_main_job(place: Installation) -> None:
    vendor = place.staff()
    org, owner = main_job(place, vendor, lambda addresses: mailed_tokens(place, addresses, "invitations"))
    check_every_role(vendor, org)
    export_and_verify(place, vendor, owner, org)


def main_job(place: Installation, vendor: httpx.Client, mailed: Callable[[set[str]], dict[str, str]]) -> tuple[str, httpx.Client]:
    """From founding to the limits of use; returns the organization's id and its owner. ``mailed``: the tokens that addresses got."""
    # The vendor creates the customer and sets its limits.
    made = vendor.post(
        "/organizations", json={"name": "Contoso Works", "country": "IN", "default_currency": "INR", "owner_email": "Owner@Contoso.Example"}
    )
    assert made.status_code == 201, made.text
    org = made.json()["id"]
    assert vendor.post(f"/organizations/{org}/verification", json={"decision": "approve"}).json()["state"] == "active"
    for resource_type, limit in (("seat:member", 25), ("quota:project", 3)):
        assert vendor.put(f"/organizations/{org}/entitlements/{resource_type}", json={"limit": limit}).json()["limit"] == limit

    # Its owner imports the people.
    owner = place.sign_in("owner@contoso.example")
    members = import_people(owner, org)
    standing = {row["resource_type"]: row for row in vendor.get(f"/organizations/{org}/entitlements").json()["data"]}
    assert (standing["seat:member"]["current"], standing["seat:member"]["limit"]) == (25, 25)
    assert standing["seat:admin"]["current"] == 4  # the owner, and billing admin, maintainer and second owner from the list

    # They accept.
    tokens = mailed(members)
    people = {address: join(place, token) for address, token in tokens.items()}
    roster = everybody(owner, org)
    assert {row["email"] for row in roster if row["status"] == "active"} == members | {"owner@contoso.example"}
    assert vendor.get(f"/organizations/{org}/invitations", params={"status": "pending"}).json()["data"] == []

    # One leaves; three race for the free seat: one gets it.
    leaver = next(row for row in roster if row["email"] == "member01@contoso.example")
    assert people[leaver["email"]].delete(f"/organizations/{org}/members/{leaver['id']}").json()["status"] == "removed"
    race_for_the_seat(owner, org)

    promote_suspend_remove(owner, org, roster)
    acquire_projects(vendor, org)
    return org, owner


@pytest.mark.browser
def test_the_owner_in_a_browser(place: Installation, windows: Windows) -> None:
    """The same organization as its owner sees it, after the job above was done to it."""
    vendor = place.staff()
    found = vendor.get("/organizations", params={"q": "Contoso Works"}).json()["data"]
    if not found:
        pytest.skip("It goes on where test_the_main_job ends.")
    org = f"/organizations/{found[0]['id']}"
    page = windows.open(place.address)
    page.goto(place.tenantry("link", "owner@contoso.example"))
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("h1")).to_have_text("Contoso Works")
    page.get_by_role("link", name="Members", exact=True).first.click()
    expect(page.locator("#list tbody tr").filter(has_text="member05@contoso.example")).to_have_count(1)

    # One seat is left when the owner begins to invite, and none when they send it.
    standing = vendor.get(f"{org}/entitlements").json()["data"]
    held = next(row["current"] for row in standing if row["resource_type"] == "seat:member")
    assert vendor.put(f"{org}/entitlements/seat:member", json={"limit": held + 1}).status_code == 200
    page.reload()
    page.get_by_role("link", name="Invite people").click()
    dialog = page.get_by_role("dialog", name="Invite to Contoso Works")
    expect(dialog).to_contain_text("Member seat · 1 free")
    dialog.get_by_label("E-mail").fill("one.too.many@contoso.example")
    assert vendor.post(f"{org}/members", json={"email": "just.before@contoso.example", "role": "learner"}).status_code == 201
    with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
        dialog.get_by_role("button", name="Send the invitation").click()
    assert refused.value.status == 402
    expect(page.get_by_role("alert")).to_contain_text(f"{held + 1}")
    expect(page.locator("main")).to_contain_text(f"All {held + 1} member seats are taken.")

    page.goto("o/contoso-works/members")
    bar = page.get_by_role("meter", name="Member seats")
    expect(bar).to_have_attribute("aria-valuetext", f"{held + 1} of {held + 1} · none free")
    expect(page.locator(".meter.full")).to_have_count(1)
    if folder := os.environ.get("TENANTRY_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "main-job.png")

    page.get_by_role("link", name="Audit log", exact=True).first.click()
    page.get_by_label("Action", exact=True).select_option("member.role_changed")
    events = page.locator("ol.events > li")
    expect(events).to_have_count(1)
    events.locator("summary").click()
    expect(events.locator("table.diff")).to_contain_text("maintainer")


def import_people(owner: httpx.Client, org: str) -> set[str]:
    """40 rows as they come out of a spreadsheet; returns who was invited. Doing it again changes nothing."""
    report = owner.post(f"/organizations/{org}/invitations/bulk", content=CSV, headers={"Content-Type": "text/csv"}).json()
    outcomes: dict[str, list[dict[str, Any]]] = {}
    for row in report["rows"]:
        outcomes.setdefault(row["outcome"], []).append(row)
    assert {name: len(rows) for name, rows in outcomes.items()} == {"created": 28, "over_limit": 6, "duplicate": 2, "invalid": 4}
    assert (report["created"], report["refused"], len(report["rows"])) == (28, 12, 40)
    assert {row["code"] for row in outcomes["over_limit"]} == {"entitlement_limit_reached"}
    assert [(row["row"], row["code"]) for row in outcomes["invalid"]] == [
        (35, "email_invalid"), (37, "role_unknown"), (38, "email_missing"), (40, "email_invalid"),
    ]  # fmt: skip
    assert all(row["detail"] for row in report["rows"] if row["outcome"] != "created")
    created = {row["email"] for row in outcomes["created"]}
    assert {"learning.head@contoso.example", "finance.lead@contoso.example", "platform.lead@contoso.example"} <= created
    assert "member07@contoso.example" in created  # it was Member07@Contoso.Example in the file

    again = owner.post(f"/organizations/{org}/invitations/bulk", content=CSV, headers={"Content-Type": "text/csv"}).json()
    assert again["created"] == 0
    assert {row["email"] for row in again["rows"] if row["outcome"] == "already_invited"} == created
    return created


def join(place: Installation, token: str) -> httpx.Client:
    """Somebody without an account follows the link in the mail."""
    client = browserless(place.address)
    offer = client.get("/invitations/verify", params={"token": token}).json()
    assert offer["organization"] == "Contoso Works" and offer["seats_free"] and not offer["has_account"]
    answer = client.post("/invitations/accept", json={"token": token})
    assert answer.status_code == 200, answer.text
    return with_csrf(client)


def everybody(reader: httpx.Client, org: str) -> list[dict[str, Any]]:
    """All members, page by page."""
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = reader.get(f"/organizations/{org}/members", params={"limit": 10, **({"cursor": cursor} if cursor else {})}).json()
        rows += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows


def race_for_the_seat(owner: httpx.Client, org: str) -> None:
    answers: list[httpx.Response] = []
    gate = threading.Barrier(3)

    def want(number: int) -> None:
        with httpx.Client(base_url=owner.base_url, cookies=owner.cookies, headers=owner.headers, timeout=30) as client:
            gate.wait()
            body = {"email": f"racer{number}@contoso.example", "role": "learner"}
            answers.append(client.post(f"/organizations/{org}/members", json=body))

    threads = [threading.Thread(target=want, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [201, 402, 402]
    refused = next(answer for answer in answers if answer.status_code == 402)
    assert refused.headers["Content-Type"] == "application/problem+json"
    problem = refused.json()
    assert (problem["code"], problem["resource_type"], problem["current"], problem["limit"]) == (
        "entitlement_limit_reached", "seat:member", 25, 25,
    )  # fmt: skip


def promote_suspend_remove(owner: httpx.Client, org: str, roster: list[dict[str, Any]]) -> None:
    by_email = {row["email"]: f"/organizations/{org}/members/{row['id']}" for row in roster}
    promoted = owner.patch(by_email["member02@contoso.example"], json={"role": "maintainer"})
    assert promoted.status_code == 200 and promoted.json()["role"] == "maintainer"
    assert owner.patch(by_email["member05@contoso.example"], json={"role": "expert"}).json()["code"] == "transition_forbidden"
    suspended = owner.post(f"{by_email['member03@contoso.example']}/suspension", json={"reason": "On leave"})
    assert suspended.json()["status"] == "suspended" and suspended.json()["seat_assigned_at"] is None
    assert owner.delete(f"{by_email['member03@contoso.example']}/suspension").json()["status"] == "active"
    assert owner.delete(by_email["member04@contoso.example"]).json()["status"] == "removed"
    me = by_email["owner@contoso.example"]
    assert owner.patch(me, json={"role": "learner"}).json()["code"] == "own_role"


def acquire_projects(vendor: httpx.Client, org: str) -> None:
    usage = f"/organizations/{org}/usage/quota:project"
    assert [vendor.post(usage, json={"resource_id": f"proj_{n}"}).status_code for n in (1, 2, 3, 1)] == [201, 201, 201, 200]
    fourth = vendor.post(usage, json={"resource_id": "proj_4"})
    assert fourth.status_code == 402 and fourth.json()["resource_type"] == "quota:project"
    assert vendor.delete(f"{usage}/proj_2").json()["current"] == 2
    assert vendor.get(usage).json()["ids"] == ["proj_1", "proj_3"]


def check_every_role(vendor: httpx.Client, org: str) -> None:
    """Every role against every permission: the vendor's question and the published map say the same."""
    vendor.put("/permissions", json={"permissions": [{"name": "project:create", "roles": ["owner", "manager"]}]})
    registry = {row["name"]: set(row["roles"]) for row in vendor.get("/permissions").json()["data"]}
    for role in ROLES:
        address = f"role.{role.replace('_', '.')}@contoso.example"
        vendor.put(f"/organizations/{org}/entitlements/seat:member", json={"limit": 40})
        added = vendor.post(f"/organizations/{org}/members", json={"email": address, "role": role})
        assert added.status_code == 201, added.text
        checks = [{"user": address, "organization": org, "permission": name} for name in registry]
        answers = vendor.post("/access/check-batch", json={"checks": checks}).json()["data"]
        assert [answer["allowed"] for answer in answers] == [role in holders for holders in registry.values()]
        single = vendor.post(
            "/access/check", json={"user": added.json()["user"], "organization": org, "permission": "project:create"}
        ).json()
        assert single == {
            "allowed": role in ("owner", "manager"), "role": role, "source": "vendor",
            "reason": "role_grants" if role in ("owner", "manager") else "role_lacks_permission",
        }  # fmt: skip
    stranger = vendor.post("/access/check", json={"user": "nobody@else.example", "organization": org, "permission": "members:read"}).json()
    assert stranger == {"allowed": False, "reason": "user_unknown", "role": None, "source": None}


def export_and_verify(place: Installation, vendor: httpx.Client, owner: httpx.Client, org: str) -> None:
    exported = owner.get(f"/organizations/{org}/audit-events/export", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(exported.text)))
    actions = [row["action"] for row in rows]
    assert actions.count("invitation.created") == 28 and actions.count("member.joined") == 28
    assert {"organization.created", "member.left", "member.role_changed", "member.suspended", "usage.acquired"} <= set(actions)
    assert all(row["organization"] == org for row in rows)
    lines = vendor.get("/audit-events/export", params={"format": "jsonl"}).text.splitlines()
    assert any('"audit.exported"' in line for line in lines)

    assert "the chain holds" in place.tenantry("audit", "verify")
    found = vendor.get("/audit-events/verification").json()
    assert found["ok"] and found["checked"] >= len(lines)
