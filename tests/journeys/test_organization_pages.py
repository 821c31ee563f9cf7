"""What an organization's pages show: limits, the record, and no more than a role may see."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ..people import Cast, ok
from .browsing import Windows, heading, toast

pytestmark = pytest.mark.browser
# A bar's colour as red, green and blue, whatever notation the style sheet uses.
_COLOUR = """bar => {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.fillStyle = getComputedStyle(bar).fill;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""


def test_billing_shows_limits_and_turns_red(cast: Cast, windows: Windows) -> None:
    page = windows.open(cast.tenant.url, cast.billing_admin)
    page.goto("o/contoso/billing")
    expect(page.locator("main")).to_contain_text("No limits are set.")
    expect(page.locator(".meter").first).to_contain_text("no limit")

    ok(cast.admin.put(f"{cast.org}/entitlements/seat:member", json={"limit": 5}))
    ok(cast.admin.put(f"{cast.org}/entitlements/quota:project", json={"limit": 2, "reason": "Pilot"}))
    page.reload()
    members = page.get_by_role("meter", name="Member seats")
    expect(members).to_have_attribute("aria-valuetext", "4 of 5")
    before = members.locator(".fill").evaluate(_COLOUR)
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "dana@contoso.example", "role": "learner"}), 201)
    for number in (1, 2):
        ok(cast.admin.post(f"{cast.org}/usage/quota:project", json={"resource_id": f"proj_{number}"}), 201)
    page.reload()
    expect(members).to_have_attribute("aria-valuetext", "4 in use · 1 invited · none free of 5")
    red, green, blue = members.locator(".fill").evaluate(_COLOUR)
    assert red > 1.5 * max(green, blue) and [red, green, blue] != before, "it is red at the limit"
    expect(page.locator("main")).to_contain_text("No member seat is free.")
    expect(page.locator("main")).to_contain_text("Projects: none is free.")
    page.get_by_role("link", name="Raise a limit").click()
    heading(page, "Raise a limit")
    expect(page.locator("figure.code")).to_contain_text("Member seats: 5 of 5 taken")


def test_the_record_is_filtered_opened_and_exported(cast: Cast, windows: Windows) -> None:
    ok(cast.owner.patch(cast.org, json={"industry": "Mining"}))
    ok(cast.owner.post(f"{cast.member_at('learner')}/suspension", json={"reason": "On leave"}))
    page = windows.open(cast.tenant.url, cast.owner)
    page.goto("o/contoso/audit")
    events = page.locator("ol.events > li")
    everything = events.count()
    page.get_by_label("Category").select_option("settings")
    expect(page).to_have_url(re.compile("category=settings"))
    expect(events.filter(has_text="member")).to_have_count(0)
    changed = events.filter(has_text="settings").first
    changed.locator("summary").click()
    cells = changed.locator("table.diff tr").filter(has_text="industry")
    expect(cells.locator("ins")).to_have_text("Mining")
    assert events.count() < everything

    page.get_by_label("Category").select_option("")
    page.get_by_label("Action", exact=True).select_option("member.suspended")
    expect(events).to_have_count(1)
    expect(events).to_contain_text("“On leave”")
    expect(page.locator("[data-count]")).to_contain_text("1 event")
    with page.expect_download() as exported:
        page.get_by_role("link", name="CSV").click()
    lines = list(csv.DictReader(Path(exported.value.path()).read_text("utf-8-sig").splitlines()))
    assert [line["action"] for line in lines] == ["member.suspended"], "the export holds what the filter shows"
    page.get_by_label("By whom").fill("nobody@contoso.example")
    page.get_by_label("By whom").press("Enter")
    expect(page.locator("main")).to_contain_text("No event matches")
    page.get_by_role("link", name="Clear the filters").click()
    expect(events.first).to_contain_text("export", ignore_case=True)


def test_a_learner_sees_names_and_nothing_else(cast: Cast, windows: Windows) -> None:
    page = windows.open(cast.tenant.url, cast.learner)
    page.goto("o/contoso/members")
    expect(page.locator("ul.people li")).to_have_count(7)
    expect(page.locator("ul.people")).to_contain_text("billing.admin")
    assert "@contoso.example" not in page.locator("main").inner_text()
    assert page.locator("main").get_by_role("button", name="Actions for").count() == 0
    for closed in ("invitations", "billing", "audit", "settings", f"members/{cast.member('owner').public_id}"):
        answer = page.goto(f"o/contoso/{closed}")
        assert answer and answer.status == 403, closed
        expect(page.locator("[data-problem]")).to_be_visible()
    answer = page.goto("staff/organizations")
    assert answer and answer.status in (403, 404)
    answer = page.goto("o/fabrikam/")
    assert answer and answer.status == 404


def test_the_switcher_leads_from_one_organization_to_another(cast: Cast, windows: Windows) -> None:
    ok(cast.outsider.post(f"/organizations/{cast.fabrikam.public_id}/members", json={"email": cast.owner.email, "role": "learner"}), 201)
    page = windows.open(cast.tenant.url, cast.owner)
    page.goto("")
    heading(page, "Welcome")
    page.get_by_role("table").get_by_role("link", name="Contoso").click()
    heading(page, "Contoso")
    page.get_by_role("button", name="Contoso").click()
    places = page.get_by_role("list", name="Your organizations").get_by_role("link")
    expect(places).to_have_count(2)
    expect(places.filter(has_text="Contoso")).to_have_attribute("aria-current", "true")
    places.filter(has_text="Fabrikam").click()
    heading(page, "Fabrikam")
    assert page.url.endswith("/o/fabrikam/")
    entries = page.get_by_role("navigation", name="Organization").get_by_role("link")
    assert [text.strip() for text in entries.all_inner_texts()] == ["Home", "Members"], "a learner there"


def test_lists_are_searched_with_and_without_scripts(cast: Cast, windows: Windows) -> None:
    for scripts in (True, False):
        page = windows.open(cast.tenant.url, cast.owner, javascript=scripts)
        page.goto("o/contoso/members")
        page.get_by_label("Search name or e-mail").fill("billing")
        if not scripts:
            page.get_by_role("button", name="Filter").click()
        rows = page.locator("#list tbody tr")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("Billing admin")
        assert "q=billing" in page.url
    page.get_by_label("Search name or e-mail").fill("nobody like that")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("main")).to_contain_text("Nobody matches")


def test_settings_are_changed_and_a_lower_role_reads_them(cast: Cast, windows: Windows) -> None:
    page = windows.open(cast.tenant.url, cast.owner)
    page.goto("o/contoso/settings")
    page.get_by_label("Legal name").fill("Contoso Private Limited")
    page.get_by_role("button", name="Save the profile").click()
    toast(page, "Saved.")
    expect(page.get_by_label("Legal name")).to_have_value("Contoso Private Limited")
    reader = windows.open(cast.tenant.url, cast.maintainer)
    reader.goto("o/contoso/settings")
    expect(reader.get_by_label("Legal name")).to_be_editable()
    expect(reader.get_by_label("Country").first).to_be_disabled()
    expect(reader.get_by_role("button", name="Save identity and place")).to_have_count(0)
