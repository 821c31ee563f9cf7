"""Signing in and out in a real browser, and what a session loses while somebody is signed in."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from ..people import Cast, Tenant, ok
from .browsing import Windows, heading, link_in, path_of, toast

pytestmark = pytest.mark.browser
PASSWORD = "plum-basket-73-rivers"


def mailed_link(tenant: Tenant, email: str, *, count: int = 1) -> str:
    """The sign-in link in the latest of ``count`` mails."""
    return link_in(tenant.mail_for(email, count=count)["text"], "link")


def enter(page: Page, email: str, *, count: int = 1, tenant: Tenant) -> None:
    """Sign in by the link in the mail."""
    page.goto("sign-in")
    page.get_by_label("Work e-mail").fill(email)
    page.get_by_role("button", name="Continue").click()
    heading(page, "Check your mail")
    page.goto(mailed_link(tenant, email, count=count))
    page.get_by_role("button", name="Continue").click()


def test_a_link_from_the_mailbox_signs_in_after_a_click(cast: Cast, windows: Windows) -> None:
    page = windows.open(cast.tenant.url, width=375)
    page.goto("sign-in")
    expect(page.get_by_label("Work e-mail")).to_be_focused()
    page.keyboard.type("Owner@Contoso.Example")
    page.keyboard.press("Enter")
    heading(page, "Check your mail")
    assert page.evaluate("document.documentElement.scrollWidth") == 375, "a long button breaks"
    cast.tenant.mail_for("owner@contoso.example")
    page.get_by_role("link", name="Open the mailbox").click()
    page.get_by_role("link", name="Your sign-in link").first.click()
    link = page.locator(".letter a").get_attribute("href") or ""

    # A mail scanner follows the link, twice; nothing is burnt.
    for _ in range(2):
        assert httpx.get(link).status_code == 200
    page.goto(link)
    heading(page, "Welcome back")
    expect(page.locator("main")).to_contain_text("o•••@contoso.example")
    assert not [cookie for cookie in page.context.cookies() if cookie.get("name") == "tenantry_session"], "looking signs nobody in"
    page.get_by_role("button", name="Continue").click()
    heading(page, "Contoso")
    assert page.url.endswith("/o/contoso/")

    # The click burnt it: on another device there is nothing left.
    other = windows.open(cast.tenant.url)
    answer = other.goto(link)
    assert answer and answer.status == 410
    heading(other, "This link no longer works")
    other.get_by_role("link", name="Get a new link").click()
    expect(other.get_by_label("Work e-mail")).to_be_visible()


def test_the_page_that_was_asked_for_comes_after_signing_in(cast: Cast, windows: Windows) -> None:
    page = windows.open(cast.tenant.url)
    page.goto("o/contoso/members?role=learner")
    assert "/sign-in?next=" in page.url
    page.get_by_label("Work e-mail").fill("owner@contoso.example")
    page.get_by_role("button", name="Continue").click()
    page.goto(mailed_link(cast.tenant, "owner@contoso.example"))
    page.get_by_role("button", name="Continue").click()
    heading(page, "Members")
    assert page.url.endswith("/o/contoso/members?role=learner")
    expect(page.locator("#list tbody tr")).to_have_count(1)

    # Another site's address is not followed.
    elsewhere = windows.open(cast.tenant.url)
    elsewhere.goto("sign-in?next=//evil.example/")
    expect(elsewhere.locator("#id_next")).to_have_value("")


def test_a_password_is_set_and_used(cast: Cast, windows: Windows) -> None:
    page = windows.open(cast.tenant.url, cast.learner)
    page.goto("account")
    page.get_by_label("New password").fill("password123")
    page.get_by_role("button", name="Set a password").click()
    expect(page.get_by_label("New password")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set a password").click()
    toast(page, "Your password is set")

    fresh = windows.open(cast.tenant.url)
    fresh.goto("sign-in?next=" + path_of(f"{cast.tenant.url}/account"))
    fresh.get_by_label("Work e-mail").fill("learner@contoso.example")
    fresh.get_by_role("button", name="Use your password").click()
    expect(fresh.get_by_label("Work e-mail")).to_have_value("learner@contoso.example")
    fresh.get_by_label("Password").fill("not-my-password")
    fresh.get_by_role("button", name="Sign in").click()
    refused = fresh.get_by_role("alert").inner_text()
    fresh.get_by_label("Password").fill(PASSWORD)
    fresh.get_by_role("button", name="Sign in").click()
    heading(fresh, "Account")

    # Somebody unknown reads the very same words.
    unknown = windows.open(cast.tenant.url)
    unknown.goto("sign-in/password")
    unknown.get_by_label("Work e-mail").fill("nobody@contoso.example")
    unknown.get_by_label("Password").fill("not-my-password")
    unknown.get_by_role("button", name="Sign in").click()
    expect(unknown.get_by_role("alert")).to_have_text(refused)


def test_too_many_attempts_are_told_to_wait(tenant: Tenant, windows: Windows) -> None:
    page = windows.open(tenant.url)
    page.goto("sign-in/password")
    for _ in range(12):  # five a minute; a minute may end meanwhile
        page.get_by_label("Work e-mail").fill("ada@contoso.example")
        page.get_by_label("Password").fill("a guess")
        with page.expect_response(lambda found: found.request.method == "POST") as answer:
            page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        if answer.value.status == 429:
            break
        assert answer.value.status == 401
    assert answer.value.status == 429 and int(answer.value.headers["retry-after"]) <= 60
    expect(page.get_by_role("alert")).to_contain_text("Too many attempts. Try again in")
    expect(page.get_by_label("Work e-mail")).to_have_value("ada@contoso.example")


def test_one_signs_out_here_and_everywhere(cast: Cast, windows: Windows) -> None:
    here, there = (windows.open(cast.tenant.url, client) for client in (cast.owner, cast.tenant.sign_in("owner@contoso.example")))
    for page in (here, there):
        page.goto("o/contoso/")
    there.get_by_role("button", name="Account of").click()
    there.get_by_role("button", name="Sign out").click()
    toast(there, "You are signed out.")
    here.reload()
    heading(here, "Contoso")

    again = windows.open(cast.tenant.url, cast.tenant.sign_in("owner@contoso.example"))
    again.goto("account/sessions")
    again.get_by_role("button", name="Sign out everywhere").click()
    again.get_by_role("alertdialog").get_by_role("button", name="Sign out").click()
    toast(again, "You are signed out on all devices.")
    here.get_by_role("link", name="Members", exact=True).first.click()
    assert "/sign-in?next=" in here.url
    heading(here, "Sign in")


def test_a_session_that_was_ended_elsewhere_ends_with_the_next_click(cast: Cast, windows: Windows) -> None:
    stolen = windows.open(cast.tenant.url, cast.owner)
    stolen.goto("o/contoso/members")
    page = windows.open(cast.tenant.url, cast.tenant.sign_in("owner@contoso.example"))
    page.goto("account/sessions")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="This one")).to_have_count(1)
    rows.filter(has_not_text="This one").get_by_role("button", name="Sign out").click()
    toast(page, "That device is signed out.")
    expect(rows).to_have_count(1)
    stolen.get_by_role("link", name="Roles", exact=True).click()
    heading(stolen, "Sign in")
    assert "/sign-in?next=" in stolen.url and stolen.url.endswith("roles")


def test_another_role_counts_from_the_very_next_request(cast: Cast, windows: Windows) -> None:
    page = windows.open(cast.tenant.url, cast.learner)
    page.goto("o/contoso/")
    entries = page.get_by_role("navigation", name="Organization").get_by_role("link")
    few = [text.strip() for text in entries.all_inner_texts()]
    assert few == ["Home", "Members"]
    ok(cast.owner.patch(cast.member_at("learner"), json={"role": "manager"}))
    page.get_by_role("link", name="Members", exact=True).first.click()
    toast(page, "Your access has changed.")
    assert {"Invitations", "Roles", "Audit log"} <= {text.strip() for text in entries.all_inner_texts()}
    page.reload()
    expect(page.locator(".toast")).to_have_count(0)

    ok(cast.owner.patch(cast.member_at("learner"), json={"role": "learner"}))
    page.reload()
    toast(page, "Your access has changed.")
    assert [text.strip() for text in entries.all_inner_texts()] == few


def test_a_suspended_user_is_out_and_stays_out(cast: Cast, windows: Windows) -> None:
    learner, page = cast.learner, windows.open(cast.tenant.url, cast.learner)
    page.goto("o/contoso/")
    ok(cast.tenant.nobody().post("/auth/link", json={"email": learner.email}), 202)
    link = mailed_link(cast.tenant, learner.email)
    ok(cast.admin.post(f"/users/{learner.id}/suspension", json={"reason": "Left the company", "notify": False}))
    page.reload()
    heading(page, "Sign in")
    page.goto(link)  # it was mailed before
    with page.expect_response(lambda found: found.request.method == "POST") as answer:
        page.get_by_role("button", name="Continue").click()
    heading(page, "Your access is suspended")
    assert answer.value.status == 403


def test_signing_in_works_without_scripts(cast: Cast, windows: Windows) -> None:
    page = windows.open(cast.tenant.url, javascript=False)
    enter(page, "billing.admin@contoso.example", tenant=cast.tenant)
    heading(page, "Contoso")
    page.goto("account/sessions")
    page.get_by_role("button", name="Sign out everywhere").click()
    heading(page, "Sign in")
