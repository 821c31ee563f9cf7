"""What the content security policy is for: a browser that runs no code but ours."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from ..people import Cast
from .browsing import Windows

pytestmark = pytest.mark.browser


def test_a_browser_runs_no_other_script(cast: Cast, windows: Windows) -> None:
    window = windows.open(cast.tenant.url, cast.owner)
    window.goto("o/contoso/members")
    refused = window.evaluate("""async () => {
      const found = [];
      document.addEventListener("securitypolicyviolation", event => found.push(event.effectiveDirective));
      const add = (name, more) => document.body.appendChild(Object.assign(document.createElement(name), more));
      add("script", { textContent: "window.inline = 1" });
      add("script", { src: document.querySelector("script[src*=portal]").src + "?again" });
      add("style", { textContent: "body { display: none }" });
      add("div", { innerHTML: "<img src=x onerror='window.inline = 1' hidden>" });
      add("iframe", { src: location.href, hidden: true });
      await new Promise(done => setTimeout(done, 300));
      return [window.inline, ...new Set(found)].map(String);
    }""")
    assert refused[0] == "undefined"
    assert set(refused[1:]) >= {"script-src-elem", "style-src-elem", "script-src-attr"}
    expect(window.locator("h1")).to_be_visible()
    windows.complaints.clear()  # that was the point
