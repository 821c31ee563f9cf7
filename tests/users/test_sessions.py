"""Sessions: listed, ended, and true to what their person may do at this very moment."""

from __future__ import annotations

from datetime import timedelta

from tenantry.kit.clock import now
from tenantry.people.models import Session
from tenantry.people.sessions import start_session

from ..people import Cast, ok, problem


def test_one_sees_where_one_is_signed_in_and_ends_it(cast: Cast) -> None:
    phone = cast.tenant.sign_in(cast.learner.email)
    shown = ok(cast.learner.get("/me/sessions"))["data"]
    assert len(shown) == 2
    assert [row["current"] for row in shown].count(True) == 1
    assert all(row["device"] and row["last_used_at"] for row in shown)
    other = next(row for row in shown if not row["current"])
    problem(cast.owner.delete(f"/me/sessions/{other['id']}"), 404, "not_found")
    ok(cast.learner.delete(f"/me/sessions/{other['id']}"), 204)
    problem(phone.get("/me"), 401, "unauthenticated")
    ok(cast.learner.get("/me"))
    problem(cast.learner.delete(f"/me/sessions/{other['id']}"), 404, "not_found")


def test_signing_out_ends_this_session_or_all(cast: Cast) -> None:
    one, two, three = (cast.tenant.sign_in(cast.learner.email) for _ in range(3))
    cookie = dict(one.cookies)
    ok(one.post("/auth/sign-out"), 204)
    one.cookies.update(cookie)  # somebody kept it
    problem(one.get("/me"), 401, "unauthenticated")
    ok(two.get("/me"))
    ok(two.post("/auth/sign-out", json={"everywhere": True}), 204)
    problem(three.get("/me"), 401, "unauthenticated")
    problem(cast.learner.get("/me"), 401, "unauthenticated")


def test_all_others_can_be_ended_at_once(cast: Cast) -> None:
    others = [cast.tenant.sign_in(cast.learner.email) for _ in range(2)]
    ok(cast.learner.delete("/me/sessions"), 204)
    for client in others:
        problem(client.get("/me"), 401, "unauthenticated")
    ok(cast.learner.get("/me"))


def test_staff_see_a_users_sessions_but_no_token(cast: Cast) -> None:
    shown = ok(cast.admin.get(f"/users/{cast.learner.id}/sessions"))["data"]
    assert [row["method"] for row in shown] == ["link"]
    assert not any("token" in key for row in shown for key in row)
    problem(cast.owner.get(f"/users/{cast.learner.id}/sessions"), 404, "not_found")


def test_a_session_ends_when_it_rests_too_long_and_after_two_weeks(cast: Cast) -> None:
    cast.tenant.move_clock(days=2, hours=23)
    ok(cast.learner.get("/me"))
    cast.tenant.move_clock(days=5)
    ok(cast.learner.get("/me"))
    problem(cast.owner.get("/me"), 401, "unauthenticated")
    for days in (7, 9, 11, 13):
        cast.tenant.move_clock(days=days)
        ok(cast.learner.get("/me"))
    cast.tenant.move_clock(days=14, hours=1)
    problem(cast.learner.get("/me"), 401, "unauthenticated")
    for days, lasts in ((30, 14), (1, 1)):  # a provider's own session shortens ours, and never lengthens it
        with cast.tenant.scope():
            session, _ = start_session(user=cast.learner.me, method="link", until=now() + timedelta(days=days))
            assert abs(session.expires_at - now() - timedelta(days=lasts)) < timedelta(minutes=1)


def test_a_change_of_role_counts_on_the_very_next_request(cast: Cast) -> None:
    problem(cast.manager.post(f"{cast.org}/invitations", json={"email": "a@x.example", "role": "learner"}), 403, "permission_denied")
    ok(cast.owner.patch(cast.member_at("manager"), json={"role": "maintainer"}))
    ok(cast.manager.post(f"{cast.org}/invitations", json={"email": "a@x.example", "role": "learner"}), 201)
    ok(cast.owner.patch(cast.member_at("manager"), json={"role": "support"}))
    problem(cast.manager.post(f"{cast.org}/invitations", json={"email": "b@x.example", "role": "learner"}), 403, "permission_denied")
    ok(cast.owner.post(f"{cast.member_at('manager')}/suspension", json={}))
    problem(cast.manager.get(cast.org), 404, "not_found")
    ok(cast.owner.delete(f"{cast.member_at('manager')}/suspension"))
    ok(cast.manager.get(cast.org))
    ok(cast.owner.delete(cast.member_at("manager")))
    problem(cast.manager.get(cast.org), 404, "not_found")
    ok(cast.manager.get("/me"))  # never signed out for it


