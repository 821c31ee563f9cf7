"""The vendor's staff at work in a real browser: organizations from state to state, users, each other, and the record."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from ..people import Cast, Tenant, ok
from .browsing import Windows, heading, path_of, toast

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(tenant: Tenant, windows: Windows) -> Page:
    """The window of Nora, the only admin."""
    return windows.open(tenant.url, tenant.staff("nora@northwind.example", "admin"))


def founded(tenant: Tenant, name: str = "Litware") -> tuple[str, str]:
    """An organization that waits for verification, with an owner: its id and its slug."""
    body = {"name": name, "country": "IN", "default_currency": "INR", "owner_email": f"owner@{name.lower()}.example"}
    made = ok(tenant.key().post("/organizations", json=body), 201)
    return made["id"], made["slug"]


def step(page: Page, act: str, reason: str = "") -> None:
    """Take a step on an organization through its dialog: from the button itself, or from the menu of actions."""
    direct = page.locator(".page-head").get_by_role("link", name=act, exact=True)
    if not direct.first.is_visible():
        page.get_by_role("button", name="Actions").click()
    direct.locator("visible=true").first.click()
    dialog = page.locator("#page-dialog")
    expect(dialog).to_be_visible()
    if reason:
        dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name=act, exact=True).click()


def pill(page: Page) -> Locator:
    """The status beside the heading."""
    return page.locator("h1 .pill")


def test_an_organization_is_verified_rejected_suspended_and_lifted(tenant: Tenant, desk: Page, windows: Windows) -> None:
    _, slug = founded(tenant)
    owner = windows.open(tenant.url, tenant.sign_in("owner@litware.example"))
    desk.goto("")
    heading(desk, "Northwind")
    desk.get_by_role("link", name="Organizations", exact=True).first.click()
    heading(desk, "Organizations")
    desk.get_by_label("State").select_option("pending_verification")
    expect(desk.locator("#list tbody tr")).to_have_count(1)
    desk.get_by_role("link", name="Litware").click()
    heading(desk, "Litware")
    expect(pill(desk)).to_have_text("Pending verification")

    # Rejected with a reason; the owner reads it and submits again.
    step(desk, "Reject", "The registration number is not in the register.")
    toast(desk, "Litware was rejected")
    expect(pill(desk)).to_have_text("Rejected")
    owner.goto(f"o/{slug}/")
    expect(owner.locator("main")).to_contain_text("“The registration number is not in the register.”")
    owner.get_by_role("button", name="Submit again").click()
    toast(owner, "Submitted.")
    expect(owner.get_by_role("button", name="Submit again")).to_have_count(0)
    desk.reload()
    step(desk, "Approve")
    toast(desk, "Litware is verified.")
    expect(pill(desk)).to_have_text("Active")
    owner.reload()
    expect(owner.get_by_text("awaits verification")).to_have_count(0)

    # Suspended: its people read and change nothing.
    step(desk, "Suspend", "An invoice is open for 90 days.")
    toast(desk, "Litware is suspended.")
    owner.goto(f"o/{slug}/members")
    expect(owner.locator("main")).to_contain_text("Litware is suspended. Everything can be read, nothing can be changed.")
    expect(owner.get_by_role("link", name="Invite people")).to_have_count(0)
    answer = owner.goto(f"o/{slug}/invitations/new")
    assert answer and answer.status in (403, 409)
    expect(owner.locator("[data-problem]")).to_be_visible()
    step(desk, "Lift the suspension")
    toast(desk, "Litware is active again.")
    owner.goto(f"o/{slug}/members")
    expect(owner.get_by_role("link", name="Invite people")).to_be_visible()
    expect(desk.locator(".timeline")).to_contain_text("An invoice is open for 90 days.")


def test_a_limit_is_set_and_lifted(cast: Cast, windows: Windows) -> None:
    page = windows.open(cast.tenant.url, cast.tenant.staff("nora@northwind.example", "admin"))
    page.goto(f"staff/organizations/{cast.contoso.public_id}")
    page.get_by_role("link", name="Change the limit of Member seats").click()
    dialog = page.get_by_role("dialog", name="Limit of member seats")
    dialog.get_by_label("Limit").fill("2")
    dialog.get_by_label("Reason").fill("Pilot")
    dialog.get_by_role("button", name="Set the limit").click()
    # Below what is held: refused in words, and accepted when the box says so.
    box = page.get_by_label("Set it even below what is held")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(page.locator("main")).to_contain_text(re.compile("4 (of )?member seats are held"))
    box.check()
    page.get_by_role("button", name="Set the limit").click()
    toast(page, "Member seats: the limit is 2 now.")
    heading(page, "Contoso")
    expect(page.get_by_role("meter", name="Member seats")).to_have_attribute("aria-valuetext", "4 of 2 · 2 over the limit")
    page.goto("o/contoso/billing")
    page.get_by_role("button", name="Lift the override of Member seats").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Lift").click()
    toast(page, "Member seats: there is no limit now.")


def test_a_deleted_organization_comes_back(tenant: Tenant, desk: Page, windows: Windows) -> None:
    organization, slug = founded(tenant)
    owner = windows.open(tenant.url, tenant.sign_in("owner@litware.example"))
    owner.goto(f"o/{slug}/settings")
    owner.get_by_role("link", name="Delete").click()
    dialog = owner.get_by_role("dialog", name="Delete Litware?")
    dialog.get_by_label("Type its slug to confirm").fill("contoso")
    dialog.get_by_role("button", name="Delete").click()
    expect(owner.get_by_label("Type its slug to confirm")).to_have_attribute("aria-invalid", "true")
    owner.get_by_label("Type its slug to confirm").fill(slug)
    owner.get_by_role("button", name="Delete").click()
    toast(owner, "Litware was deleted.")
    answer = owner.goto(f"o/{slug}/")
    assert answer and answer.status == 404

    desk.goto("staff/organizations")
    expect(desk.get_by_role("link", name="Litware")).to_have_count(0)
    desk.get_by_role("link", name="Deleted").click()
    desk.get_by_role("link", name="Litware").click()
    expect(desk.locator("main")).to_contain_text("It can be restored until")
    step(desk, "Restore")
    toast(desk, "Litware is back.")
    owner.reload()
    heading(owner, "Litware")
    assert desk.url.endswith(path_of(f"{tenant.url}/staff/organizations/{organization}"))


def test_an_organization_is_founded_for_a_customer(desk: Page) -> None:
    desk.goto("staff/organizations")
    desk.get_by_role("link", name="New organization").first.click()
    dialog = desk.get_by_role("dialog", name="New organization")
    dialog.get_by_label("Name").fill("Adatum")
    dialog.get_by_label("Country").select_option("DE")
    dialog.get_by_label("Currency").select_option("EUR")
    dialog.get_by_label("Plan").select_option("team")
    dialog.get_by_label("Owner's e-mail").fill("olga@adatum.example")
    dialog.get_by_role("button", name="Found it").click()
    toast(desk, "Adatum was founded.")
    expect(desk.locator("main")).to_contain_text("olga@adatum.example")
    expect(desk.get_by_role("meter", name="Member seats")).to_have_attribute("aria-valuetext", "0 of 25")


def test_a_user_is_suspended_and_reinstated(cast: Cast, windows: Windows) -> None:
    learner = windows.open(cast.tenant.url, cast.learner)
    learner.goto("o/contoso/")
    page = windows.open(cast.tenant.url, cast.tenant.staff("nora@northwind.example", "admin"))
    page.goto("staff/users")
    page.get_by_label("Search name or e-mail").fill("learner")
    expect(page.locator("#users tbody tr")).to_have_count(1)
    page.get_by_role("link", name="learner").click()
    expect(page.locator("main")).to_contain_text("Contoso")
    page.get_by_role("link", name="Suspend").click()
    dialog = page.locator("#page-dialog")
    dialog.get_by_label("Reason").fill("Left the company")
    dialog.get_by_role("button", name="Suspend").click()
    toast(page, "learner is suspended and signed out everywhere.")
    expect(pill(page)).to_have_text("Suspended")
    learner.reload()
    heading(learner, "Sign in")
    assert "Left the company" in cast.tenant.mail_for("learner@contoso.example")["text"]
    page.get_by_role("button", name="Reinstate").click()
    toast(page, "learner can sign in again.")
    expect(pill(page)).to_have_text("Active")


def test_staff_come_and_go_and_the_last_admin_stays(tenant: Tenant, desk: Page, windows: Windows) -> None:
    desk.goto("staff/staff")
    expect(desk.locator("main")).to_contain_text("There is one active admin. The last one can't be demoted or revoked.")
    own = desk.locator("tbody tr").filter(has_text="nora@northwind.example")
    own.get_by_role("button", name="Actions for").click()
    expect(own).to_contain_text("Nobody changes or revokes themself; ask another admin.")
    desk.keyboard.press("Escape")

    # Who forces the form is refused by the service, in a sentence.
    nora = own.get_by_role("button", name="Actions for").get_attribute("popovertarget") or ""
    desk.goto(f"staff/staff/{nora.removeprefix('menu-')}/revocation")
    desk.get_by_label("Reason").fill("I want to go")
    desk.get_by_role("button", name="Revoke").click()
    expect(desk.get_by_role("alert")).to_contain_text("Nobody")

    desk.goto("staff/staff")
    desk.get_by_role("link", name="Add staff").click()
    dialog = desk.get_by_role("dialog", name="Add staff")
    dialog.get_by_label("E-mail").fill("sam@northwind.example")
    dialog.locator("label.choice").filter(has=desk.locator("input[value=admin]")).click()
    dialog.get_by_role("button", name="Add").click()
    toast(desk, "sam is staff now.")
    expect(desk.get_by_text("There is one active admin.")).to_have_count(0)

    sam = windows.open(tenant.url, tenant.sign_in("sam@northwind.example"))
    sam.goto("staff/staff")
    rows = desk.locator("tbody tr")
    rows.filter(has_text="sam@").get_by_role("button", name="Actions for").click()
    rows.filter(has_text="sam@").get_by_role("link", name="Revoke").click()
    dialog = desk.locator("#page-dialog")
    dialog.get_by_label("Reason").fill("End of contract")
    dialog.get_by_role("button", name="Revoke").click()
    toast(desk, "sam is no longer staff.")
    expect(rows.filter(has_text="sam@")).to_contain_text("End of contract")
    sam.reload()
    expect(sam.get_by_role("navigation", name="Staff console")).to_have_count(0)
    rows.filter(has_text="sam@").get_by_role("button", name="Actions for").click()
    rows.filter(has_text="sam@").get_by_role("button", name="Reinstate").click()
    toast(desk, "sam is staff again.")


def test_the_chain_is_verified(tenant: Tenant, desk: Page) -> None:
    founded(tenant)
    desk.goto("staff/audit")
    expect(desk.locator("ol.events > li").filter(has_text="Litware").first).to_be_visible()
    desk.get_by_role("button", name="Verify the chain").click()
    heading(desk, "The record holds")
    expect(desk.locator("main")).to_contain_text("Nobody touched it.")
