"""What holds for every page, whoever looks at it, wide or narrow, in light or in dark."""

from __future__ import annotations

import json
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WIDTHS = (1280, 375)
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
CONTRAST = {"type": "rule", "values": ["color-contrast"]}
_RUN = "options => axe.run(document, options).then(found => found.violations)"
# What sticks out to the right. What scrolls inside of its own box is the box's affair.
_TOO_WIDE = """() => {
  const page = document.documentElement, limit = page.clientWidth;
  if (page.scrollWidth <= limit) return [];
  const scrolls = e => e && (getComputedStyle(e).overflowX !== "visible" || scrolls(e.parentElement));
  return [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > limit + 1 && !scrolls(e.parentElement))
    .map(e => e.outerHTML.slice(0, 120));
}"""
# A page in two parts, without what differs between two answers or says only where one is: what it shows, and the frame around that.
_PARTS = """() => {
  const body = document.body.cloneNode(true), main = body.querySelector("main");
  body.querySelectorAll("[name=csrfmiddlewaretoken], script").forEach(e => e.remove());
  body.querySelectorAll("[aria-current]").forEach(e => e.removeAttribute("aria-current"));
  if (main) main.remove();
  return [main ? main.outerHTML : "", body.outerHTML];
}"""
_FRAME = """() => ({
  h1: [...document.querySelectorAll("h1")].filter(e => e.checkVisibility()).length,
  title: document.title.trim(),
  lang: document.documentElement.lang,
  main: document.querySelectorAll("main").length,
  twice: [...document.querySelectorAll("[id]")].map(e => e.id).filter((id, at, all) => all.indexOf(id) !== at),
})"""


def faults(page: Page, *, rules: dict[str, Any] = RULES) -> list[str]:
    """What axe finds, one line for each element."""
    page.evaluate(f"typeof axe === 'undefined' && (() => {{ {AXE_SCRIPT} }})()")
    found = page.evaluate(_RUN, {"runOnly": rules, "resultTypes": ["violations"]})
    return [
        f"{fault['id']}: {node['html'][:160]} — {(node['any'] or node['all'] or node['none'] or [{'message': ''}])[0]['message'][:200]}"
        for fault in found
        for node in fault["nodes"]
    ]


class Memory:
    """What was looked at already: of two people whom a page shows the very same, one pair of eyes is enough."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def knows(self, page: Page) -> bool:
        """Whether all of this page was looked at before, though perhaps not together; from now on it was."""
        parts = set(page.evaluate(_PARTS))
        known = parts <= self._seen
        self._seen |= parts
        return known


def frame_faults(page: Page) -> list[str]:
    """What is wrong with a page as a document, in words."""
    frame = page.evaluate(_FRAME)
    if frame["h1"] != 1 or frame["main"] != 1 or not frame["lang"] or len(frame["title"]) < 3 or frame["twice"]:
        return [f"one h1, one main, a title, a language, no id twice: {json.dumps(frame)}"]
    return []


def look(page: Page, *, closely: bool = True) -> list[str]:
    """Look at the page that is open in both widths and both colours; what is wrong with it, in words.

    Not ``closely``: in one colour for each width, for a page that somebody with more rights has looked at already.
    """
    wrong = frame_faults(page)
    for width, colours in zip(WIDTHS, (("light", "dark"), ("dark", "light")), strict=True):
        page.set_viewport_size({"width": width, "height": 800})
        wrong += [f"{width} px: sticks out: {html}" for html in page.evaluate(_TOO_WIDE)]
        for colour, rules in list(zip(colours, (RULES, CONTRAST), strict=True))[: 1 + closely]:  # all rules once a width
            page.emulate_media(color_scheme=colour)  # type: ignore[arg-type]  # a plain word of three
            wrong += [f"{width} px, {colour}: {fault}" for fault in faults(page, rules=rules)]
    page.set_viewport_size({"width": WIDTHS[0], "height": 800})
    page.emulate_media(color_scheme="light")
    return wrong
