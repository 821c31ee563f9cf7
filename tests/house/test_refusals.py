"""The OpenAPI document names every refusal that an operation can answer, by status and code."""

from __future__ import annotations

from tenantry.api import refusals as rules

from . import refusals, source


def test_the_kept_refusals_are_those_of_the_code() -> None:
    assert rules.FILE.read_text() == refusals.document(), "Run: .venv/bin/python -m tests.house.documents"


def test_every_operation_of_the_document_is_kept() -> None:
    from tenantry.install.wizard.api import api

    paths = api.get_openapi_schema(path_prefix="/api/v1/")["paths"]
    identifiers = {operation["operationId"] for methods in paths.values() for operation in methods.values()}
    assert identifiers == set(rules.kept()["operations"])


def test_rules_know_all_that_stands_around_operations() -> None:
    code = source.code()
    assert {f"tenantry.{name}" for name in refusals.AROUND} <= code.functions.keys()
    own = refusals.of_functions(code)
    around = {problem for name in refusals.AROUND for _, problem in refusals.reached(name, code, own)} - refusals.OF_NO_OPERATION
    everything = {
        "operationId": "none", "x-permission": "settings:write", "security": [{"Key": []}],
        "parameters": [
            {"in": "path", "name": "organization_id"}, {"in": "query", "name": "limit"}, {"in": "header", "name": "Idempotency-Key"},
        ],
        "requestBody": {"content": {"application/json": {}}},
    }  # fmt: skip
    told = set()
    for path in ("/api/v1/organizations/{organization_id}", "/api/v1/auth/x", "/api/v1/access/check"):
        for codes in rules.refusals("post", path, everything, multi=True).values():
            told.update(codes)
    assert told - {
        "body_too_large",
        "organization_pending",
        "organization_suspended",
        "organization_deactivated",
        "csrf_failed",
    } == around - {"csrf_failed"}


def test_codes_have_meanings() -> None:
    kept = rules.kept()
    used = {code for found in kept["operations"].values() for codes in found.values() for code in codes}
    assert used <= set(kept["codes"])
    assert set(rules.ALWAYS) <= set(kept["codes"])
