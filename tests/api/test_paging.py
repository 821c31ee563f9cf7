"""Lists: pages that neither repeat nor skip, whatever is added meanwhile."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from .. import factories
from ..people import Cast, Client, ok, problem, queries


def _walk(client: Client, path: str, limit: int, **query: Any) -> list[dict[str, Any]]:
    rows, cursor = [], None
    while True:
        page = ok(client.get(path, params={"limit": limit, **query, **({"cursor": cursor} if cursor else {})}))
        assert set(page) == {"data", "next_cursor"}
        assert len(page["data"]) <= limit
        rows += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows


def test_every_list_is_the_same_in_small_pages(cast: Cast) -> None:
    with cast.tenant.scope():
        factories.learners(cast.contoso, 5)
        for number in range(4):
            factories.organization(f"Public {number}", public=True)
    for number in range(5):
        ok(cast.owner.post(f"{cast.org}/invitations", json={"email": f"i{number}@x.example", "role": "learner"}), 201)
        cast.tenant.staff(f"s{number}@northwind.example", "csm").close()
    lists = (
        f"{cast.org}/members",
        f"{cast.org}/invitations",
        "/organizations",
        "/users",
        "/staff",
        f"{cast.org}/audit-events",
        "/directory",
    )
    for path in lists:
        whole = ok(cast.admin.get(path, params={"limit": 200}))
        assert whole["next_cursor"] is None
        assert _walk(cast.admin, path, 2) == whole["data"], path
        assert len(whole["data"]) >= 4, path


def test_what_is_added_meanwhile_neither_repeats_nor_hides_a_row(cast: Cast) -> None:
    path = f"{cast.org}/invitations"  # the latest first: a new one stands before the page that was seen
    ids = [ok(cast.owner.post(path, json={"email": f"i{n}@x.example", "role": "learner"}), 201)["id"] for n in range(6)]
    first = ok(cast.owner.get(path, params={"limit": 3}))
    ok(cast.owner.post(path, json={"email": "late@x.example", "role": "learner"}), 201)
    ok(cast.owner.delete(f"{path}/{first['data'][-1]['id']}"))  # the row that the cursor stands on
    second = ok(cast.owner.get(path, params={"limit": 3, "cursor": first["next_cursor"]}))
    assert [row["id"] for row in first["data"] + second["data"]] == ids[::-1]
    members = f"{cast.org}/members"  # the oldest first: a new one comes at the end
    page = ok(cast.owner.get(members, params={"limit": 4}))
    ok(cast.owner.post(members, json={"email": "late@y.example", "role": "learner"}), 201)
    rest = ok(cast.owner.get(members, params={"limit": 200, "cursor": page["next_cursor"]}))["data"]
    assert len(rest) == 4
    assert rest[-1]["email"] == "late@y.example"


def _cursor(values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "wrong", ["x", "", "!!!", "💥", _cursor([]), _cursor(["x"]), _cursor({"a": 1}), _cursor([1]), _cursor(["a", "b"]), "A" * 5000]
)
def test_a_cursor_of_somebody_elses_making_is_refused(wrong: str, cast: Cast) -> None:
    for path in (f"{cast.org}/members", "/users", "/audit-events"):
        answer = cast.admin.get(path, params={"cursor": wrong})
        if wrong:
            problem(answer, 400, "cursor_invalid")
        else:
            ok(answer)


def test_a_limit_out_of_bounds_is_refused(cast: Cast) -> None:
    for wrong in ("0", "-1", "201", "many", "1.5"):
        body = problem(cast.owner.get(f"{cast.org}/members", params={"limit": wrong}), 422, "validation_failed")
        assert body["errors"][0]["pointer"] == "?limit"
    assert len(ok(cast.owner.get(f"{cast.org}/members", params={"limit": 1}))["data"]) == 1


def test_no_list_costs_more_for_more_rows(cast: Cast) -> None:
    with cast.tenant.scope():
        factories.learners(cast.contoso, 12)
        for number in range(8):
            factories.organization(f"More {number}", {"owner": f"o{number}@x.example"})
    for number in range(8):
        ok(cast.owner.post(f"{cast.org}/invitations", json={"email": f"i{number}@x.example", "role": "learner"}), 201)
        cast.tenant.staff(f"s{number}@northwind.example", "csm").close()
    for path in (f"{cast.org}/members", f"{cast.org}/invitations", "/organizations", "/users", "/staff", "/audit-events"):
        few, many = (cast.admin.get(path, params={"limit": limit}) for limit in (1, 8))
        assert len(ok(many)["data"]) == 8
        assert queries(few) == queries(many) <= 10, path
