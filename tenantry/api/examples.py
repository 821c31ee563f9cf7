"""Sample requests for the reference: values that could be somebody's, and the curl command that sends them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from django.conf import settings

from tenantry.kit import ids
from tenantry.people.sessions import COOKIE

# Stand for the API's own address, and for that of the installation as a whole; the page puts in the real ones.
BASE, INSTALLATION = "https://base.invalid/api/v1", "https://installation.invalid/api/v1"
_MOMENT = 0x0192_6F0C_7E11_7C3A_9A5E_3C1D_2B4F_6A70  # a UUIDv7 of October 2024

# By a member's name, or by its schema and name where the name alone is ambiguous.
_VALUES: dict[str, Any] = {
    "billing_email": "accounts@contoso.example",
    "category": "member",
    "country": "IN",
    "current": "plum-basket-73-rivers",
    "decision": "approve",
    "default_currency": "INR",
    "description": "Start a new project",
    "email": "ada@contoso.example",
    "ends_at": "2027-03-31T18:30:00Z",
    "event_type": "member.added",
    "events": ["member.added", "member.removed"],
    "everywhere": True,
    "format": "jsonl",
    "industry": "Mining",
    "legal_name": "Contoso Private Limited",
    "limit": 25,
    "message": "We move to a larger database.",
    "name": "Ada Okafor",
    "next": "/",
    "owner_email": "ada@contoso.example",
    "password": "quiet-harbour-58-lantern",
    "permission": "project:create",
    "plan": "team",
    "public": True,
    "reason": "Agreed in the contract of March",
    "resource_id": "proj_42",
    "resource_ids": ["proj_41", "proj_42"],
    "resource_type": "quota:project",
    "role": "learner",
    "roles": ["owner", "manager"],
    "scopes": ["members:read", "members:write"],
    "since": "2026-10-01T00:00:00Z",
    "slug": "northwind",
    "starts_at": "2027-03-31T16:30:00Z",
    "support_email": "help@northwind.example",
    "team": "Plant 2",
    "to": "ada@contoso.example",
    "transport": "environment",
    "url": "https://hooks.contoso.example/tenantry",
    "workspace": "Northwind Learning",
    "colour": "#3b5bdb",
    "token": "uN3mYw0c1n7Qh5s2t8Xb4kLr6vJd9fGzAeTpKoViSxE",
    "OrganizationIn.name": "Contoso",
    "InstallIn.name": "Nora Lindqvist",
    "ProgramIn.name": "Northwind Learning",
    "SignUpIn.name": "Nora Lindqvist",
    "StaffIn.role": "support",
    "StaffChange.role": "csm",
    "Revocation.reason": "Left the company",
    "Reason.reason": "Unpaid since May",
    "VendorPermissionIn.name": "project:create",
}
# What a sample shows beside the members that are required.
_SHOWN: dict[str, tuple[str, ...]] = {
    "CurrentIn": ("current",),
    "InvitationIn": ("name",),
    "InstallIn": ("name", "slug"),
    "LimitIn": ("reason",),
    "MailSettingsIn": ("from_email", "host", "port"),
    "MemberIn": ("name",),
    "OrganizationChange": ("legal_name", "public"),
    "OrganizationIn": ("owner_email", "plan"),
    "PasswordIn": ("current",),
    "ProgramIn": ("support_email", "colour"),
    "Reason": ("reason",),
    "SignUpIn": ("slug", "name"),
    "StaffChange": ("role",),
    "StaffIn": ("name",),
    "VendorPermissionIn": ("description",),
    "WindowIn": ("mode", "message"),
}


def identifier(prefix: str) -> str:
    """A TypeID that looks like one of ours, always the same for a prefix."""
    return ids.encode(prefix, UUID(int=_MOMENT + sum(ord(letter) << (5 * at) for at, letter in enumerate(prefix))))


def value(name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any], *, owner: str = "") -> Any:
    """A sample that conforms to a JSON schema. ``name`` is the member's, ``owner`` the title of the object that has it."""
    if "$ref" in schema:
        return value(name, schemas[schema["$ref"].rpartition("/")[2]], schemas, owner=owner)
    if schema.get("examples"):
        return schema["examples"][0]
    if "allOf" in schema:  # how a member with a default refers to another schema
        return value(name, schema["allOf"][0], schemas, owner=owner)
    if "anyOf" in schema:
        return value(name, next((one for one in schema["anyOf"] if one.get("type") != "null"), {}), schemas, owner=owner)
    form = schema.get("format", "")
    if form.startswith("typeid:"):
        return identifier(form.partition(":")[2])
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object" and "properties" in schema:
        return _object(schema, schemas)
    for known in (f"{owner}.{name}", name):
        if known in _VALUES:
            return _VALUES[known]
    if name in ("user", "organization"):
        return identifier("usr" if name == "user" else "org")
    if form == "date-time":
        return _VALUES["ends_at"]
    if schema.get("type") == "array":
        return [value(name, schema.get("items", {}), schemas, owner=owner)]
    plain = {"integer": 1, "number": 1, "boolean": True, "object": {}, "array": []}
    return plain.get(schema.get("type", ""), name.replace("_", " "))


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    title, members = schema.get("title", ""), schema["properties"]
    wanted = {*schema.get("required", ()), *_SHOWN.get(title, ())} or set(list(members)[:2])
    return {name: value(name, found, schemas, owner=title) for name, found in members.items() if name in wanted}


