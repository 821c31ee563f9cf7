"""Which refusals an operation can answer, by status and code: what its own code raises, and what stands around every operation.

The first is read from the graph of calls and kept in ``refusals.json`` (``python -m tests.house.documents`` writes it, and a house
test compares); the second are the rules below.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from tenantry.access.middleware import UNCOUNTED
from tenantry.access.permissions import registered
from tenantry.maintenance.middleware import OPEN_ADDRESSES, WINDOWS
from tenantry.organizations.states import ACTIVE, DEACTIVATED, PENDING, SUSPENDED, refusal
from tenantry.people.middleware import OWN_PROOF

FILE = Path(__file__).with_name("refusals.json")
JSON = "application/json"
READING = ("get", "head")
# What any request may meet that names a workspace and brings a key.
ALWAYS: dict[str, int] = {
    "value_invalid": 400,
    "key_invalid": 401,
    "key_expired": 401,
    "key_revoked": 401,
    "tenant_suspended": 403,
    "address_not_allowed": 403,
    "rate_limited": 429,
    "busy": 503,
    "database_unreachable": 503,
    "maintenance": 503,
}


@lru_cache(maxsize=1)
def kept() -> dict[str, Any]:
    """``{"codes": {code: meaning}, "operations": {operation id: {status: [codes]}}}``."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


def refusals(method: str, path: str, operation: Mapping[str, Any], *, multi: bool) -> dict[int, list[str]]:
    """The codes of one operation of the document by status. ``path`` is as in the document; ``multi``: several workspaces."""
    found: dict[int, set[str]] = {}
    for status, codes in kept()["operations"].get(operation["operationId"], {}).items():
        found.setdefault(int(status), set()).update(codes)
    for status, code in _around(method, "/api/v1" + path.partition("/api/v1")[2], operation, multi=multi):
        found.setdefault(status, set()).add(code)
    return {status: sorted(found[status]) for status in sorted(found)}


def responses(found: Mapping[int, list[str]], media_type: str) -> dict[str, Any]:
    """The same as members of an operation's ``responses``: every refusal is a problem, ``x-codes`` are the ones it can have."""
    content = {media_type: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {str(status): {"description": described(codes), "x-codes": codes, "content": content} for status, codes in found.items()}


def described(codes: list[str]) -> str:
    """``code``: what it means, for each."""
    meanings = kept()["codes"]
    return " ".join(f"``{code}``: {meanings.get(code, 'See docs/errors.md.')}" for code in codes)


def _around(method: str, path: str, operation: Mapping[str, Any], *, multi: bool) -> Iterator[tuple[int, str]]:
    """What the middleware, the parser and the guard's rules refuse, whatever the operation does."""
    permission, secured, writes = operation.get("x-permission", ""), bool(operation.get("security")), method not in READING
    parameters, content = operation.get("parameters", []), operation.get("requestBody", {}).get("content", {})
    names = {parameter["name"] for parameter in parameters}
    yield 400, "value_invalid"
    yield 503, "busy"
    yield 503, "database_unreachable"
    if not operation.get("x-installation"):
        yield from _of_tenant(path, writes=writes, multi=multi)
    if secured:
        yield 401, "unauthenticated"
        if writes:
            yield 403, "csrf_failed"
    if "organization_id" in names and permission in registered():
        for state in (PENDING, ACTIVE, SUSPENDED, DEACTIVATED):
            for staff in (False, True):
                if code := refusal(state, permission, staff=staff):
                    yield 403, code
    if any(parameter["in"] == "path" for parameter in parameters):
        yield 404, "not_found"
    if JSON in content:
        yield 400, "json_invalid"
        yield 415, "media_type_unsupported"
    if JSON in content or any(parameter["in"] == "query" for parameter in parameters):
        yield 422, "validation_failed"
    if path in UNCOUNTED:
        yield 413, "body_too_large"
    if "Idempotency-Key" in names:
        yield 400, "idempotency_key_invalid"
        yield 409, "idempotency_key_reused"
        yield 409, "idempotency_key_in_progress"


def _of_tenant(path: str, *, writes: bool, multi: bool) -> Iterator[tuple[int, str]]:
    yield 403, "tenant_suspended"
    if multi:
        yield 404, "tenant_not_found"
    if writes:
        yield 403, "impersonation_read_only"
        yield 409, "impersonation_over"
    if not path.startswith(OWN_PROOF):
        yield from ((401, code) for code in ("key_invalid", "key_expired", "key_revoked"))
        yield 403, "address_not_allowed"
        if path not in UNCOUNTED:
            yield 429, "rate_limited"
    if path.startswith("/api/v1/auth/"):
        yield 403, "scoped_key_not_for_portal"
    if not path.startswith(OPEN_ADDRESSES) and (path != WINDOWS or writes):
        yield 503, "maintenance"
