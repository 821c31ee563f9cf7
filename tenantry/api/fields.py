"""From a JSON schema to rows that people read: name, type, whether it must be there, and what it has to be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Paragraphs of pieces: text, and whether it is code.
Prose = tuple[tuple[tuple[str, bool], ...], ...]
_DEEPEST = 6
_FORMATS = {"date-time": "date and time", "date": "date", "email": "e-mail address", "uri": "address", "binary": "file", "uuid": "UUID"}
_PLURALS = {"file": "files", "date and time": "dates and times", "e-mail address": "e-mail addresses", "address": "addresses"}


@dataclass(frozen=True, slots=True)
class Field:
    """One row. ``parent`` is the way to the object that has it (``rows[].``); ``required`` is None where nobody is asked for it."""

    parent: str
    name: str
    type: str
    required: bool | None
    notes: tuple[str, ...]
    about: Prose


def prose(text: str | None) -> Prose:
    """A docstring's text: blank lines part paragraphs, double backticks are code."""
    paragraphs = re.split(r"\n\s*\n", (text or "").strip())
    return tuple(
        tuple((piece, at % 2 == 1) for at, piece in enumerate(re.split(r"``(.+?)``", " ".join(paragraph.split()))) if piece)
        for paragraph in paragraphs
        if paragraph.strip()
    )


class Schemas:
    """The document's named schemas, which any schema may refer to."""

    def __init__(self, named: Mapping[str, Any]) -> None:
        self.named = named

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a reference leads to; of ``X or null`` the X."""
        for _ in range(_DEEPEST):
            if "$ref" in schema:
                schema = self.named.get(schema["$ref"].rpartition("/")[2], {})
            elif len(choices := _real(schema)) == 1:
                schema = choices[0]
            else:
                break
        return schema

    def type_of(self, schema: Mapping[str, Any]) -> str:
        """``string``, ``org_…``, ``list of objects``, ``integer or null``."""
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            return " or ".join(dict.fromkeys(self.type_of(choice) for choice in choices))
        found = self.resolved(schema)
        kind, form = found.get("type", "any value"), found.get("format", "")
        if isinstance(kind, list):
            return " or ".join(kind)
        if form.startswith("typeid:"):
            return f"{form.partition(':')[2]}_…"
        if form in _FORMATS:
            return _FORMATS[form]
        if kind == "array":
            return f"list of {_plural(self.type_of(found.get('items', {})))}"
        inside = found.get("additionalProperties")
        if kind == "object" and not found.get("properties") and isinstance(inside, Mapping):
            return f"object of {_plural(self.type_of(inside))}"
        return str(kind)

    def rows(self, schema: Mapping[str, Any], *, asked: bool, parent: str = "", depth: int = 0) -> Iterator[Field]:
        """The members of an object, each before its own members. ``asked``: a client sends it, so that it may be optional."""
        found = self.resolved(schema)
        if found.get("type") == "array":
            yield from self.rows(found.get("items", {}), asked=asked, parent=f"{parent or '[]'}", depth=depth)
            return
        required = found.get("required", ())
        for name, member in found.get("properties", {}).items():
            yield self.field(name, member, required=name in required if asked else None, parent=parent)
            if depth < _DEEPEST and (way := self._inside(member)):
                yield from self.rows(member, asked=asked, parent=f"{parent}{name}{way}", depth=depth + 1)

    def field(self, name: str, schema: Mapping[str, Any], *, required: bool | None, parent: str = "", about: str = "") -> Field:
        """One row of a member or a parameter."""
        found = self.resolved(schema)
        notes = (*_constraints(found), *_default(schema, required))
        about = about or schema.get("description") or (found.get("description", "") if found is schema else "")
        return Field(parent, name, self.type_of(schema), required, notes, prose(about))

    def _inside(self, schema: Mapping[str, Any]) -> str:
        """How the way goes on to the members of this one's objects: ``.``, ``[].``, or empty where there are none."""
        found, way = self.resolved(schema), "."
        if found.get("type") == "array":
            found, way = self.resolved(found.get("items", {})), "[]."
        return way if found.get("properties") else ""


def _real(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or []
    return [choice for choice in choices if choice.get("type") != "null"]


def _plural(kind: str) -> str:
    if kind.endswith("…") or " or " in kind or " of " in kind:
        return kind
    return _PLURALS.get(kind, kind if kind == "any value" else f"{kind}s")


def _constraints(schema: Mapping[str, Any]) -> Iterator[str]:
    if "enum" in schema:
        yield "one of " + ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        yield f"always {schema['const']}"
    yield from _between(schema.get("minLength"), schema.get("maxLength"), " characters")
    yield from _between(schema.get("minItems"), schema.get("maxItems"), " entries")
    yield from _between(schema.get("minimum"), schema.get("maximum"), "")
    if "exclusiveMinimum" in schema:
        yield f"more than {schema['exclusiveMinimum']:,}"
    if "pattern" in schema:
        yield f"matches {schema['pattern']}"


def _between(least: int | None, most: int | None, unit: str) -> Iterator[str]:
    if least and most is not None:
        yield f"{least:,} to {most:,}{unit}"
    elif most is not None:
        yield f"at most {most:,}{unit}"
    elif least is not None:
        yield f"at least {least:,}{unit}"


def _default(schema: Mapping[str, Any], required: bool | None) -> Iterator[str]:
    """What counts where nothing is sent; an empty one says nothing that ``optional`` doesn't."""
    if not required and (default := schema.get("default")) not in (None, "", [], {}):
        yield f"{str(default).lower() if isinstance(default, bool) else default} if left out"
