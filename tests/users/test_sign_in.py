"""Signing in by link and by password, and everything that must not be learnt or guessed by trying."""

from __future__ import annotations

import re
import statistics
import time
from functools import partial

import pytest

from tenantry.people.links import make_link
from tenantry.people.models import User
from tenantry.people.passwords import set_password

from ..factories import OPERATOR
from ..people import Cast, Client, Tenant, ok, problem, race

PASSWORD = "seven green herons"


def _ask(client: Client, email: str) -> None:
    ok(client.post("/auth/link", json={"email": email}), 202)


def _token(tenant: Tenant, email: str, *, count: int = 1) -> str:
    found = re.search(r"/sign-in/link/([A-Za-z0-9_-]{43})", tenant.mail_for(email, count=count)["text"])
    assert found
    return found[1]


def _with_password(cast: Cast) -> None:
    with cast.tenant.scope():
        set_password(user=User.objects.get(id=cast.learner.me.id), password=PASSWORD, keep_session=None, actor=OPERATOR)


def test_a_link_signs_in_once(cast: Cast) -> None:
    _ask(cast.nobody, "  Learner@Contoso.Example ")
    token = _token(cast.tenant, cast.learner.email)
    browser = cast.tenant.nobody()
    body = ok(browser.post("/auth/link/redeem", json={"token": token}))
    assert body["email"] == cast.learner.email
    assert ok(browser.get("/me"))["user"]["id"] == cast.learner.id
    problem(cast.tenant.nobody().post("/auth/link/redeem", json={"token": token}), 410, "link_expired")


def test_looking_at_the_link_does_not_use_it_up(cast: Cast) -> None:
    """Mail scanners open every address in a mail."""
    _ask(cast.nobody, cast.learner.email)
    token = _token(cast.tenant, cast.learner.email)
    for _ in range(3):
        page = cast.nobody.get(f"{cast.tenant.url}/sign-in/link/{token}")
        assert page.status_code == 200
        assert "tenantry_session" not in page.cookies
    ok(cast.tenant.nobody().post("/auth/link/redeem", json={"token": token}))


def test_of_many_clicks_at_once_one_signs_in(cast: Cast) -> None:
    clients = [cast.tenant.nobody() for _ in range(8)]
    for client in clients:
        client.get("/directory")  # connected before the race begins
    for _ in range(6):
        with cast.tenant.scope():
            token = make_link(user=User.objects.get(id=cast.learner.me.id)).rpartition("/")[2]
        answers = race(*(partial(c.post, "/auth/link/redeem", json={"token": token}) for c in clients))
        assert sorted(answer.status_code for answer in answers) == [200] + [410] * 7


def test_a_link_runs_out_after_fifteen_minutes(cast: Cast) -> None:
    _ask(cast.nobody, cast.learner.email)
    token = _token(cast.tenant, cast.learner.email)
    cast.tenant.move_clock(minutes=14, seconds=50)
    assert cast.nobody.get(f"{cast.tenant.url}/sign-in/link/{token}").status_code == 200
    cast.tenant.move_clock(minutes=15, seconds=5)
    assert cast.nobody.get(f"{cast.tenant.url}/sign-in/link/{token}").status_code == 410
    problem(cast.nobody.post("/auth/link/redeem", json={"token": token}), 410, "link_expired")


def test_known_and_unknown_addresses_get_the_same_answer(cast: Cast) -> None:
    known = cast.nobody.post("/auth/link", json={"email": cast.learner.email})
    unknown = cast.nobody.post("/auth/link", json={"email": "nobody@nowhere.example"})
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    cast.tenant.jobs_done()
    assert cast.tenant.mails_for("nobody@nowhere.example") == []
    assert len(cast.tenant.mails_for(cast.learner.email)) == 1
    wrong = {"email": cast.owner.email, "password": "x" * 12}
    missing = {"email": "nobody@nowhere.example", "password": "x" * 12}
    one, other = cast.nobody.post("/auth/password", json=wrong), cast.nobody.post("/auth/password", json=missing)
    assert problem(one, 401, "sign_in_failed") == problem(other, 401, "sign_in_failed")


def test_a_password_takes_the_same_time_for_known_and_unknown_addresses(cast: Cast) -> None:
    """Argon2 costs tens of milliseconds: leaving it out for the unknown would show at once."""
    _with_password(cast)
    times: dict[str, list[float]] = {cast.learner.email: [], "nobody@nowhere.example": []}
    for turn in range(5):
        cast.tenant.move_clock(minutes=turn * 2)  # out of reach of the rate limit
        for email, found in times.items():
            started = time.perf_counter()
            problem(cast.nobody.post("/auth/password", json={"email": email, "password": "x" * 12}), 401, "sign_in_failed")
            found.append(time.perf_counter() - started)
    known, unknown = (statistics.median(found) for found in times.values())
    assert known < unknown * 2.5
    assert unknown < known * 2.5


