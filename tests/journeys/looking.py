"""What holds for every page, whoever looks at it, wide or narrow, in light or in dark."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any
from weakref import WeakSet

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WIDTHS = (1280, 375)
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
CONTRAST = {"type": "rule", "values": ["color-contrast"]}
COLOURS = ("light", "dark")
# The parts of a page, for axe: what it shows, and the frame around that. Whatever is in a part is still judged as it stands in the page.
MAIN, FRAME = "main", "frame"
_WITHIN = {MAIN: {"include": [["main"]]}, FRAME: {"exclude": [["main"]]}}
_RUN = "([within, options]) => axe.run(within || document, options).then(found => found.violations)"
_prepared: WeakSet[Page] = WeakSet()
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
  body.removeAttribute("hx-headers");  // the token again
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


def faults(page: Page, *, rules: dict[str, Any] = RULES, parts: Collection[str] = (MAIN, FRAME)) -> list[str]:
    """What axe finds, one line for each element."""
    if page not in _prepared:  # once for all documents that the window will show: handed over each time it takes as long as its work
        page.add_init_script(AXE_SCRIPT)
        page.evaluate(f"(() => {{ {AXE_SCRIPT} }})()")
        _prepared.add(page)
    within = _WITHIN[next(iter(parts))] if len(parts) == 1 else None
    found = page.evaluate(_RUN, [within, {"runOnly": rules, "resultTypes": ["violations"]}])
    return [
        f"{fault['id']}: {node['html'][:160]} — {(node['any'] or node['all'] or node['none'] or [{'message': ''}])[0]['message'][:200]}"
        for fault in found
        for node in fault["nodes"]
    ]


class Memory:
    """What was looked at already: of two pages that show the very same, or stand in the very same frame, one look is enough."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def news(self, page: Page) -> list[str]:
        """The parts of this page that were not looked at before; from now on they were."""
        parts = dict(zip((MAIN, FRAME), page.evaluate(_PARTS), strict=True))
        new = [name for name, html in parts.items() if html not in self._seen]
        self._seen.update(parts.values())
        return new


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
    for width, colours in zip(WIDTHS, (COLOURS, COLOURS[::-1]), strict=True):
        _set(page, width)
        wrong += _sticking_out(page)
        for colour, rules in list(zip(colours, (RULES, CONTRAST), strict=True))[: 1 + closely]:  # all rules once a width
            page.emulate_media(color_scheme=colour)  # type: ignore[arg-type]  # a plain word of three
            wrong += [f"{width} px, {colour}: {fault}" for fault in faults(page, rules=rules)]
    _set(page, WIDTHS[0])
    page.emulate_media(color_scheme="light")
    return wrong


def glance(page: Page, parts: Collection[str] = (MAIN, FRAME)) -> list[str]:
    """Look at these parts of one page of many: wide in light and narrow in dark, whichever the window is now before the other.

    It stays the other, so that of a walk every second page is loaded narrow, and none is turned more than once.
    """
    wrong = frame_faults(page)
    looks = list(zip(WIDTHS, COLOURS, strict=True))
    for width, colour in looks if _width(page) == WIDTHS[0] else looks[::-1]:
        if _width(page) != width:
            _set(page, width)
            page.emulate_media(color_scheme=colour)  # type: ignore[arg-type]  # as above
        wrong += _sticking_out(page)
        if parts:
            wrong += [f"{width} px, {colour}: {fault}" for fault in faults(page, parts=parts)]
    return wrong


def _width(page: Page) -> int:
    assert page.viewport_size is not None
    return page.viewport_size["width"]


def _set(page: Page, width: int) -> None:
    if _width(page) != width:
        page.set_viewport_size({"width": width, "height": 800})


def _sticking_out(page: Page) -> list[str]:
    return [f"{_width(page)} px: sticks out: {html}" for html in page.evaluate(_TOO_WIDE)]
