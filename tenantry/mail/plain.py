"""A mail's HTML read out as plain text, so that each mail is written once.

It reads our own templates, not the web: paragraphs, headings, lists, line breaks and links. ``class="html-only"`` is left out
(the fallback below a button, the letterhead), ``class="quote"`` is indented, ``class="button"`` puts the address on a line of its
own, ``class="foot"`` begins the signature.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset("body table tr td div p h1 h2 ul li".split())
_VOID = frozenset("br hr img meta link".split())
_UNSEEN = frozenset("head style title".split())


def plain_text(html: str) -> str:
    """The text that a reader of the HTML sees, with the addresses behind its links."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "\n\n".join(reader.blocks) + "\n"


class _Element:
    def __init__(self, tag: str, attributes: dict[str, str], *, begins: int, hidden: bool) -> None:
        self.tag, self.begins = tag, begins
        self.classes = attributes.get("class", "").split()
        self.href = attributes.get("href", "")
        self.hidden = hidden or tag in _UNSEEN or "html-only" in self.classes


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = []
        self._open: list[_Element] = []
        self._parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        hidden = bool(self._open) and self._open[-1].hidden
        if tag in _VOID:
            if tag == "br" and not hidden:
                self._parts.append("\n")
            return
        if tag in _BLOCKS:
            self._end_block()
        self._open.append(_Element(tag, {name: value or "" for name, value in attrs}, begins=len(self._parts), hidden=hidden))
        if tag == "li":
            self._parts.append("- ")

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            element = self._open.pop()
            if not element.hidden:
                self._end(element)
            if element.tag == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._open and not self._open[-1].hidden:
            self._parts.append(re.sub(r"[ \t\r\n]+", " ", data))

    def _end(self, element: _Element) -> None:
        if element.tag == "a":
            said = "".join(self._parts[element.begins :]).strip()
            if "button" in element.classes:
                self._parts[element.begins :] = [f"{said}:\n{element.href}"]
            elif element.href.removeprefix("mailto:") != said:
                self._parts.append(f" ({element.href})")
        elif element.tag in _BLOCKS:
            self._end_block(element.classes)

    def _end_block(self, classes: list[str] | None = None) -> None:
        lines = [re.sub(r" {2,}", " ", line).strip() for line in "".join(self._parts).split("\n")]
        self._parts = []
        text = "\n".join(lines).strip()
        if not text:
            return
        if classes and "quote" in classes:
            text = "\n".join(f"    {line}".rstrip() for line in text.split("\n"))
        if classes and "foot" in classes:
            text = f"-- \n{text}"
        self.blocks.append(text)
