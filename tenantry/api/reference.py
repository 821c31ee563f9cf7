"""From the OpenAPI document to what the reference page shows. Pure: no request, no database, no HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tenantry.access.permissions import ROLES, STAFF_ROLES, Permission

from . import examples
from .fields import Field, Prose, Schemas, prose
from .refusals import ALWAYS, described

JSON = "application/json"
# Where anybody of a kind may ask, the document has one of these in place of a permission.
OPEN = {
    "public": "Everybody, signed in or not.",
    "signed_in": "Anybody with a key or a session; what is answered depends on who asks.",
    "person": "A signed-in person. A key can't do it.",
}


@dataclass(frozen=True, slots=True)
class Need:
    """The permission of an operation. ``roles`` and ``staff`` say who holds it; both are empty for a word of ``OPEN``."""

    name: str
    meaning: str
    roles: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """A body in one media type."""

    media: str
    type: str
    about: Prose
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A success."""

    status: int
    phrase: str
    content: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error status that can come, and when it does."""

    status: int
    when: Prose


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. ``anchor`` is its place on the page; ``path`` begins behind the API's address."""

    identifier: str
    anchor: str
    method: str
    path: str
    tag: str
    summary: str
    about: Prose
    need: Need
    limits: tuple[str, ...]
    attempts: str
    parameters: tuple[Field, ...]
    bodies: tuple[Content, ...]
    answers: tuple[Answer, ...]
    refusals: tuple[Refusal, ...]
    example: str
    words: str


@dataclass(frozen=True, slots=True)
class Section:
    """The operations of one tag."""

    title: str
    anchor: str
    operations: tuple[Operation, ...]


def read(document: Mapping[str, Any], permissions: Mapping[str, Permission], *, prefix: str = "") -> tuple[Section, ...]:
    """The whole document by tag, in its own order. ``prefix`` is taken off the paths."""
    schemas = Schemas(document.get("components", {}).get("schemas", {}))
    tags: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            operation = _operation(method.upper(), path.removeprefix(prefix), found, schemas, permissions)
            tags.setdefault(operation.tag, []).append(operation)
    return tuple(Section(tag, f"tag-{_slug(tag)}", tuple(operations)) for tag, operations in tags.items())


def matching(sections: Iterable[Section], sought: str) -> tuple[Section, ...]:
    """The operations in which every word that is sought occurs: in path, texts, permission or fields."""
    words = sought.lower().split()
    kept = (
        Section(one.title, one.anchor, tuple(operation for operation in one.operations if all(word in operation.words for word in words)))
        for one in sections
    )
    return tuple(section for section in kept if section.operations)


def need_of(name: str, permissions: Mapping[str, Permission]) -> Need:
    """What an ``x-permission`` means and who holds it."""
    if name in OPEN:
        return Need(name, OPEN[name])
    found = permissions.get(name)
    if found is None:
        return Need(name, "")
    roles = tuple(role.label for role in ROLES.values() if role.name in found.roles)
    return Need(name, found.meaning, roles, tuple(role for role in STAFF_ROLES if role in found.staff))


def _slug(text: str) -> str:
    return re.sub(r"\W+", "-", text).strip("-").lower()


def _operation(method: str, path: str, found: Mapping[str, Any], schemas: Schemas, permissions: Mapping[str, Permission]) -> Operation:
    parameters, content = found.get("parameters", []), found.get("requestBody", {}).get("content", {})
    need = need_of(found.get("x-permission", ""), permissions)
    rows = tuple(
        schemas.field(
            parameter["name"],
            parameter["schema"],
            required=bool(parameter.get("required")),
            parent=f"{parameter['in']} ",
            about=parameter.get("description", ""),
        )
        for parameter in parameters
    )
    bodies = _contents(content, schemas, asked=True)
    about = found.get("description", "")
    tag = (found.get("tags") or ["Other"])[0]
    names = [field.name for field in rows] + [f"{field.parent}{field.name}" for body in bodies for field in body.fields]
    words = (method, path, tag, found.get("summary", ""), about, need.name, found.get("x-entitlement", ""), found["operationId"], *names)
    return Operation(
        identifier=found["operationId"],
        anchor=_slug(f"{method} {path}"),
        method=method,
        path=path,
        tag=tag,
        summary=found.get("summary", ""),
        about=prose(about),
        need=need,
        limits=tuple(filter(None, found.get("x-entitlement", "").split(", "))),
        attempts=found.get("x-attempts", ""),
        parameters=rows,
        bodies=bodies,
        answers=tuple(_answers(found.get("responses", {}), schemas)),
        refusals=tuple(_refusals(found)),
        example=examples.curl(
            method, path, permission=need.name, parameters=parameters, content=content, schemas=schemas.named,
            base=examples.INSTALLATION if found.get("x-installation") else examples.BASE,
        ),
        words=" ".join(words).lower(),
    )  # fmt: skip


def _contents(content: Mapping[str, Any], schemas: Schemas, *, asked: bool) -> tuple[Content, ...]:
    """Bodies by media type; what is described in the same way stands there once, such as a picture in three formats."""
    made: dict[tuple[str, Prose, tuple[Field, ...]], list[str]] = {}
    for media, found in content.items():
        schema = found.get("schema", {})
        described = schemas.resolved(schema)
        same = (schemas.type_of(schema), prose(described.get("description")), tuple(schemas.rows(schema, asked=asked)))
        made.setdefault(same, []).append(media)
    return tuple(Content(", ".join(media), *same) for same, media in made.items())


def _answers(responses: Mapping[str, Any], schemas: Schemas) -> Iterator[Answer]:
    for status, found in responses.items():
        if str(status).startswith("2"):
            number = int(status)
            yield Answer(number, HTTPStatus(number).phrase, _contents(found.get("content", {}), schemas, asked=False))


def _refusals(found: Mapping[str, Any]) -> Iterator[Refusal]:
    """What this operation refuses, without what any request may meet: that stands once at the beginning of the page."""
    attempts = found.get("x-attempts")
    for status, response in found.get("responses", {}).items():
        codes = [code for code in response.get("x-codes", ()) if code not in ALWAYS]
        said = [f"Too often: {attempts}. ``Retry-After`` says when to come back."] if attempts and status == "429" else []
        if codes or said:
            yield Refusal(int(status), prose(" ".join([*said, *([described(codes)] if codes else [])])))
