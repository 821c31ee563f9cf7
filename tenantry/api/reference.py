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
        refusals=tuple(_refusals(method, path, found, need, names)),
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


def _refusals(method: str, path: str, found: Mapping[str, Any], need: Need, names: Iterable[str]) -> Iterator[Refusal]:
    """The statuses that can come, in the order of numbers: what the operation's own words say, else what follows from its kind."""
    for status in sorted(reasons := _reasons(method, path, found, need, set(names))):
        yield Refusal(status, prose(" ".join(reasons[status])))


def _meets_a_state(path: str, found: Mapping[str, Any]) -> bool:
    """Whether a change may not fit what is there: it answers what became of it, or removes the very thing that the path names."""
    return any(status in map(str, found.get("responses", {})) for status in ("200", "201")) or path.endswith("_id}")


def _reasons(method: str, path: str, found: Mapping[str, Any], need: Need, names: set[str]) -> dict[int, list[str]]:
    reasons: dict[int, list[str]] = {}
    parameters, content = found.get("parameters", []), found.get("requestBody", {}).get("content", {})
    secured, guarded, writes = bool(found.get("security")), need.name not in OPEN, method != "GET"
    staff_only = guarded and not need.roles
    in_path = [parameter["schema"].get("format", "") for parameter in parameters if parameter["in"] == "path"]

    def can(status: int, when: str) -> None:
        reasons.setdefault(status, []).append(when)

    if JSON in content:
        can(400, "The body is no JSON (``json_invalid``).")
        can(415, "The body doesn't say that it is ``application/json`` (``media_type_unsupported``).")
    if "cursor" in names:
        can(400, "The cursor is not one of this list (``cursor_invalid``).")
    if secured:
        can(
            401,
            "Nobody is signed in and there is no key that works (``unauthenticated``, ``key_invalid``, ``key_revoked``, ``key_expired``).",
        )
    if found.get("x-entitlement"):
        can(402, "A limit is reached (``entitlement_limit_reached``, with ``resource_type``, ``current`` and ``limit``).")
    if guarded:
        can(403, "You lack the permission (``permission_denied``), or your key its scope (``insufficient_scope``).")
    elif need.name == "person":
        can(403, "A key asked (``person_required``).")
    if guarded and writes and "organization_id" in names and need.roles:
        can(403, "The organization's state doesn't allow it now.")
    if secured and writes:
        can(403, "A session came without its ``X-CSRFToken`` (``csrf_failed``).")
    if in_path:
        can(404, "There is no such thing, or you may not know of it (``not_found``).")
    elif staff_only:
        can(404, "You don't work for the vendor: what is staff's alone isn't there for others (``not_found``).")
    if "Idempotency-Key" in names:
        can(409, "The ``Idempotency-Key`` was used for another request (``idempotency_key_reused``).")
    if guarded and writes and need.name != "access:check" and _meets_a_state(path, found):
        can(409, "The present state doesn't allow it; ``code`` says what stands in the way.")
    if "token" in names:
        if "/invitations/" in path:
            can(404, "This is no token of ours (``not_found``).")
        can(410, "What the token was for is over: it was used, withdrawn, or has expired.")
    if "If-Match" in names:
        can(412, "Somebody else changed it since you read it (``version_stale``).")
    if content or any(parameter["in"] == "query" for parameter in parameters):
        can(422, "Something that was sent is not valid; ``errors`` says where (``validation_failed``).")
    if attempts := found.get("x-attempts"):
        can(429, f"Too often: {attempts}. ``Retry-After`` says when to come back.")
    for status, code in re.findall(r"\b(4\d\d)\s+``(\w+)``", found.get("description", "")):
        if not any(f"``{code}``" in when for when in reasons.get(int(status), ())):
            can(int(status), f"Also ``{code}``.")
    return reasons
