"""An organization's people in a real browser: invited, joining, changed, gone; each sees what is theirs to see."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from ..people import Cast, ok
from .browsing import Windows, heading, link_in, toast

pytestmark = pytest.mark.browser
_FOCUSED = """() => {
  const e = document.activeElement;
  return e === document.body ? "" : e.getAttribute("aria-label") || (e.type === "radio" ? e.value : e.innerText || e.name) || "";
}"""


def row(page: Page, email: str) -> Locator:
    """The row of a list that holds this address."""
    return page.locator("#list tbody tr").filter(has_text=email)


def choose(page: Page, email: str, act: str) -> None:
    """Open a row's menu and take one of its acts."""
    row(page, email).get_by_role("button", name="Actions for").click()
    row(page, email).get_by_role("link", name=act).click()


def focused(page: Page) -> str:
    """What a screen reader says of the element that has the focus, roughly."""
    return str(page.evaluate(_FOCUSED))


def tab_to(page: Page, wanted: str, key: str = "Tab") -> None:
    """Press a key until the focus is on something that is called so."""
    for _ in range(80):
        page.keyboard.press(key)
        if wanted in focused(page):
            return
    raise AssertionError(f"{key} never came to {wanted!r}; it stands on {focused(page)!r}")


def test_the_owner_invites_one_and_many(cast: Cast, windows: Windows) -> None:
    ok(cast.admin.put(f"{cast.org}/entitlements/seat:member", json={"limit": 7}))
    ok(cast.admin.put(f"{cast.org}/entitlements/seat:admin", json={"limit": 3}))
    page = windows.open(cast.tenant.url, cast.owner)
    page.goto("o/contoso/members")
    page.get_by_role("link", name="Invite people").click()
    dialog = page.get_by_role("dialog", name="Invite to Contoso")
    learner, owner = (dialog.locator("label.choice").filter(has=page.locator(f"input[value={role}]")) for role in ("learner", "owner"))
    expect(learner).to_contain_text("Member seat · 3 free")
    expect(owner).to_contain_text("All 3 admin seats are taken.")
    expect(owner.get_by_role("radio")).to_be_disabled()
    dialog.get_by_label("E-mail").fill("Dana@Contoso.Example")
    dialog.get_by_label("Name").fill("Dana Novak")
    dialog.get_by_role("button", name="Send the invitation").click()
    toast(page, "dana@contoso.example was invited.")
    expect(row(page, "dana@contoso.example")).to_contain_text("Pending")
    expect(page.get_by_role("navigation", name="Organization").locator(".count")).to_have_text("1")

    # A list goes in row by row; what doesn't, says why.
    page.get_by_role("link", name="Import a list").click()
    rows = "email,role\nerin@contoso.example,learner\nnot an address,learner\nerin@contoso.example,learner\n"
    page.get_by_label("Or paste a list").fill(
        rows + "finn@contoso.example,expert\ngabi@contoso.example,learner\nhal@contoso.example,captain\n"
    )
    page.get_by_role("button", name="Invite all").click()
    heading(page, "2 of 6 people were invited")
    report = page.locator("table tbody tr:visible")
    expect(report).to_have_count(6)
    expect(report.filter(has_text="gabi@contoso.example")).to_contain_text("Over the limit")
    expect(report.filter(has_text="hal@contoso.example")).to_contain_text("Invalid")
    page.get_by_text("Over the limit 1").click()
    expect(report).to_have_count(1)
    with page.expect_download() as kept:
        page.get_by_role("link", name="Download CSV").click()
    assert [line["outcome"] for line in csv.DictReader(Path(kept.value.path()).read_text("utf-8-sig").splitlines())].count("created") == 2
    page.get_by_role("link", name="See invitations").click()
    expect(page.locator("#list tbody tr")).to_have_count(3)

    # Now the member seats are gone, and the dialog says so before anybody types.
    page.get_by_role("link", name="Invite people").click()
    expect(dialog).to_contain_text("No role is open now.")
    expect(dialog.get_by_role("radio", disabled=False)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    row(page, "erin@contoso.example").get_by_role("button", name="Actions for").click()
    row(page, "erin@contoso.example").get_by_role("button", name="Revoke").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    toast(page, "The invitation of erin@contoso.example was revoked.")
    cast.tenant.move_clock(hours=2)  # one that was sent just now is not sent again
    row(page, "finn@contoso.example").get_by_role("button", name="Actions for").click()
    row(page, "finn@contoso.example").get_by_role("button", name="Send again").click()
    toast(page, "The link in the earlier mail no longer works.")


def test_members_are_changed_in_dialogs(cast: Cast, windows: Windows) -> None:
    ok(cast.admin.put(f"{cast.org}/entitlements/seat:admin", json={"limit": 3}))
    page = windows.open(cast.tenant.url, cast.owner)
    page.goto("o/contoso/members")
    choose(page, "manager@", "Change role")
    dialog = page.get_by_role("dialog", name="Change the role of manager")
    expect(dialog.locator("label.choice").filter(has_text="Maintainer")).to_contain_text("All 3 admin seats are taken.")
    expect(dialog.locator("label.choice").filter(has=page.locator("input[value=manager]"))).to_contain_text("This is the present role.")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    choose(page, "learner@", "Change role")
    dialog = page.get_by_role("dialog", name="Change the role of learner")
    expect(dialog.locator("label.choice").filter(has=page.locator("input[value=expert]"))).to_contain_text(
        "A learner can't become an expert"
    )
    dialog.locator("label.choice").filter(has=page.locator("input[value=manager]")).click()
    dialog.get_by_role("button", name="Change role").click()
    toast(page, "learner is manager now.")
    expect(row(page, "learner@")).to_contain_text("Manager")

    # Two editors: what the second one saw is old.
    page.goto(f"o/contoso/members/{cast.member('support').public_id}/role")
    ok(cast.owner.patch(cast.member_at("support"), json={"role": "manager"}))
    page.locator("label.choice").filter(has=page.locator("input[value=learner]")).click()
    page.get_by_role("button", name="Change role").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert ok(cast.owner.get(cast.member_at("support")))["role"] == "manager"

    # A limit that is reached between looking and asking: the refusal is a sentence on the page.
    ok(cast.owner.delete(cast.member_at("maintainer")))
    page.goto(f"o/contoso/members/{cast.member('manager').public_id}/role")
    ok(cast.admin.put(f"{cast.org}/entitlements/seat:admin", json={"limit": 2}))
    page.locator("label.choice").filter(has=page.locator("input[value=maintainer]")).click()
    with page.expect_response(lambda found: found.request.method == "POST") as answer:
        page.get_by_role("button", name="Change role").click()
    assert answer.value.status == 402
    expect(page.get_by_role("alert")).to_contain_text("2")


def test_everything_works_by_keyboard(cast: Cast, windows: Windows) -> None:
    """Tab, Enter, Escape and the arrows alone."""
    ok(cast.owner.post(f"{cast.org}/members", json={"email": "second@contoso.example", "role": "owner"}), 201)
    page = windows.open(cast.tenant.url, cast.owner)
    page.goto("o/contoso/members")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    page.keyboard.press("Enter")

    def act_on(name: str, act: str) -> Locator:
        tab_to(page, f"Actions for {name}")
        page.keyboard.press("Enter")
        tab_to(page, act)
        page.keyboard.press("Enter")
        dialog = page.locator("#page-dialog")
        expect(dialog).to_be_visible()
        return dialog

    dialog = act_on("expert", "Change role")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert focused(page).startswith(("Actions for expert", "Change role")), "the focus returns to where it came from"

    page.reload()
    act_on("expert", "Change role")
    tab_to(page, "owner")
    for _ in range(3):  # maintainer, billing admin, manager
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    toast(page, "expert is manager now.")
    act_on("support", "Suspend")
    tab_to(page, "reason")
    page.keyboard.type("On leave")
    tab_to(page, "Suspend")
    page.keyboard.press("Enter")
    toast(page, "support was suspended.")
    act_on("support", "Reactivate")
    tab_to(page, "Reactivate")
    page.keyboard.press("Enter")
    toast(page, "support is active again.")
    act_on("support", "Remove")
    tab_to(page, "Remove")
    page.keyboard.press("Enter")
    toast(page, "support was removed.")
    act_on("owner", "Leave")
    tab_to(page, "Leave")
    page.keyboard.press("Enter")
    toast(page, "You have left Contoso.")
    expect(page.locator("main")).to_contain_text("You belong to no organization yet")
    statuses = {one["email"]: one["status"] for one in ok(cast.admin.get(f"{cast.org}/members", params={"limit": 50}))["data"]}
    assert "support@contoso.example" not in statuses or statuses["support@contoso.example"] == "removed"


def test_the_last_owner_stays(cast: Cast, windows: Windows) -> None:
    page = windows.open(cast.tenant.url, cast.owner)
    page.goto("o/contoso/members")
    row(page, "owner@contoso.example").get_by_role("button", name="Actions for").click()
    expect(row(page, "owner@contoso.example")).to_contain_text("You are the last owner. Make somebody else an owner first.")
    page.goto("o/contoso/leave")
    expect(page.get_by_role("button", name="Leave")).to_be_disabled()
    expect(page.locator("main")).to_contain_text("You can't leave now.")


def test_an_invited_person_joins_from_the_mail(cast: Cast, windows: Windows) -> None:
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "dana@contoso.example", "role": "learner"}), 201)
    link = link_in(cast.tenant.mail_for("dana@contoso.example")["text"], "invitations")

    # Somebody else who is signed in is told, and can switch.
    page = windows.open(cast.tenant.url, cast.outsider)
    page.goto(link)
    heading(page, "Join Contoso")
    expect(page.locator("main")).to_contain_text(
        "You are signed in as owner@fabrikam.example. This invitation is for dana@contoso.example alone."
    )
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    page.get_by_role("button", name="Switch account").click()
    heading(page, "Join Contoso")
    page.get_by_role("button", name="Join Contoso as dana@contoso.example").dblclick()
    toast(page, "Welcome to Contoso.")
    heading(page, "Contoso")
    expect(page.locator("main")).to_contain_text(re.compile("Your role: Learner"))

    # The back button and a second tab lead to the same end.
    page.goto(link)
    heading(page, "Contoso")
    other = windows.open(cast.tenant.url)
    answer = other.goto(link)
    assert answer and answer.status == 410
    heading(other, "This invitation was accepted")

    # Somebody who has an account signs in first; the mail leads back to the invitation.
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "owner@fabrikam.example", "role": "learner"}), 201)
    known = windows.open(cast.tenant.url)
    known.goto(link_in(cast.tenant.mail_for("owner@fabrikam.example")["text"], "invitations"))
    known.get_by_role("button", name="Mail me a sign-in link").click()
    heading(known, "Check your mail")
    known.goto(link_in(cast.tenant.mail_for("owner@fabrikam.example", count=2)["text"], "link"))
    known.get_by_role("button", name="Continue").click()
    known.get_by_role("button", name="Accept").click()
    toast(known, "Welcome to Contoso.")


def test_an_invitation_is_declined(cast: Cast, windows: Windows) -> None:
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "dana@contoso.example", "role": "learner"}), 201)
    page = windows.open(cast.tenant.url)
    link = link_in(cast.tenant.mail_for("dana@contoso.example")["text"], "invitations")
    page.goto(link)
    page.get_by_role("button", name="Decline").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Decline").click()
    heading(page, "You declined")
    page.goto(link)
    heading(page, "This invitation was declined")
