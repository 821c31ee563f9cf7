"""A passkey in a real browser, with Chromium's virtual authenticator: added, used to sign in, and used to prove anew who one is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tenantry.people.sessions import COOKIE

from ..people import Cast
from .browsing import Windows

pytestmark = pytest.mark.browser
KEY = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip


def _with_authenticator(page: Page) -> Page:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    return page


def test_a_passkey_is_added_signs_in_and_proves_who_one_is(cast: Cast, windows: Windows) -> None:
    place = cast.tenant.url.replace("127.0.0.1", "localhost")  # a passkey is for a name, not for numbers
    page = _with_authenticator(windows.open(place, cast.learner))
    page.goto("account/security")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("link", name="Rename My laptop")).to_be_visible()

    page.context.clear_cookies()
    page.goto(f"sign-in?next=/t/{cast.tenant.slug}/account")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Account")).to_be_visible()

    cast.tenant.move_clock(minutes=20)
    page.goto("account/security")
    page.get_by_role("link", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Add a passkey")).to_be_visible()
    page.get_by_label("Name").fill("The same again")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("registered already")

    # Beside a password the one box of the page goes along with the passkey: this browser is remembered.
    begun = cast.tenant.sign_in(cast.learner.email)
    page.context.clear_cookies()
    page.context.add_cookies([{"name": COOKIE, "value": begun.cookies[COOKIE], "url": place}])
    page.goto("sign-in/second-factor")
    page.get_by_label("Don't ask again").check()
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/o/contoso/")
    page.goto("account/security")
    expect(page.get_by_role("button", name="Forget")).to_be_visible()
    page.set_viewport_size({"width": 375, "height": 700})
    page.goto("account/sso")  # the last tab of several, out of sight but for the script
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)
