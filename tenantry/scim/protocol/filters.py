"""Filters (RFC 7644 §3.4.2.2): read into a tree, then asked of resources. Nothing here is ever code: a filter is a stranger's text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tenantry.scim.refusals import invalid_filter

LONGEST: Final = 4_000
DEEPEST: Final = 20
MOST_TERMS: Final = 200
OPERATORS: Final = frozenset("eq ne co sw ew gt ge lt le".split())
_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<sign>[()\[\]])|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.:$-]))"""
    r"""|(?P<word>[A-Za-z$][A-Za-z0-9_$:.\-]*))"""
)


@dataclass(frozen=True, slots=True)
class Compare:
    """``path op value``; ``pr`` has no value."""

    path: str
    op: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Has:
    """``path[inner]``: some value of the list fits the inner filter; with ``sub``, and its sub-attribute fits ``then``."""

    path: str
    inner: Filter
    sub: str = ""
    then: Compare | None = None


@dataclass(frozen=True, slots=True)
class Not:
    inner: Filter


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Filter, ...]


Filter = Compare | Has | Not | And | Or


def parse(text: str) -> Filter:
    """The tree of a filter. Raises Problem 400 ``invalidFilter``."""
    if len(text) > LONGEST:
        raise invalid_filter(f"A filter has at most {LONGEST:,} characters.")
    reader = _Reader(text)
    found = reader.either(0)
    reader.end()
    return found


def parse_path(text: str) -> tuple[str, Filter | None, str]:
    """A path of a PATCH (RFC 7644 §3.5.2, figure 7): ``(attribute, filter, sub-attribute)``. Raises Problem 400 ``invalidFilter``."""
    if len(text) > LONGEST:
        raise invalid_filter(f"A path has at most {LONGEST:,} characters.")
    reader = _Reader(text)
    name, inner, sub = reader.word("an attribute's name"), None, ""
    if reader.takes("sign", "["):
        inner = reader.either(1)
        reader.require("]")
        if reader.peek("word") and reader.text.startswith("."):
            sub = reader.word("")[1:]
    elif reader.rest.startswith("."):
        raise invalid_filter("A path like “emails.[…]” isn't one: the filter follows the name.")
    reader.end()
    return name, inner, sub


class _Reader:
    """Recursive descent over the tokens, as deep as ``DEEPEST`` and not deeper."""

    def __init__(self, source: str) -> None:
        self.source, self.at, self.terms = source, 0, 0
        self.kind, self.text = "", ""
        self._next()

    def _next(self) -> None:
        self.start = self.at
        rest = self.source[self.at :]
        if not rest.strip():
            self.kind, self.text, self.at = "end", "", len(self.source)
            return
        # Right behind a bracket a sub-attribute begins with its dot: emails[type eq "work"].value
        if rest[0] == "." and self.at and self.source[self.at - 1] == "]" and (sub := re.match(r"\.[A-Za-z$][A-Za-z0-9_$-]*", rest)):
            self.kind, self.text = "word", sub[0]
            self.at += len(sub[0])
            return
        found = _TOKEN.match(self.source, self.at)
        if found is None:
            raise invalid_filter(f"The filter can't be read from “{rest.strip()[:30]}” on.")
        self.kind = found.lastgroup or ""
        self.text = found[self.kind]
        self.at = found.end()

    @property
    def rest(self) -> str:
        return self.source[self.start :].lstrip()

    def peek(self, kind: str, *texts: str) -> bool:
        return self.kind == kind and (not texts or self.text.lower() in texts)

    def takes(self, kind: str, *texts: str) -> bool:
        if self.peek(kind, *texts):
            self._next()
            return True
        return False

    def word(self, what: str) -> str:
        if self.kind != "word":
            raise invalid_filter(f"{what.capitalize()} is expected, not “{self.text or 'the end'}”.")
        found = self.text
        self._next()
        return found

    def require(self, sign: str) -> None:
        if not self.takes("sign", sign):
            raise invalid_filter(f"A “{sign}” is missing.")

    def end(self) -> None:
        if self.kind != "end":
            raise invalid_filter(f"The filter should end before “{self.rest[:30]}”.")

    def either(self, depth: int) -> Filter:
        parts = [self.both(depth)]
        while self.takes("word", "or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self, depth: int) -> Filter:
        parts = [self.term(depth)]
        while self.takes("word", "and"):
            parts.append(self.term(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def term(self, depth: int) -> Filter:
        self.terms += 1
        if depth > DEEPEST or self.terms > MOST_TERMS:
            raise invalid_filter(f"A filter has at most {MOST_TERMS} terms, {DEEPEST} levels deep.")
        if self.peek("word", "not"):
            self._next()
            self.require("(")
            inner = self.either(depth + 1)
            self.require(")")
            return Not(inner)
        if self.takes("sign", "("):
            inner = self.either(depth + 1)
            self.require(")")
            return inner
        return self.comparison(depth)

    def comparison(self, depth: int) -> Filter:
        name = self.word("an attribute's name")
        if self.takes("sign", "["):
            inner = self.either(depth + 1)
            self.require("]")
            if self.kind == "word" and self.text.startswith("."):
                sub = self.word("")[1:]
                return Has(name, inner, sub, self._compared(sub))
            return Has(name, inner)
        return self._compared(name)

    def _compared(self, name: str) -> Compare:
        operator = self.word("an operator").lower()
        if operator == "pr":
            return Compare(name, "pr")
        if operator not in OPERATORS:
            raise invalid_filter(f"“{operator[:20]}” is no operator; there are {', '.join(sorted(OPERATORS))} and pr.")
        return Compare(name, operator, self._value())

    def _value(self) -> Any:
        kind, text = self.kind, self.text
        if kind == "string":
            try:
                found = json.loads(text)
                found.encode()
            except (ValueError, UnicodeEncodeError) as error:
                raise invalid_filter("A text in the filter can't be read.") from error
            if "\x00" in found:
                raise invalid_filter("A text in the filter has a NUL character.")
        elif kind == "number":
            found = float(text) if set(text) & set(".eE") else int(text[:400])
        elif kind == "word" and text.lower() in ("true", "false", "null"):
            found = {"true": True, "false": False, "null": None}[text.lower()]
        else:
            raise invalid_filter(f"A value is expected, in double quotes, not “{text[:30] or 'the end'}”.")
        self._next()
        return found


def names(tree: Filter) -> Iterator[str]:
    """The attributes that a filter asks about, as they stand there; those within brackets are left out."""
    if isinstance(tree, And | Or):
        for part in tree.parts:
            yield from names(part)
    elif isinstance(tree, Not):
        yield from names(tree.inner)
    else:
        yield tree.path
