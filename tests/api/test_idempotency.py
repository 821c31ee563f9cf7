"""The same key and body once more is the first answer; another body is a mistake."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..people import Cast, Client, ok, problem, race


def _post(client: Client, path: str, body: Any, key: str) -> Any:
    return client.post(path, json=body, headers={"Idempotency-Key": key})


def test_a_repeated_request_happens_once(cast: Cast) -> None:
    body = {"name": "Once", "country": "IN", "default_currency": "INR"}
    first, again = (_post(cast.owner, "/organizations", body, "k1") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.headers["etag"] == again.headers["etag"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert [row["name"] for row in ok(cast.owner.get("/organizations"))["data"]].count("Once") == 1
    problem(_post(cast.owner, "/organizations", {**body, "name": "Other"}, "k1"), 409, "idempotency_key_reused")
    problem(_post(cast.owner, f"{cast.org}/usage/quota:project", {"resource_id": "1"}, "k1"), 409, "idempotency_key_reused")


def test_a_refused_request_may_be_tried_again(cast: Cast) -> None:
    ok(cast.admin.put(f"{cast.org}/entitlements/quota:project", json={"limit": 0}))
    at, body = f"{cast.org}/usage/quota:project", {"resource_id": "1"}
    problem(_post(cast.owner, at, body, "k"), 402, "entitlement_limit_reached")
    ok(cast.admin.put(f"{cast.org}/entitlements/quota:project", json={"limit": 1}))
    ok(_post(cast.owner, at, body, "k"), 201)
    assert _post(cast.owner, at, body, "k").headers["idempotent-replayed"] == "true"


def test_keys_are_each_callers_own(cast: Cast) -> None:
    body = {"name": "Mine", "country": "IN", "default_currency": "INR"}
    ids = {ok(_post(client, "/organizations", body, "same"), 201)["id"] for client in (cast.owner, cast.outsider, cast.admin)}
    assert len(ids) == 3


def test_many_at_once_with_one_key_happen_once(cast: Cast) -> None:
    body = {"name": "Raced", "country": "IN", "default_currency": "INR"}
    answers = race(*(partial(_post, cast.owner, "/organizations", body, "race") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 7


def test_a_key_is_forgotten_after_a_day(cast: Cast) -> None:
    body = {"name": "Daily", "country": "IN", "default_currency": "INR"}
    first = ok(_post(cast.admin, "/organizations", body, "day"), 201)
    cast.tenant.move_clock(hours=23)
    assert ok(_post(cast.admin, "/organizations", body, "day"), 201)["id"] == first["id"]
    cast.tenant.move_clock(hours=25)
    assert ok(_post(cast.admin, "/organizations", body, "day"), 201)["id"] != first["id"]


def test_what_is_no_key_is_said(cast: Cast) -> None:
    body = {"resource_id": "1"}
    for key in ("", "x" * 256, "a\tb"):
        problem(_post(cast.owner, f"{cast.org}/usage/quota:project", body, key), 400, "idempotency_key_invalid")
    ok(_post(cast.owner, f"{cast.org}/usage/quota:project", body, "x" * 255), 201)


def test_answers_without_a_body_replay_as_well(cast: Cast) -> None:
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "g@x.example", "role": "learner"}), 201)
    token = cast.tenant.invitation_token("g@x.example")
    guest = cast.tenant.sign_in("g@x.example")
    first, again = (_post(guest, "/invitations/decline", {"token": token}, "no") for _ in range(2))
    assert (first.status_code, again.status_code, again.content) == (204, 204, b"")
