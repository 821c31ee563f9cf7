"""Rate limits: that they hold, what they say, and that nobody gets around them."""

from __future__ import annotations

import os
import time

import httpx
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
    admitted, began = [], time.time()
    for number in range(600):
        at = number * 0.25
        if counters.ask(Question("test", 100, 60, tenant.id, at)).admitted:
            admitted.append(at + time.time() - began)
    fullest = max(sum(1 for other in admitted if at <= other < at + 59.8) for at in admitted)
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
    def ask(number: int) -> httpx.Response:
        return cast.nobody.post("/auth/link", json={"email": f"somebody{number}@nowhere.example"})

    answers = [ask(number) for number in range(10)]
    assert [answer.headers["ratelimit-remaining"] for answer in answers][-3:] == ["2", "1", "0"]
    body = problem(refused := ask(11), 429, "rate_limited")
    assert (body["rule"], body["limit"], body["period_seconds"]) == ("forgotten_password", 10, 900)
    assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"] == str(body["retry_after"])
    ok(cast.tenant.nobody().get("/directory"))
    cast.tenant.move_clock(seconds=body["retry_after"])
    ok(ask(12), 202)


def test_an_owner_moves_within_the_bounds_that_staff_set(cast: Cast) -> None:
    at = f"{cast.org}/rate-limits"
    found = cast.manager.get(at)
    shown = {row["rule"]: row for row in ok(found)["data"]}
    assert shown.keys() == {"invitation_create", "webhook_writes", "exports", "scim", "requests"}
    default = shown["exports"]["default"]
    assert (shown["exports"]["limit"], shown["exports"]["bound"], shown["exports"]["own"]) == (default, default, None)
    problem(cast.learner.get(at), 403, "permission_denied")
    problem(cast.maintainer.put(at, json={"limits": {}}), 403, "permission_denied")
    problem(cast.outsider.get(at), 404, "not_found")

    lower = ok(cast.owner.put(at, json={"limits": {"exports": 2, "scim": 5}}, headers={"If-Match": found.headers["etag"]}))["data"]
    assert {row["rule"]: row["limit"] for row in lower if row["own"]} == {"exports": 2, "scim": 5}
    problem(cast.owner.put(at, json={"limits": {}}, headers={"If-Match": found.headers["etag"]}), 412, "version_stale")
    above = problem(cast.owner.put(at, json={"limits": {"exports": default + 1}}), 422, "rate_limit_above_bound")
    assert (above["errors"][0]["pointer"], above["bound"]) == ("/limits/exports", default)
    problem(cast.owner.put(at, json={"limits": {}, "bounds": {"exports": 9}}), 403, "field_forbidden")
    for wrong, code in (({"sign_in": 5}, "unknown"), ({"exports": 0}, "invalid"), ({"exports": 2**40}, "invalid")):
        problem(cast.owner.put(at, json={"limits": wrong}), 422, f"rate_limit_{code}")
    problem(cast.owner.put(at, json={"limits": {"exports": "many"}}), 422, "validation_failed")

    def exports(answer: httpx.Response) -> tuple[int, int]:
        row = next(row for row in ok(answer)["data"] if row["rule"] == "exports")
        return row["limit"], row["bound"]

    assert exports(cast.admin.put(at, json={"limits": {"exports": default + 5}})) == (default + 5, default + 5)
    assert exports(cast.owner.put(at, json={"limits": {"exports": 3}})) == (3, default + 5)
    assert exports(cast.owner.put(at, json={"limits": {"exports": default + 5}})) == (default + 5, default + 5), "what was granted once"
    assert exports(cast.admin.put(at, json={"limits": {}, "bounds": {"exports": 2}})) == (2, 2), "a bound below the standard holds"
    problem(cast.owner.put(at, json={"limits": {"exports": 3}}), 422, "rate_limit_above_bound")


def test_an_organization_is_held_to_its_own_numbers(cast: Cast) -> None:
    at, answers = f"{cast.org}/rate-limits", []
    ok(cast.owner.put(at, json={"limits": {"exports": 1, "invitation_create": 2, "requests": 6}}))
    assert cast.owner.get(f"{cast.org}/audit-events/export?format=jsonl").status_code == 200
    refused = cast.billing_admin.get(f"{cast.org}/audit-events/export?format=csv")
    assert 86_000 < problem(refused, 429, "rate_limited")["retry_after"] <= 86_400
    page = cast.owner.get(f"{cast.tenant.url}/o/contoso/audit/export?format=csv")
    assert "The limit is 1 in 24 hours. Try again in 24 hours." in page.text
    problem(cast.owner.get(f"{cast.org}/audit-events/export?format=xml"), 422, "format_unknown")
    ok(cast.owner.get(f"{cast.org}/audit-events"))
    rows = [{"email": f"several{n}@contoso.example"} for n in range(5)]
    ok(cast.owner.post(f"{cast.org}/invitations/bulk", json={"rows": rows}))
    ok(cast.maintainer.post(f"{cast.org}/invitations", json={"email": "one@contoso.example", "role": "learner"}), 201)
    problem(cast.owner.post(f"{cast.org}/invitations", json={"email": "two@contoso.example", "role": "learner"}), 429, "rate_limited")
    page = cast.owner.post(f"{cast.tenant.url}/o/contoso/invitations/new", data={"email": "two@contoso.example", "role": "learner"})
    assert (page.status_code, "The limit is 2 an hour." in page.text) == (429, True), page.text

    first, second = (cast.tenant.organization_key(cast.contoso) for _ in range(2))
    for _ in range(6):
        answers.append(first.get("/me"))
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["5", "4", "3", "2", "1", "0"]
    assert problem(first.get("/me"), 429, "rate_limited")["rule"] == "requests"
    ok(second.get("/me"))
    used = {row["rule"]: (row["used"], row["remaining"]) for row in ok(cast.owner.get(at))["data"]}
    assert (used["exports"], used["invitation_create"], used["requests"], used["scim"][0]) == ((1, 0), (2, 0), (6, 0), 0)
    ok(cast.admin.get(f"{cast.org}/members"))
    cast.tenant.move_clock(hours=24, minutes=1)
    ok(first.get("/me"))
    assert cast.admin.get(f"{cast.org}/audit-events/export?format=csv").status_code == 200


def test_the_page_shows_use_and_changes_numbers(cast: Cast) -> None:
    at, nora = f"{cast.tenant.url}/o/contoso/settings/rate-limits", cast.tenant.staff("nora@northwind.example", "admin")
    page = cast.owner.get(at).text
    assert 'name="limits_exports"' in page and "bounds_exports" not in page
    assert "Only owners can change these" in cast.manager.get(at).text
    assert "bounds_exports" in nora.get(at).text
    saved = cast.owner.post(at, data={"version": "1", "limits_exports": "2"}, follow_redirects=True)
    assert "The rate limits were saved" in saved.text and "set for Contoso" in saved.text
    stale = cast.owner.post(at, data={"version": "1", "limits_exports": "1"})
    assert (stale.status_code, "Somebody changed these limits meanwhile" in stale.text) == (412, True)
    above = cast.owner.post(at, data={"version": "2", "limits_exports": "5000"})
    assert (above.status_code, "less than or equal to 1000" in above.text) == (422, True)
    granted = nora.post(at, data={"version": "2", "limits_exports": "5000", "bounds_exports": "6000"}, follow_redirects=True)
    assert "5,000 in 24 hours, set for Contoso" in granted.text
    assert cast.manager.post(at, data={"version": "3"}).status_code == 403


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
