"""From the OpenAPI document to requests: every operation, with identifiers that exist and bodies that conform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

OPEN = ("public", "signed_in", "person")
# What a member is called decides what fits it, where its schema only says that it is text.
WORDS: dict[str, Any] = {
    "email": "intruder@elsewhere.example",
    "owner_email": "intruder@elsewhere.example",
    "billing_email": "intruder@elsewhere.example",
    "role": "owner",
    "name": "Intruder",
    "slug": "intruder-slug",
    "country": "IN",
    "default_currency": "INR",
    "time_zone": "Asia/Kolkata",
    "permission": "members:read",
    "reason": "because",
    "token": "A" * 43,
    "transport": "environment",
    "provider": "postmark",
    "resource_type": "quota:project",
    "resource_id": "proj_1",
    "resource_ids": ["proj_1"],
    "roles": ["learner"],
    "permissions": [],
    "scopes": ["members:read"],
    "plan": "team",
    "limit": 1,
    "force": True,
    "format": "csv",
    "password": "correct horse battery",
    "url": "http://127.0.0.1:9/hook",
    "domain": "intruder.example",
    "events": ["webhook.test"],
    "event_type": "webhook.test",
    "since": "2026-01-01T00:00:00Z",
    "starts_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
}


@dataclass(frozen=True)
class Operation:
    """One method of one path, as the document has it."""

    method: str
    path: str
    permission: str
    parameters: list[dict[str, Any]] = field(hash=False)
    body: dict[str, Any] | None = field(hash=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def of_organization(self) -> bool:
        """Whether it names one organization in its path."""
        return "{organization_id}" in self.path


def operations(document: dict[str, Any], *, prefix: str = "") -> Iterator[Operation]:
    """All operations; ``prefix`` is taken off the paths."""
    schemas = document.get("components", {}).get("schemas", {})
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            content = found.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            yield Operation(
                method.upper(),
                path.removeprefix(prefix),
                found.get("x-permission", ""),
                found.get("parameters", []),
                {"schema": schema, "schemas": schemas} if schema else None,
            )


def request(operation: Operation, ids: Mapping[str, str]) -> tuple[str, dict[str, Any], Any]:
    """Path, query and JSON body of a request; ``ids`` maps prefixes (``org``) to identifiers that exist."""
    path, query = operation.path, {}
    for parameter in operation.parameters:
        name, schema = parameter["name"], parameter["schema"]
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(str(_value(name, schema, ids, {})), safe=":"))
        elif parameter["in"] == "query" and parameter.get("required"):
            query[name] = _value(name, schema, ids, {})
    assert "{" not in path, f"{operation}: a part of the path is not described as a parameter"
    body = None if operation.body is None else _value("", operation.body["schema"], ids, operation.body["schemas"])
    return path, query, body


def _value(name: str, schema: dict[str, Any], ids: Mapping[str, str], schemas: dict[str, Any]) -> Any:
    """Something that conforms to a schema. Identifiers are the victim's, wherever one is asked for."""
    if "$ref" in schema:
        return _value(name, schemas[schema["$ref"].rpartition("/")[2]], ids, schemas)
    if "allOf" in schema:
        return _value(name, schema["allOf"][0], ids, schemas)
    if "anyOf" in schema:
        return _value(name, next(choice for choice in schema["anyOf"] if choice.get("type") != "null"), ids, schemas)
    form = schema.get("format", "")
    if form.startswith("typeid:"):
        return ids[form.partition(":")[2]]
    if "enum" in schema or "const" in schema:
        return schema["enum"][0] if "enum" in schema else schema["const"]
    if name == "job_id":
        return ids["job"] if "job" in ids or not ids else next(iter(ids.values()))
    if name in ("user", "organization") and schema.get("type") == "string":
        return ids["usr" if name == "user" else "org"]
    if schema.get("type") == "object" and "properties" in schema:
        wanted = schema.get("required") or list(schema["properties"])[:1]
        return {key: _value(key, schema["properties"][key], ids, schemas) for key in wanted}
    if name in WORDS:
        return WORDS[name]
    if schema.get("type") == "array":
        return [_value(name, schema["items"], ids, schemas)] * max(1, schema.get("minItems", 0))
    plain = {"string": "x", "integer": 1, "number": 1, "boolean": True, "object": {}}
    return plain[schema["type"]]
