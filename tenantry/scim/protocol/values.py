"""From what a client sends to what is kept: canonical names, checked types, nothing that is null, empty, unknown or not theirs to set."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any, Final

from tenantry.scim.refusals import invalid_syntax, invalid_value

from .attributes import Attribute, ResourceType, Schema

LONGEST_TEXT: Final = 4_000
LONGEST_NAME: Final = 255  # userName, externalId, displayName of a group
LONGEST_BINARY: Final = 64_000
MOST_VALUES: Final = 100
DEEPEST: Final = 12
_NAMES: Final = frozenset({"userName", "externalId", "displayName"})
_BARE: Final = frozenset({"type", "primary"})
_BOOLEANS: Final = {"true": True, "false": False}


def read_json(data: bytes) -> dict[str, Any]:
    """A body as an object. Raises Problem 400 ``invalidSyntax``, also for what no column takes (NUL, halves of characters)."""
    try:
        found = json.loads(data.decode("utf-8-sig"), parse_constant=_no_number)
        if b"\\u" in data or b"\x00" in data:
            for text in _texts(found, 0):
                text.encode()
                if "\x00" in text:
                    raise ValueError("a NUL character")
    except (ValueError, RecursionError) as error:
        raise invalid_syntax("The body is no JSON in UTF-8 that can be read.") from error
    if not isinstance(found, dict):
        raise invalid_syntax("The body is a JSON object.")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, depth + 1)


def read_resource(body: dict[str, Any], kind: ResourceType) -> dict[str, Any]:
    """A resource of a POST or PUT. What is readOnly, unknown, null or empty is left out; a wrong type raises Problem 400."""
    _check_schemas(body)
    found: dict[str, Any] = {}
    for name, value in body.items():
        schema = kind.by_urn.get(name.lower())
        if schema is not None:
            merge(found, schema, kind, value)
        elif (place := place_of(name, kind)) is not None:
            holder, attribute = place
            read = read_value(attribute, value)
            if read is not None:
                (found.setdefault(holder, {}) if holder else found)[attribute.name] = read
    return without_bare(found, kind)


def without_bare(resource: dict[str, Any], kind: ResourceType) -> dict[str, Any]:
    """The same without values that say only of what type they would be: Entra clears ``emails[type eq "work"].value`` and means the
    address."""
    for name in kind.typed:
        if held := resource.get(name):
            kept = [item for item in held if not item.keys() <= _BARE]
            if kept:
                resource[name] = kept
            else:
                del resource[name]
    return resource


def _check_schemas(body: dict[str, Any]) -> None:
    given = next((value for name, value in body.items() if name.lower() == "schemas"), None)
    if given is not None and not (isinstance(given, list) and all(isinstance(each, str) for each in given)):
        raise invalid_syntax("“schemas” is a list of texts.")


def merge(found: dict[str, Any], schema: Schema, kind: ResourceType, value: Any) -> None:
    """Put what stands below a schema's URN into the resource."""
    if value is None:
        return
    if not isinstance(value, dict):
        raise invalid_value(f"Below {schema.urn} stands an object.")
    holder = found if schema is kind.core else found.setdefault(schema.urn, {})
    for name, item in value.items():
        attribute = schema.by_name.get(name.lower())
        if attribute is not None and attribute.mutability != "readOnly":
            read = read_value(attribute, item)
            if read is not None:
                holder[attribute.name] = read
    if holder is not found and not holder:
        del found[schema.urn]


def place_of(name: str, kind: ResourceType) -> tuple[str, Attribute] | None:
    """Where an attribute that a client may set stands: ``(URN of the extension or "", attribute)``.

    Enterprise attributes at the root are taken for what they are (Entra sends them so).
    """
    lowered = name.lower()
    attribute = kind.root.get(lowered)
    if attribute is not None:
        settable = attribute.mutability != "readOnly" and attribute.name != "schemas"
        return ("", attribute) if settable else None
    for extension in kind.extensions:
        if (attribute := extension.by_name.get(lowered)) is not None:
            return extension.urn, attribute
    return None