def curl(
    method: str,
    path: str,
    *,
    permission: str,
    parameters: list[dict[str, Any]],
    content: Mapping[str, Any],
    schemas: Mapping[str, Any],
    base: str = BASE,
) -> str:
    """The command for one operation. ``path`` begins behind the API's address; ``content`` is the body's, by media type.

    The key and the session come from the shell's variables, so that none is pasted into a command that history keeps.
    """
    query = {}
    for parameter in parameters:
        name, sample = parameter["name"], value(parameter["name"], parameter["schema"], schemas)
        if parameter["in"] == "path":
            path = path.replace(f"{{{name}}}", quote(str(sample), safe=":"))
        elif parameter["in"] == "query" and (parameter.get("required") or name in ("limit", "format")):
            query[name] = sample
    address = f"{base}{path}" + (f"?{urlencode(query)}" if query else "")
    lines = [f'curl "{address}"' if method == "GET" else f'curl -X {method} "{address}"']
    lines += _credentials(method, permission)
    for parameter in parameters:
        if parameter["name"] == "Idempotency-Key":
            lines.append('-H "Idempotency-Key: $(uuidgen)"')
        elif parameter["in"] == "header":
            lines.append(f"-H '{parameter['name']}: {parameter.get('example', '')}'")
    lines += _body(content, schemas)
    if "format" in query:
        lines.append(f"-o events.{query['format']}")
    return " \\\n  ".join(lines)


def _credentials(method: str, permission: str) -> list[str]:
    if permission == "public":
        return []
    if permission != "person":
        return ['-H "Authorization: Bearer $TENANTRY_KEY"']
    if method == "GET":
        return [f'-b "{COOKIE}=$SESSION"']
    return [f'-b "{COOKIE}=$SESSION; {settings.CSRF_COOKIE_NAME}=$CSRF"', '-H "X-CSRFToken: $CSRF"']


def _body(content: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[str]:
    if "application/json" in content:
        sample = value("", content["application/json"]["schema"], schemas)
        return ['-H "Content-Type: application/json"', f"-d '{json.dumps(sample, indent=2, ensure_ascii=False)}'"]
    for media in content:  # a picture: any of them will do
        return [f'-H "Content-Type: {media}"', f"--data-binary @picture.{media.rpartition('/')[2]}"]
    return []