def test_a_password_signs_in_and_its_failures_are_recorded(cast: Cast) -> None:
    _with_password(cast)
    problem(cast.nobody.post("/auth/password", json={"email": cast.learner.email, "password": "wrong"}), 401, "sign_in_failed")
    browser = cast.tenant.nobody()
    ok(browser.post("/auth/password", json={"email": cast.learner.email.upper(), "password": PASSWORD}))
    assert ok(browser.get("/me"))["user"]["email"] == cast.learner.email
    events = ok(cast.admin.get("/audit-events", params={"category": "access", "limit": 10}))["data"]
    assert [event["action"] for event in events[:2]] == ["user.signed_in", "user.sign_in_failed"]
    assert PASSWORD not in str(events)
    with cast.tenant.scope():
        assert User.objects.get(id=cast.learner.me.id).password.startswith("argon2$argon2id$")


@pytest.mark.parametrize("weak", ["short", "password123", "qwertyuiop", "learner2024xx", "1234567890"])
def test_weak_passwords_are_refused(weak: str, cast: Cast) -> None:
    problem(cast.learner.put("/me/password", json={"password": weak}), 422, "password_weak")
    assert not ok(cast.learner.get("/me/profile"))["has_password"]


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(cast: Cast) -> None:
    elsewhere = cast.tenant.sign_in(cast.learner.email)
    ok(cast.learner.put("/me/password", json={"password": PASSWORD}), 204)
    problem(elsewhere.get("/me"), 401, "unauthenticated")
    ok(cast.learner.get("/me"))
    problem(cast.learner.put("/me/password", json={"password": "other green herons", "current": "no"}), 422, "password_wrong")
    ok(cast.learner.put("/me/password", json={"password": "other green herons", "current": PASSWORD}), 204)
    problem(cast.learner.request("DELETE", "/me/password", json={"current": PASSWORD}), 422, "password_wrong")
    ok(cast.learner.request("DELETE", "/me/password", json={"current": "other green herons"}), 204)
    problem(cast.nobody.post("/auth/password", json={"email": cast.learner.email, "password": PASSWORD}), 401, "sign_in_failed")
    # The first password is a new way in: not for whoever finds an unlocked screen.
    cast.tenant.move_clock(minutes=20)
    problem(cast.learner.put("/me/password", json={"password": PASSWORD}), 403, "reauthentication_required")
    assert "/prove" in cast.learner.post(f"{cast.tenant.url}/account/password", data={"password": PASSWORD}).headers["location"]
    assert not ok(cast.learner.get("/me/profile"))["has_password"]


def test_the_sixth_attempt_in_a_minute_waits(cast: Cast) -> None:
    for path, body in (
        ("/auth/password", {"email": cast.owner.email, "password": "wrong password"}),
        ("/auth/link", {"email": "unknown@nowhere.example"}),
    ):
        tenant = Tenant.make(f"{cast.tenant.slug[:12]}-{path[-4:]}")
        client = tenant.nobody()
        for _ in range(5):
            assert client.post(path, json=body).status_code in (401, 202)
        refused = client.post(path, json=body)
        assert problem(refused, 429, "rate_limited")["retry_after"] == int(refused.headers["retry-after"])
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["ratelimit-remaining"] == "0"
        assert client.post(path, json={**body, "email": "another@nowhere.example"}).status_code in (401, 202)  # it is the address's own
        tenant.move_clock(seconds=int(refused.headers["retry-after"]))
        assert client.post(path, json=body).status_code in (401, 202)


def test_racing_attempts_are_all_counted(tenant: Tenant) -> None:
    clients = [tenant.nobody() for _ in range(16)]
    answers = race(*(lambda c=c: c.post("/auth/link", json={"email": "a@nowhere.example"}).status_code for c in clients))
    assert sorted(answers) == [202] * 5 + [429] * 11


@pytest.mark.parametrize(
    "where", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "evil", "/" + "x" * 500]
)
def test_a_link_leads_to_pages_of_ours_only(where: str, cast: Cast) -> None:
    ok(cast.nobody.post("/auth/link", json={"email": cast.learner.email, "next": where}), 202) if len(where) <= 400 else None
    if len(where) > 400:
        problem(cast.nobody.post("/auth/link", json={"email": cast.learner.email, "next": where}), 422, "validation_failed")
        return
    token = _token(cast.tenant, cast.learner.email)
    assert ok(cast.tenant.nobody().post("/auth/link/redeem", json={"token": token}))["next"] == ""


def test_a_link_leads_back_to_where_one_was(cast: Cast) -> None:
    ok(cast.nobody.post("/auth/link", json={"email": cast.learner.email, "next": "/account?tab=1"}), 202)
    token = _token(cast.tenant, cast.learner.email)
    assert ok(cast.tenant.nobody().post("/auth/link/redeem", json={"token": token}))["next"] == "/account?tab=1"


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_workspaces(cast: Cast) -> None:
    _ask(cast.nobody, cast.learner.email)
    answer = cast.tenant.nobody().post("/auth/link/redeem", json={"token": _token(cast.tenant, cast.learner.email)})
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("tenantry_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert f"Path=/t/{cast.tenant.slug}/" in cookie


def test_a_session_needs_its_token_against_forgery(cast: Cast) -> None:
    for client in (cast.owner,):
        plain = Client(cast.tenant.api)
        plain.headers.pop("X-CSRFToken")
        plain.cookies = client.cookies
        problem(plain.post("/organizations", json={"name": "X", "country": "IN", "default_currency": "INR"}), 403, "csrf_failed")
        problem(plain.post("/auth/sign-out", json={}), 403, "csrf_failed")
        ok(plain.get("/me"))
