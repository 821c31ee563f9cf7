"""From a document to the reference's view objects, without any server: types, nesting, refusals, examples, search."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenantry.access.permissions import Permission
from tenantry.api import examples
from tenantry.api.fields import Schemas, prose
from tenantry.api.reference import Operation, matching, need_of, read
from tenantry.kit import ids

HELD = {"things:write": Permission("things:write", "Change things.", frozenset({"owner", "manager"}), frozenset({"admin"}))}
THING = {
    "title": "Thing",
    "type": "object",
    "required": ["name", "parts"],
    "properties": {
        "name": {"type": "string", "maxLength": 120, "minLength": 2},
        "colour": {"enum": ["red", "green"], "type": "string", "default": "red"},
        "owner": {"anyOf": [{"type": "string", "format": "typeid:usr"}, {"type": "null"}]},
        "parts": {"type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/Part"}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
PART = {
    "type": "object",
    "required": ["count"],
    "properties": {"count": {"type": "integer", "minimum": 1, "maximum": 9}, "of": {"$ref": "#/components/schemas/Part"}},
}
SCHEMAS = {"Thing": THING, "Part": PART}
THING_ID = {"in": "path", "name": "thing_id", "required": True, "schema": {"type": "string", "format": "typeid:thg"}}


def one(path: str = "/things/{thing_id}", method: str = "patch", **more: Any) -> Operation:
    """A document with one operation, read."""
    found = {
        "operationId": "change_thing", "summary": "Change a thing", "tags": ["Things"], "security": [{"Key": []}],
        "x-permission": "things:write", "parameters": [THING_ID],
        "responses": {"200": {}, "403": {"x-codes": ["address_not_allowed", "permission_denied"]}, "503": {"x-codes": ["busy"]}},
    }  # fmt: skip
    document = {"paths": {f"/api/v1{path}": {method: found | more}}, "components": {"schemas": SCHEMAS}}
    ((operation,),) = (section.operations for section in read(document, HELD, prefix="/api/v1"))
    return operation


def body(schema: dict[str, Any], media: str = "application/json") -> dict[str, Any]:
    return {"content": {media: {"schema": schema}}}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "typeid:org"}, "org_…"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
        ({"type": "array", "items": {"type": "string"}}, "list of strings"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Part"}}, "list of objects"),
        ({"type": "array", "items": {"type": "string", "format": "typeid:org"}}, "list of org_…"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "object of strings"),
        ({"type": "object", "additionalProperties": True}, "object"),
        ({"type": "string", "format": "date-time"}, "date and time"),
        ({"type": "string", "format": "binary"}, "file"),
        ({"type": ["string", "null"]}, "string or null"),
        ({}, "any value"),
    ],
)
def test_types_in_words(schema: dict[str, Any], words: str) -> None:
    assert Schemas(SCHEMAS).type_of(schema) == words


def test_fields_are_flat_with_their_way_and_what_they_have_to_be() -> None:
    rows = list(Schemas(SCHEMAS).rows(THING, asked=True))
    assert [f"{row.parent}{row.name}" for row in rows][:6] == ["name", "colour", "owner", "parts", "parts[].count", "parts[].of"]
    by = {f"{row.parent}{row.name}": row for row in rows}
    assert by["name"].required and by["name"].notes == ("2 to 120 characters",)
    assert by["colour"].required is False and by["colour"].notes == ("one of red, green", "red if left out")
    assert by["owner"].type == "usr_… or null"
    assert by["parts"].notes == ("at most 1,000 entries",)
    assert by["parts[].count"].notes == ("1 to 9",)
    assert len(rows) < 40, "a shape that contains itself comes to an end"
    assert all(row.required is None for row in Schemas(SCHEMAS).rows(THING, asked=False))


def test_prose_has_paragraphs_and_code() -> None:
    assert prose("One ``two``\nthree.\n\nFour.") == ((("One ", False), ("two", True), (" three.", False)), (("Four.", False),))
    assert prose(None) == prose("  ") == ()


def test_what_a_permission_means_and_who_holds_it() -> None:
    held = need_of("things:write", HELD)
    assert (held.meaning, held.roles, held.staff) == ("Change things.", ("Owner", "Manager"), ("admin",))
    assert need_of("public", HELD).meaning
    assert need_of("unknown:word", HELD).meaning == ""


def test_an_operation_as_it_is_shown() -> None:
    found = one(requestBody=body({"$ref": "#/components/schemas/Thing"}), description="Make it ``red``.")
    assert (found.method, found.path, found.tag, found.anchor) == ("PATCH", "/things/{thing_id}", "Things", "patch-things-thing_id")
    assert [(row.parent, row.name, row.type, row.required) for row in found.parameters] == [("path ", "thing_id", "thg_…", True)]
    assert found.bodies[0].fields[0].name == "name"
    assert [answer.status for answer in found.answers] == [200]


def test_pictures_of_many_kinds_stand_there_once() -> None:
    schema = {"schema": {"type": "string", "format": "binary"}}
    found = one(method="put", requestBody={"content": {"image/png": schema, "image/webp": schema}})
    assert [content.media for content in found.bodies] == ["image/png, image/webp"]
    assert "--data-binary @picture.png" in found.example


def test_refusals_are_those_of_the_operation_without_what_any_request_may_meet() -> None:
    (refused,) = one().refusals
    assert refused.status == 403
    assert [text for text, _ in refused.when[0]][:2] == ["permission_denied", ": The role lacks the permission in `permission`."]
    limited = one(**{"x-attempts": "5 a minute", "responses": {"429": {"x-codes": ["rate_limited"]}}})
    assert [(refusal.status, refusal.when[0][0][0]) for refusal in limited.refusals] == [(429, "Too often: 5 a minute. ")]


def test_an_example_conforms_and_names_no_secret() -> None:
    found = one(requestBody=body({"$ref": "#/components/schemas/Thing"}))
    assert found.example.startswith(f'curl -X PATCH "{examples.BASE}/things/thg_')
    assert '-H "Authorization: Bearer $TENANTRY_KEY"' in found.example
    sent = json.loads(found.example.partition("-d '")[2].rstrip("'"))
    assert sent == {"name": "Ada Okafor", "parts": [{"count": 1}]}
    assert "Bearer" not in one(**{"x-permission": "person"}).example
    assert "$TENANTRY_KEY" not in one(**{"x-permission": "public"}).example


def test_sample_identifiers_are_ones() -> None:
    assert ids.decode("org", examples.identifier("org")) != ids.decode("mem", examples.identifier("mem"))


def test_searching_asks_for_every_word() -> None:
    document = {
        "components": {},
        "paths": {
            path: {"get": {"operationId": path[1:], "summary": summary, "tags": [tag], "x-permission": "public"}}
            for path, summary, tag in (("/apples", "Red fruit", "Fruit"), ("/pears", "Green fruit", "Fruit"), ("/cars", "Red", "Traffic"))
        },
    }
    sections = read(document, {})
    assert [section.title for section in matching(sections, "")] == ["Fruit", "Traffic"]
    assert [one.path for section in matching(sections, "RED fruit") for one in section.operations] == ["/apples"]
    assert matching(sections, "red boats") == ()
