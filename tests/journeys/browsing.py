"""People in front of a real browser: a window for each, and what every page must keep however it was reached."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Response, expect

from tenantry.people.sessions import COOKIE

from ..people import Client

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
# A filter that is changed again drops the request on its way; htmx tells the console so.
SUPERSEDED = ("htmx:sendAbort", "htmx:afterRequest")
WAIT = 15_000  # milliseconds: two cores may be busy with other tests
expect.set_options(timeout=WAIT)


def chromium_path() -> str:
    """The browser that ``bin/test`` found, or the machine's; empty when there is none."""
    return shutil.which(os.environ.get("CHROMIUM") or "/usr/bin/chromium") or ""


def launch(playwright: Playwright) -> Browser:
    """A Chromium that asks nobody on the network for anything."""
    return playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)


class Windows:
    """The windows of one test. What their consoles complained about is in ``complaints``."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self.browser, self.folder = browser, folder
        self.pages: list[Page] = []
        self.complaints: list[str] = []

    def open(self, url: str, client: Client | None = None, *, javascript: bool = True, width: int = 1280, dark: bool = False) -> Page:
        """A window at a tenant's address, with the session of ``client`` if there is one. Addresses in it are relative to ``url``."""
        base = url.rstrip("/") + "/"
        context = self.browser.new_context(
            base_url=base, java_script_enabled=javascript, viewport={"width": width, "height": 800}, reduced_motion="reduce",
            color_scheme="dark" if dark else "light", timezone_id="UTC", locale="en-GB",
        )  # fmt: skip
        context.set_default_timeout(WAIT)
        if client is not None:
            token = next(cookie.value for cookie in client.cookies.jar if cookie.name == COOKIE)
            context.add_cookies([{"name": COOKIE, "value": token or "", "url": base, "httpOnly": True, "sameSite": "Lax"}])
        page = context.new_page()
        self.pages.append(page)
        self._listen(page)
        return page

    def _listen(self, page: Page) -> None:
        """Note what the console says and what fails to load; a refused form or page is an answer, no failure."""
        answered: set[str] = set()

        def seen(response: Response) -> None:
            if response.request.is_navigation_request() or response.request.resource_type in ("fetch", "xhr"):
                answered.add(response.url)

        def said(message: ConsoleMessage) -> None:
            refused = message.text.startswith("Failed to load resource") and message.location.get("url") in answered
            if message.type in ("error", "warning") and not refused and not message.text.startswith(SUPERSEDED):
                self.complaints.append(f"{page.url}: {message.type}: {message.text} ({message.location.get('url', '')})")

        page.on("response", seen)
        page.on("console", said)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def photograph(self, name: str = "") -> None:
        """A picture of every window that is still open, for whoever reads of a failure."""
        for number, page in enumerate(self.pages, 1):
            if not page.is_closed():
                path = self.folder / f"{name or 'window'}-{number}.png"
                page.screenshot(path=path, full_page=True)
                print("Picture:", path)

    def close(self) -> None:
        for page in self.pages:
            page.context.close()


def toast(page: Page, text: str) -> None:
    """Expect a message of this text."""
    expect(page.locator(".toast").filter(has_text=text)).to_be_visible()


def heading(page: Page, text: str) -> None:
    """Expect the page whose one h1 says this."""
    expect(page.locator("h1")).to_contain_text(text)


def path_of(link: str) -> str:
    """The path of an absolute address in a mail."""
    return re.sub(r"^https?://[^/]+", "", link)


def link_in(text: str, kind: str) -> str:
    """The address in a mail's text whose path holds ``/<kind>/<token>``."""
    found = re.search(rf"https?://\S+/{kind}/[A-Za-z0-9_-]{{20,}}", text)
    assert found, text
    return found[0]
