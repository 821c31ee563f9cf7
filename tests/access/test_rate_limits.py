"""Rate limits: that they hold, what they say, and that nobody gets around them."""

from __future__ import annotations

import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from tenantry.access import counters, rates
from tenantry.access.counters import Question

from ..people import Cast, Tenant, ok, problem, race


def test_the_window_slides_and_never_holds_more(tenant: Tenant) -> None:
    """Ten a minute, wherever the minute begins; who waits as long as they are told gets in."""

    def ask(at: float, cost: int = 1) -> counters.Answer:
        return counters.ask(Question("test", 10, 60, tenant.id, at), cost=cost)

    assert [ask(50).used for _ in range(6)] == [1, 2, 3, 4, 5, 6]
    assert all(ask(100).admitted for _ in range(4))
    refused = ask(100)
    assert (refused.admitted, refused.used) == (False, 10)
    assert 9 < refused.wait <= 10
    assert not ask(109.5).admitted, "the turn of a minute lets nobody in"
    assert ask(109.5, cost=0).used == 10, "looking counts nothing"
    later = ask(100 + refused.wait + 0.5)
    assert (later.admitted, later.used) == (True, 5)
    assert ask(500).used == 1


def test_what_comes_evenly_is_held_within_five_percent(tenant: Tenant) -> None:
    admitted = [at for at in (number * 0.25 for number in range(600)) if counters.ask(Question("test", 100, 60, tenant.id, at)).admitted]
    fullest = max(sum(1 for other in admitted if at <= other < at + 59.9) for at in admitted)
    assert fullest <= 100
    assert len([at for at in admitted if at < 120]) >= 190


def test_racing_requests_are_all_counted(cast: Cast) -> None:
    tenant = cast.tenant
    answers = race(*(lambda: counters.ask(Question("race", 7, 300, tenant.id)).admitted for _ in range(24)))
    assert sum(answers) == 7
    outside = race(*(lambda: counters.ask(Question(f"race:{tenant.slug}", 5, 300)).admitted for _ in range(12)))
    assert sum(outside) == 5


def test_every_answer_to_a_key_says_what_is_left(cast: Cast) -> None:
    first, second = cast.admin.get("/me"), cast.admin.get(f"{cast.org}/members")
    limit = rates._read(os.environ["TENANTRY_RATE_LIMITS"])["requests"].limit
    assert first.headers["ratelimit-limit"] == str(limit)
    assert int(first.headers["ratelimit-remaining"]) - int(second.headers["ratelimit-remaining"]) == 1
    assert 1 <= int(first.headers["ratelimit-reset"]) <= 300
    missing = cast.admin.get("/organizations/org_nonsense")
    assert problem(missing, 404, "not_found") and "ratelimit-limit" in missing.headers, "whatever becomes of it"
    assert "ratelimit-limit" in cast.owner.get("/me").headers, "a person's session"
    assert "ratelimit-limit" not in cast.nobody.get("/directory").headers
    question = {"user": cast.learner.id, "organization": cast.contoso.public_id, "permission": "members:read"}
    for path, body in (("/access/check", question), ("/access/check-batch", {"checks": [question]})):
        answer = cast.admin.post(path, json=body)
        assert answer.status_code == 200, answer.text
        assert "ratelimit-limit" not in answer.headers, "asked for every click"


def test_ten_links_in_a_quarter_of_an_hour(cast: Cast) -> None:
    def ask(number: int) -> object:
        return cast.nobody.post("/auth/link", json={"email": f"somebody{number}@nowhere.example"})

    answers = [ask(number) for number in range(10)]
    assert [answer.headers["ratelimit-remaining"] for answer in answers][-3:] == ["2", "1", "0"]  # type: ignore[attr-defined]  # httpx
    body = problem(refused := ask(11), 429, "rate_limited")  # type: ignore[arg-type]  # httpx
    assert (body["rule"], body["limit"], body["period_seconds"]) == ("forgotten_password", 10, 900)
    assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"] == str(body["retry_after"])  # type: ignore[attr-defined]  # httpx
    ok(cast.tenant.nobody().get("/directory"))
    cast.tenant.move_clock(seconds=body["retry_after"])
    ok(ask(12), 202)  # type: ignore[arg-type]  # httpx


def test_an_installation_has_its_own_numbers() -> None:
    found = rates._read("sign_in=3/90s, exports=2/d,requests=5/10m")
    assert (found["sign_in"].limit, found["sign_in"].seconds, found["sign_in"].phrase) == (
        3,
        90,
        "3 in 90 seconds for each network address",
    )
    assert found["exports"].phrase == "2 in 24 hours for each organization"
    assert found["scim"].phrase == "25 a second for each token"
    for wrong in ("sign_in", "sign_in=0/1m", "sign_in=5/1w", "sing_in=5/1m"):
        with pytest.raises(ImproperlyConfigured, match="TENANTRY_RATE_LIMITS"):
            rates._read(wrong)