def read_value(attribute: Attribute, value: Any) -> Any:
    """A value as it is kept, or None when it is none (null, an empty text, an empty list). Raises Problem 400 ``invalidValue``."""
    if not attribute.multi:
        if isinstance(value, list):  # a list of one is meant as the one
            if len(value) > 1:
                raise invalid_value(f"{attribute.name} takes one value.")
            value = value[0] if value else None
        return read_single(attribute, value)
    if value is None or value == "":
        return None
    items = value if isinstance(value, list) else [value]
    if len(items) > MOST_VALUES and attribute.name != "members":
        raise invalid_value(f"{attribute.name} takes at most {MOST_VALUES} values.")
    found = [read for item in items if (read := read_single(attribute, item)) is not None]
    return one_primary(attribute, distinct(found)) or None


def read_single(attribute: Attribute, value: Any) -> Any:
    """One value of an attribute."""
    if value is None or value == "":
        return None
    if attribute.complex:
        return _read_complex(attribute, value)
    if isinstance(value, dict):  # {"value": "…"} in place of a simple value, as older connectors of Entra wrap it
        value = next((item for name, item in value.items() if name.lower() == "value"), value)
        if value is None or value == "":
            return None
    if attribute.type == "boolean":
        return read_boolean(attribute, value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise invalid_value(f"{attribute.name} is a text.")
    text = value if isinstance(value, str) else str(value)
    longest = LONGEST_BINARY if attribute.type == "binary" else LONGEST_NAME if attribute.name in _NAMES else LONGEST_TEXT
    if len(text) > longest:
        raise invalid_value(f"{attribute.name} has at most {longest:,} characters.")
    if attribute.type == "binary":
        try:
            base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise invalid_value(f"{attribute.name} is base64.") from error
    return text


def read_boolean(attribute: Attribute, value: Any) -> bool:
    """True and false, also as Entra writes them: ``"False"``."""
    found = _BOOLEANS.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise invalid_value(f"{attribute.name} is true or false.")
    return found


def _read_complex(attribute: Attribute, value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):  # "manager": "26118915", "roles": ["admin"]
        child = attribute.child("value")
        if child is None or isinstance(value, bool | list):
            raise invalid_value(f"{attribute.name} has parts: it is an object.")
        value = {"value": value}
    found: dict[str, Any] = {}
    for name, item in value.items():
        child = attribute.child(name)
        if child is None and name.lower() == f"{attribute.name}id".lower():  # Okta's {"managerId": …}
            child = attribute.child("value")
        if child is not None and child.mutability != "readOnly":
            read = read_single(child, item)
            if read is not None:
                found[child.name] = read
    return found or None


def distinct(items: list[Any]) -> list[Any]:
    """The same without repetitions (RFC 7643 §2.4: no value stands twice); the order stays."""
    if len(items) < 2:
        return items
    seen: set[str] = set()
    return [item for item in items if (key := json.dumps(item, sort_keys=True)) not in seen and not seen.add(key)]  # type: ignore[func-returns-value]  # add says None


def one_primary(attribute: Attribute, items: list[Any]) -> list[Any]:
    """Several primary values of what a client sends at once: the first is meant."""
    if attribute.child("primary") is None:
        return items
    seen = False
    for item in items:
        if item.get("primary"):
            if seen:
                item["primary"] = False
            seen = True
    return items


def schemas_of(resource: dict[str, Any], kind: ResourceType) -> list[str]:
    """The schemas that a resource uses."""
    return [kind.core.urn, *(each.urn for each in kind.extensions if resource.get(each.urn))]


def display_of(user: dict[str, Any]) -> str:
    """A person's name as the directory has it, for our pages; at most 120 characters."""
    name = user.get("name") or {}
    parts = " ".join(part for part in (name.get("givenName"), name.get("familyName")) if part)
    return str(user.get("displayName") or name.get("formatted") or parts).strip()[:120]


def address_of(user: dict[str, Any]) -> str:
    """The e-mail address that counts: the primary one, else the work one, else the first, else a userName that is one, else ``""``."""
    emails = [item for item in user.get("emails") or () if item.get("value")]
    chosen = next((item for item in emails if item.get("primary")), None)
    chosen = chosen or next((item for item in emails if str(item.get("type", "")).lower() == "work"), None)
    found = chosen or (emails[0] if emails else None)
    if found is not None:
        return str(found["value"])
    name = str(user.get("userName") or "")
    return name if "@" in name else ""
