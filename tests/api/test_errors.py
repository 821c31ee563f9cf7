"""Errors: one shape for all, and none that is ours."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import httpx
import pytest

from ..isolation.document import OPEN, operations, request
from ..people import Cast, ok, problem


def test_every_kind_of_refusal_has_the_one_shape(cast: Cast) -> None:
    owner, org = cast.owner, cast.org
    problem(cast.nobody.get("/me"), 401, "unauthenticated")
    assert cast.nobody.get("/me").headers["www-authenticate"] == "Bearer"
    problem(owner.get("/nowhere"), 404, "not_found")
    problem(owner.get("/organizations/org_01h455vb4pex5vsknk084sn02q"), 404, "not_found")
    problem(owner.put("/me"), 405, "method_not_allowed")
    problem(owner.post("/organizations", json={}), 422, "validation_failed")
    problem(owner.post("/organizations", content=b"{", headers={"content-type": "application/json"}), 400, "json_invalid")
    problem(cast.learner.get(f"{org}/invitations"), 403, "permission_denied")
    problem(owner.get(org, headers={"Authorization": "Bearer x"}), 401, "key_invalid")


def test_pointers_name_each_wrong_member(cast: Cast) -> None:
    body = problem(cast.owner.post(f"{cast.org}/members", json={"email": 5, "extra": 1}), 422, "validation_failed")
    assert {entry["pointer"] for entry in body["errors"]} == {"/email", "/role", "/extra"}
    assert all(entry["detail"] for entry in body["errors"])


def test_the_request_id_comes_back(cast: Cast) -> None:
    assert cast.owner.get("/me", headers={"X-Request-Id": "mine-12345"}).headers["x-request-id"] == "mine-12345"
    made = cast.owner.get("/me", headers={"X-Request-Id": 'bad id"<script>'}).headers["x-request-id"]
    assert made.isalnum()
    assert cast.admin.post("/access/check", json={}).headers["x-request-id"]


def test_answers_are_guarded_by_headers(cast: Cast) -> None:
    for answer in (cast.owner.get("/me"), cast.nobody.get("/me"), cast.nobody.get(cast.tenant.url + "/sign-in")):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe-inline" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


NASTY = [
    "a\0b",
    "\ud7ff",
    "x" * 100_000,
    "'; drop table people_user; --",
    "../../etc/passwd",
    "%s%n{0}",
    "💥" * 50,
    "\u202etxt",
    " ",
    "-1",
    "1e309",
]


def _with(body: Any, nasty: Any) -> Any:
    """The body with every text in it replaced."""
    if isinstance(body, dict):
        return {key: _with(value, nasty) for key, value in body.items()}
    if isinstance(body, list):
        return [_with(value, nasty) for value in body]
    return nasty if isinstance(body, str) else body


@pytest.mark.parametrize("nasty", NASTY, ids=lambda text: ascii(text[:20]))
def test_no_text_in_a_body_or_a_query_breaks_anything(nasty: str, cast: Cast) -> None:
    """Each member by itself, so that one that is refused does not hide the next."""
    document = ok(cast.nobody.get("/openapi.json"))
    ids = defaultdict(lambda: "x_01h455vb4pex5vsknk084sn02q")
    ids |= {"org": cast.contoso.public_id, "mem": cast.member("learner").public_id, "usr": cast.learner.id}
    broken = []

    def tried(answer: httpx.Response, what: str) -> None:
        if answer.status_code >= 500:
            broken.append(f"{what} → {answer.status_code}")

    for operation in operations(document, prefix=f"/t/{cast.tenant.slug}/api/v1"):
        if operation.method == "DELETE" or operation.path.endswith(("deactivation", "sign-out")):
            continue
        client = cast.owner if operation.permission in OPEN else cast.admin
        path, query, body = request(operation, ids)
        for name in [p["name"] for p in operation.parameters if p["in"] == "query"]:
            tried(client.request(operation.method, path, params={**query, name: nasty[:2000]}, json=body), f"{operation}?{name}")
        one = body[0] if isinstance(body, list) else body
        for name in one or {}:
            changed = {**one, name: _with(one[name], nasty) if isinstance(one[name], dict | list) else nasty}
            sent = [changed] if isinstance(body, list) else changed
            tried(client.request(operation.method, path, params=query, json=sent), f"{operation} {name}")
    assert broken == []


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"1", b"", b"{}", b'{"a":' * 2000, b"\xff", b'{"name": "\\ud800"}'])
def test_no_body_breaks_anything(body: bytes, cast: Cast) -> None:
    broken = []
    of_contoso = [cast.org + path for path in ("/members", "/invitations/bulk", "/usage/quota:p")]
    for path in ("/organizations", "/auth/link", "/staff", "/invitations/accept", "/access/check", "/access/check-batch", *of_contoso):
        answer = cast.admin.post(path, content=body, headers={"content-type": "application/json"})
        if answer.status_code >= 500 or answer.headers["content-type"] != "application/problem+json":
            broken.append((path, answer.status_code, answer.text[:200]))
    assert broken == []
