"""Which refusals stand around an operation, by its kind."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.api.refusals import ALWAYS, refusals

BODY = {"requestBody": {"content": {"application/json": {}}}}
ID = {"parameters": [{"in": "path", "name": "thing_id"}]}
OF_ORGANIZATION = {"parameters": [{"in": "path", "name": "organization_id"}]}


@pytest.mark.parametrize(
    ("method", "path", "more", "expected"),
    [
        ("get", "/things", {}, []),
        ("post", "/things", {}, []),
        ("get", "/things", {"security": [{}]}, ["unauthenticated"]),
        ("delete", "/things", {"security": [{}]}, ["csrf_failed", "unauthenticated"]),
        ("put", "/things", BODY, ["json_invalid", "media_type_unsupported", "validation_failed"]),
        ("get", "/things", {"parameters": [{"in": "query", "name": "limit"}]}, ["validation_failed"]),
        ("get", "/things/{thing_id}", ID, ["not_found"]),
        ("get", "/auth/things", {}, ["scoped_key_not_for_portal", "-maintenance"]),
        ("get", "/maintenance-windows", {}, ["-maintenance"]),
        ("get", "/access/check", {}, ["body_too_large", "-rate_limited"]),
        (
            "get",
            "/organizations/{organization_id}",
            {**OF_ORGANIZATION, "x-permission": "organization:read"},
            ["not_found", "organization_deactivated"],
        ),
        (
            "put",
            "/organizations/{organization_id}/logo",
            {**OF_ORGANIZATION, "x-permission": "settings:write"},
            ["not_found", "organization_deactivated", "organization_suspended"],
        ),
        (
            "post",
            "/things",
            {"parameters": [{"in": "header", "name": "Idempotency-Key"}]},
            ["idempotency_key_in_progress", "idempotency_key_invalid", "idempotency_key_reused"],
        ),
    ],
)
def test_what_follows_from_the_kind_of_an_operation(method: str, path: str, more: dict[str, Any], expected: list[str]) -> None:
    found = refusals(method, f"/t/acme/api/v1{path}", {"operationId": "unknown", "x-permission": "public", **more}, multi=False)
    told = {code for codes in found.values() for code in codes}
    if method != "get" and "/auth/" not in path:
        expected = [*expected, "impersonation_read_only", "impersonation_over"]
    assert told == (set(ALWAYS) | {code for code in expected if code[0] != "-"}) - {code[1:] for code in expected if code[0] == "-"}


def test_the_installations_own_operations_know_no_workspace_and_others_may_miss_theirs() -> None:
    plain = {"operationId": "unknown", "x-permission": "public"}
    own = refusals("post", "/api/v1/install", {**plain, "x-installation": True}, multi=True)
    assert own == {400: ["value_invalid"], 503: ["busy", "database_unreachable"]}
    assert refusals("get", "/t/acme/api/v1/things", plain, multi=True)[404] == ["tenant_not_found"]