def test_the_session_learns_that_something_changed(cast: Cast) -> None:
    """``generation``: what a page asks in order to say so."""
    before = _generations(cast)
    ok(cast.owner.patch(cast.member_at("manager"), json={"role": "support"}))
    assert _generations(cast) == (before[0] + 1, before[1])
    ok(cast.manager.get("/me"))
    assert _generations(cast) == (before[0] + 1, before[0] + 1)


def _generations(cast: Cast) -> tuple[int, int]:
    with cast.tenant.scope():
        session = Session.objects.select_related("user").get(user=cast.manager.me)
        return session.user.generation, session.generation


def test_a_suspended_user_is_out_at_once_with_sessions_and_keys(cast: Cast) -> None:
    from tenantry.access.keys import create_key
    from tenantry.people.staff import add_staff

    from ..factories import OPERATOR
    from ..people import Client

    with cast.tenant.scope():
        key = create_key(name="Learner's", organization_id=cast.contoso.id, owner=cast.learner.me.id, actor=OPERATOR)[1]
    client = Client(cast.tenant.api, key=key)
    ok(client.get(cast.org))
    problem(cast.admin.post(f"/users/{cast.learner.id}/suspension", json={"reason": "  "}), 422, "reason_missing")
    body = ok(cast.admin.post(f"/users/{cast.learner.id}/suspension", json={"reason": "left the company"}))
    assert (body["status"], body["reason"]) == ("suspended", "left the company")
    problem(cast.learner.get("/me"), 401, "unauthenticated")
    problem(client.get(cast.org), 401, "key_revoked")
    assert "left the company" in cast.tenant.mail_for(cast.learner.email)["text"]
    problem(cast.admin.post(f"/users/{cast.learner.id}/suspension", json={"reason": "again"}), 409, "state_conflict")
    body = ok(cast.admin.delete(f"/users/{cast.learner.id}/suspension"))
    assert (body["status"], body["reason"]) == ("active", "")
    problem(cast.learner.get("/me"), 401, "unauthenticated")  # what ended stays ended
    ok(cast.tenant.sign_in(cast.learner.email).get("/me"))
    with cast.tenant.scope():
        add_staff(email=cast.manager.email, role="csm", actor=OPERATOR)
    problem(cast.admin.post(f"/users/{cast.manager.id}/suspension", json={"reason": "x"}), 409, "staff_first")
    ok(cast.admin.post(f"/users/{cast.owner.id}/suspension", json={"reason": "x", "notify": False}))
    cast.tenant.jobs_done()
    assert cast.tenant.mails_for(cast.owner.email) == []


def test_a_suspended_user_gets_no_link_and_no_membership(cast: Cast) -> None:
    ok(cast.admin.post(f"/users/{cast.outsider.id}/suspension", json={"reason": "x", "notify": False}))
    ok(cast.nobody.post("/auth/link", json={"email": cast.outsider.email}), 202)
    cast.tenant.jobs_done()
    assert cast.tenant.mails_for(cast.outsider.email) == []
    problem(cast.admin.post(f"{cast.org}/members", json={"email": cast.outsider.email, "role": "learner"}), 409, "user_suspended")


def test_users_are_listed_for_staff(cast: Cast) -> None:
    everybody = ok(cast.admin.get("/users", params={"limit": 200}))["data"]
    assert {row["email"] for row in everybody} >= {cast.owner.email, cast.outsider.email}
    assert [row["email"] for row in ok(cast.admin.get("/users", params={"email": cast.owner.email.upper()}))["data"]] == [cast.owner.email]
    found = ok(cast.admin.get("/users", params={"search": "fabrikam"}))["data"]
    assert [row["email"] for row in found] == [cast.outsider.email]
    assert ok(cast.admin.get(f"/users/{cast.owner.id}"))["email"] == cast.owner.email
    problem(cast.admin.get("/users", params={"status": "nonsense"}), 422, "status_unknown")
    belongs = ok(cast.admin.get(f"/users/{cast.owner.id}/memberships"))["data"]
    assert [(row["organization_name"], row["role"], row["status"]) for row in belongs] == [("Contoso", "owner", "active")]
