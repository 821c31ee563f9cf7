"""An IT department takes over who gets in: single sign-on by two providers, enforced; the last seat; a directory; and the broken glass.

SAML is spoken with the built-in test provider, OpenID Connect with one that others wrote, in a real browser and through pages alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Page, expect

from ..people import Cast, ok
from ..receivers import Receiver
from ..sso.independent_provider import Independent, Person, independent_provider
from .browsing import Windows, heading, link_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
OWNER, GRACE, LINUS = (f"{name}@contoso.example" for name in ("owner", "grace", "linus"))
PEOPLE = [Person(f"u-{email}", email, email.partition("@")[0].capitalize(), "Example") for email in (OWNER, GRACE, LINUS)]


def test_identity(cast: Cast, windows: Windows) -> None:
    claimed = ok(cast.owner.post(f"{cast.org}/domains", json={"domain": "contoso.example"}), 201)["id"]
    ok(cast.admin.post(f"{cast.org}/domains/{claimed}/decision", json={"decision": "verify", "reason": "They are known to us."}))
    page = windows.open(cast.tenant.url, cast.owner)
    set_up_saml(page)
    ask_by_post(page, cast)
    with set_up_oidc(page, cast):
        codes = enforce(page)
        used = ok(cast.admin.get(f"{cast.org}/usage/seat:member"))["current"]
        ok(cast.admin.put(f"{cast.org}/entitlements/seat:member", json={"limit": used + 1, "reason": "Pilot"}))

        grace = arrive(windows, cast, GRACE)
        heading(grace, "Welcome to")
        grace.get_by_role("button", name="go on").click()
        expect(grace).to_have_url(re.compile(f"/t/{cast.tenant.slug}/o/contoso/"))
        heading(arrive(windows, cast, LINUS), "No seat is free")
        cast.tenant.jobs_done()
        assert any("seat" in mail["text"] for mail in cast.tenant.mails_for(OWNER)), "owners are told"

        directory_deactivates(page, cast, GRACE)
        grace.reload()
        heading(grace, "Sign in")
        linus = arrive(windows, cast, LINUS)
        heading(linus, "Welcome to")
        linus.get_by_role("button", name="go on").click()
        expect(linus).to_have_url(re.compile(f"/t/{cast.tenant.slug}/o/contoso/"))
    break_the_glass(windows, cast, codes)


def choose(page: Page, provider: str, protocol: str) -> None:
    page.goto("o/contoso/sso/new")
    page.get_by_text(provider, exact=True).click()
    page.get_by_text(protocol, exact=True).click()
    page.get_by_role("button", name="Next: settings").click()
    heading(page, provider)


def try_out(page: Page, as_whom: str) -> None:
    """The test in its own window; the wizard learns of it by itself."""
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Begin a test sign-in").click()
    window = opened.value
    if as_whom == "built-in":
        window.get_by_label("E-mail").fill(OWNER)
        window.get_by_role("button", name="Sign in").click()
    else:
        window.get_by_role("link", name=as_whom).click()
    expect(window.get_by_text("It works.")).to_be_visible()
    expect(window.get_by_role("cell", name=OWNER).first).to_be_visible()
    window.close()
    expect(page.locator("#result").get_by_text("It works.")).to_be_visible()


def set_up_saml(page: Page) -> None:
    choose(page, "The built-in test provider", "SAML 2.0")
    page.get_by_role("button", name="Save and test").click()
    heading(page, "Test The built-in test provider")
    try_out(page, "built-in")
    page.get_by_role("link", name="Next: turn on").click()
    page.get_by_role("button", name="Turn on").click()
    heading(page, "Policy and recovery")


def ask_by_post(page: Page, cast: Cast) -> None:
    """A provider that takes requests by POST alone: a page of ours carries them, also past a redirect to another of its hosts."""
    connection = ok(cast.owner.post(f"{cast.org}/sso-connections", json={"kind": "saml", "preset": "test", "name": "By POST"}), 201)
    document = httpx.get(f"{cast.tenant.url}/test-provider/saml/metadata").text
    posting = re.sub(r'<md:SingleSignOnService Binding="[^"]+Redirect"[^>]+>', "", document)
    at = f"{cast.org}/sso-connections/{connection['id']}"
    ok(cast.owner.patch(at, json={"metadata_xml": posting}))
    posted: list[str] = []
    page.context.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    page.goto(f"o/contoso/sso/{connection['id']}/test")
    try_out(page, "built-in")
    assert f"{cast.tenant.url}/test-provider/saml/sso/post" in posted
    with Receiver() as idp:
        hosts = [f"http://localhost:{idp.port}/sso", f"http://127.0.0.1:{idp.port}/elsewhere"]
        idp.answer = lambda request: (307, {"Location": hosts[1]}, b"") if request.path == "/sso" else (200, {}, b"Here.")
        ok(cast.owner.patch(at, json={"sso_url": hosts[0]}))
        page.goto(f"o/contoso/sso/{connection['id']}/test")
        with page.expect_popup() as opened:
            page.get_by_role("button", name="Begin a test sign-in").click()
        expect(opened.value).to_have_url(hosts[1])
        assert b"SAMLRequest=" in idp.received[-1].body
        opened.value.close()
    ok(cast.owner.delete(at), 204)


@contextmanager
def set_up_oidc(page: Page, cast: Cast) -> Iterator[Independent]:
    """The provider needs our address before we know its secret: what was begun is taken up again."""
    choose(page, "Another provider", "OpenID Connect")
    settings = page.url
    page.goto("o/contoso/sso")
    connection = settings.rpartition("/")[2]
    with independent_provider(redirect_uris=[f"{cast.tenant.url}/sso/{connection}/callback"], people=PEOPLE) as provider:
        page.goto(settings)
        page.get_by_label("Name").fill("Contoso's own")
        page.get_by_label("Issuer").fill(provider.issuer)
        page.get_by_label("Client ID").fill(provider.client_id)
        page.get_by_label("Client secret").fill(provider.client_secret)
        page.get_by_role("button", name="Save and test").click()
        heading(page, "Test Contoso's own")
        try_out(page, OWNER)
        page.get_by_role("link", name="Next: turn on").click()
        page.get_by_role("button", name="Send people to Contoso's own").click()
        heading(page, "Policy and recovery")
        yield provider


def enforce(page: Page) -> list[str]:
    """Make recovery codes and let nobody in otherwise; returns the codes."""
    page.goto("o/contoso/sso/policy")
    page.get_by_role("button", name="Make recovery codes").click()
    codes = page.locator("main pre").inner_text().split()
    assert len(set(codes)) == 10
    page.get_by_role("link", name="I have stored them").click()
    page.get_by_text("Enforced", exact=True).click()
    page.get_by_role("button", name="Save the policy").click()
    page.goto("o/contoso/sso")
    expect(page.locator("main").get_by_text("Enforced", exact=True)).to_be_visible()
    return codes


def arrive(windows: Windows, cast: Cast, email: str) -> Page:
    """Somebody types their address on the sign-in page. It goes along as a hint, and the provider believes it."""
    page = windows.open(cast.tenant.url)
    page.goto("sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Continue").click()
    return page


def directory_deactivates(page: Page, cast: Cast, email: str) -> None:
    """A token made on the page; then what Okta sends: there is such a person, and they are not active."""
    page.goto("o/contoso/directory-sync/tokens/new")
    page.get_by_label("Name").fill("Okta")
    page.get_by_role("button", name="Make the token").click()
    token = re.search(r"tk_scim_[\w-]+", page.locator("main").inner_text())
    assert token
    directory = httpx.Client(base_url=f"{cast.tenant.url}/scim/v2", headers={"Authorization": f"Bearer {token[0]}"})
    person = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": email, "active": True}
    made = directory.post("/Users", json=person)
    assert made.status_code == 201, made.text
    operations = [{"op": "replace", "value": {"active": False}}]
    change = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}
    changed = directory.patch(f"/Users/{made.json()['id']}", json=change)
    assert changed.status_code in (200, 204), changed.text


def break_the_glass(windows: Windows, cast: Cast, codes: list[str]) -> None:
    """The provider is gone. An owner's mailed link is refused, and a recovery code beside it lets them in, once."""
    page = windows.open(cast.tenant.url)
    page.goto("sign-in?otherwise=1")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_role("button", name="Continue").click()
    cast.tenant.jobs_done()
    page.goto(link_in(cast.tenant.mail_for(OWNER)["text"], "sign-in/link"))
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("The provider can't be reached?").click()
    page.get_by_label("Recovery code").fill(codes[0])
    page.get_by_role("button", name="Sign in with the code").click()
    expect(page).to_have_url(re.compile(f"/t/{cast.tenant.slug}/"))
    page.goto("o/contoso/sso/policy")
    expect(page.get_by_text("9 left, 1 used")).to_be_visible()
    mails = [mail["subject"] for mail in cast.tenant.mails_for(OWNER)]
    assert "Somebody signed in past single sign-on" in mails
