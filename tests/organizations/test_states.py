"""From pending to active, suspended and deactivated, and what each state allows."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tenantry.organizations.states import TRANSITIONS, refusal

from .. import factories
from ..people import Cast, Client, ok, problem, queries, race


def _pending(cast: Cast) -> tuple[str, Client]:
    """An organization that waits for verification, and its owner."""
    with cast.tenant.scope():
        made, _ = factories.organization("Tailspin", {"owner": "owner@tailspin.example"}, active=False)
    return f"/organizations/{made.public_id}", cast.tenant.sign_in("owner@tailspin.example")


def _state(cast: Cast, at: str) -> str:
    state: str = ok(cast.admin.get(at))["state"]
    return state


def test_verification_approves_or_rejects_with_a_reason(cast: Cast) -> None:
    at, owner = _pending(cast)
    problem(owner.post(f"{at}/verification/resubmission"), 409, "state_conflict")
    problem(cast.admin.post(f"{at}/verification", json={"decision": "reject"}), 422, "reason_missing")
    rejected = ok(cast.admin.post(f"{at}/verification", json={"decision": "reject", "reason": "no such company"}))
    assert (rejected["state"], rejected["state_reason"]) == ("pending_verification", "no such company")
    assert ok(owner.get(at))["state_reason"] == "no such company"
    problem(cast.admin.post(f"{at}/verification", json={"decision": "reject", "reason": "again"}), 409, "state_conflict")
    assert ok(owner.post(f"{at}/verification/resubmission"))["state_reason"] == ""
    assert ok(cast.admin.post(f"{at}/verification", json={"decision": "approve"}))["state"] == "active"
    problem(cast.admin.post(f"{at}/verification", json={"decision": "approve"}), 409, "state_conflict")
    problem(cast.admin.post(f"{at}/verification", json={"decision": "maybe"}), 422, "validation_failed")


def test_a_pending_one_configures_and_invites_but_touches_no_money(cast: Cast) -> None:
    at, owner = _pending(cast)
    ok(owner.patch(at, json={"name": "Tailspin Toys", "billing_email": "ap@tailspin.example"}))
    ok(owner.post(f"{at}/invitations", json={"email": "a@tailspin.example", "role": "learner"}), 201)
    ok(owner.patch(at, json={"funding_mode": "wallet"}))  # chosen ahead
    problem(owner.patch(at, json={"funding_mode": "invoice"}), 409, "organization_pending")
    answer = ok(cast.admin.post("/access/check", json=_question(owner, at, "billing:write")))
    assert (answer["allowed"], answer["reason"]) == (False, "organization_pending")


def _question(client: Client, at: str, permission: str) -> dict[str, str]:
    return {"user": client.id, "organization": at.rpartition("/")[2], "permission": permission}


def test_a_suspended_one_reads_but_does_not_write(cast: Cast) -> None:
    problem(cast.admin.post(f"{cast.org}/suspension", json={"reason": ""}), 422, "reason_missing")
    assert ok(cast.admin.post(f"{cast.org}/suspension", json={"reason": "unpaid"}))["state"] == "suspended"
    for path in ("", "/members", "/invitations", "/entitlements", "/audit-events", "/usage/quota:project"):
        ok(cast.owner.get(cast.org + path))
    writes: list[tuple[str, str, Any]] = [
        ("PATCH", "", {"name": "X"}),
        ("DELETE", "", None),
        ("POST", "/members", {"email": "a@b.example", "role": "learner"}),
        ("POST", "/invitations", {"email": "a@b.example", "role": "learner"}),
        ("POST", "/usage/quota:project", {"resource_id": "1"}),
        ("PUT", "/usage/quota:project", {"resource_ids": ["1"]}),
        ("POST", f"/members/{cast.member('learner').public_id}/suspension", {}),
        ("PATCH", f"/members/{cast.member('learner').public_id}", {"role": "manager"}),
        ("DELETE", f"/members/{cast.member('learner').public_id}", None),
    ]
    for method, path, body in writes:
        refused = problem(cast.owner.request(method, cast.org + path, json=body), 403, "organization_suspended")
        assert refused["state"] == "suspended", (method, path)
    ok(cast.admin.put(f"{cast.org}/entitlements/quota:project", json={"limit": 1}))  # staff mend what led to it
    assert [m["organization"] for m in ok(cast.owner.get("/me"))["memberships"]] == [cast.contoso.public_id]
    assert ok(cast.admin.delete(f"{cast.org}/suspension"))["state"] == "active"
    ok(cast.owner.patch(cast.org, json={"name": "X"}))


def test_nobody_joins_one_that_is_suspended(cast: Cast) -> None:
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "late@contoso.example", "role": "learner"}), 201)
    token = cast.tenant.invitation_token("late@contoso.example")
    ok(cast.admin.post(f"{cast.org}/suspension", json={"reason": "unpaid"}))
    problem(cast.tenant.sign_in("late@contoso.example").post("/invitations/accept", json={"token": token}), 403, "organization_suspended")
    problem(cast.learner.delete(cast.member_at("learner")), 403, "organization_suspended")


def test_a_deactivated_one_is_there_for_staff_only(cast: Cast) -> None:
    ok(cast.admin.post(f"{cast.org}/deactivation", json={"reason": "closed"}))
    for role in cast.ROLES:
        problem(cast[role].get(cast.org), 404, "not_found")
        assert ok(cast[role].get("/me"))["memberships"] == []
        assert ok(cast[role].get("/organizations"))["data"] == []
    problem(cast.tenant.organization_key(cast.contoso).get(cast.org), 404, "not_found")
    assert ok(cast.admin.get(cast.org))["state"] == "deactivated"
    ok(cast.admin.get(f"{cast.org}/members"))
    problem(cast.admin.patch(cast.org, json={"name": "X"}), 403, "organization_deactivated")
    problem(cast.admin.post(f"{cast.org}/deactivation", json={"reason": "x"}), 409, "state_conflict")
    problem(cast.admin.post(f"{cast.org}/suspension", json={"reason": "x"}), 409, "state_conflict")
    assert (
        ok(cast.admin.post("/access/check", json=_question(cast.owner, cast.org, "members:read")))["reason"] == "organization_deactivated"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("suspension", {"reason": "a"}), ("suspension", {"reason": "b"})),
        (("suspension", {"reason": "a"}), ("deactivation", {"reason": "b"})),
        (("deactivation", {"reason": "a"}), ("deactivation", {"reason": "b"})),
    ],
)
def test_of_two_transitions_at_once_one_wins(one: tuple[str, dict[str, str]], other: tuple[str, dict[str, str]], cast: Cast) -> None:
    for turn in range(3):
        with cast.tenant.scope():
            made, _ = factories.organization(f"Racing {turn}")
        at = f"/organizations/{made.public_id}"
        answers = race(*(partial(cast.admin.post, f"{at}/{path}", json=body) for path, body in (one, other)))
        loser = max(answers, key=lambda answer: answer.status_code)
        if sorted(answer.status_code for answer in answers) == [200, 200]:
            # The second came when the first was over, and from there it was allowed.
            assert (one[0], other[0]) == ("suspension", "deactivation")
        else:
            problem(loser, 409, "state_conflict")
        events = [row["action"] for row in ok(cast.admin.get(f"{at}/audit-events"))["data"]]
        assert sum(name in ("organization.suspended", "organization.deactivated") for name in events) == sum(
            answer.status_code == 200 for answer in answers
        )


def test_approve_and_reject_at_once_leave_one_decision(cast: Cast) -> None:
    for turn in range(3):
        with cast.tenant.scope():
            made, _ = factories.organization(f"Deciding {turn}", active=False)
        at = f"/organizations/{made.public_id}"
        decisions = [{"decision": "approve"}, {"decision": "reject", "reason": "no"}]
        answers = [answer.status_code for answer in race(*(partial(cast.admin.post, f"{at}/verification", json=d) for d in decisions))]
        assert 200 in answers
        if answers == [200, 200]:  # rejected first, approved after: that is allowed
            assert _state(cast, at) == "active"
        else:
            assert sorted(answers) == [200, 409]


def test_a_deleted_one_is_gone_until_staff_bring_it_back(cast: Cast) -> None:
    for role in ("maintainer", "billing_admin", "manager", "learner"):
        problem(cast[role].delete(cast.org), 403, "permission_denied")
    problem(cast.admin.post(f"{cast.org}/restoration"), 404, "not_found")
    ok(cast.owner.delete(cast.org), 204)
    for client in (cast.owner, cast.learner, cast.admin):
        problem(client.get(cast.org), 404, "not_found")
    assert ok(cast.owner.get("/me"))["memberships"] == []
    assert ok(cast.admin.post("/access/check", json=_question(cast.owner, cast.org, "members:read")))["reason"] == "organization_unknown"
    problem(cast.owner.post(f"{cast.org}/restoration"), 404, "not_found")
    problem(cast.tenant.key("csm").post(f"{cast.org}/restoration"), 403, "permission_denied")
    cast.tenant.move_clock(days=29, hours=23)
    assert ok(cast.admin.post(f"{cast.org}/restoration"))["state"] == "active"
    assert ok(cast.tenant.sign_in(cast.owner.email).get(cast.org))["name"] == "Contoso"


def test_after_thirty_days_it_stays_gone(cast: Cast) -> None:
    ok(cast.owner.delete(cast.org), 204)
    cast.tenant.move_clock(days=30, minutes=1)
    problem(cast.admin.post(f"{cast.org}/restoration"), 410, "undo_expired")


def test_an_invitation_to_a_deleted_one_leads_nowhere(cast: Cast) -> None:
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "late@contoso.example", "role": "learner"}), 201)
    token = cast.tenant.invitation_token("late@contoso.example")
    ok(cast.owner.delete(cast.org), 204)
    problem(cast.nobody.get("/invitations/verify", params={"token": token}), 404, "invitation_unknown")
    problem(cast.nobody.post("/invitations/accept", json={"token": token}), 404, "invitation_unknown")


def test_transitions_by_members_are_hidden_from_them(cast: Cast) -> None:
    for path, body in (("suspension", {"reason": "x"}), ("deactivation", {"reason": "x"}), ("verification", {"decision": "approve"})):
        problem(cast.owner.post(f"{cast.org}/{path}", json=body), 404, "not_found")
    problem(cast.owner.delete(f"{cast.org}/suspension"), 404, "not_found")
    for role, path in (("finance", "suspension"), ("csm", "deactivation")):
        problem(cast.tenant.key(role).post(f"{cast.org}/{path}", json={"reason": "x"}), 403, "permission_denied")


def test_the_table_of_states_is_whole() -> None:
    """Every state is reached, none allows more than active, and deactivated allows members nothing at all."""
    from tenantry.access.permissions import registered

    states = {"pending_verification", "active", "suspended", "deactivated"}
    assert {after for _, after in TRANSITIONS.values()} <= states
    for name in registered():
        assert refusal("active", name) is None
        assert refusal("deactivated", name) == "organization_deactivated"
        writes = name.endswith((":write", ":delete", ":resubmit")) or ":write_" in name or ":grant_" in name
        assert (refusal("suspended", name) is not None) or not writes, name


def test_the_directory_shows_who_chose_to_be_seen(cast: Cast) -> None:
    assert ok(cast.nobody.get("/directory"))["data"] == []
    ok(cast.owner.patch(cast.org, json={"public": True, "description": "Makes things", "industry": "Robots"}))
    listed = ok(cast.nobody.get("/directory"))["data"]
    assert [set(row) for row in listed] == [{"name", "slug", "industry", "country", "website", "description", "has_logo", "has_banner"}]
    assert listed[0]["name"] == "Contoso"
    assert ok(cast.nobody.get("/directory", params={"search": "robot"}))["data"] == listed
    assert ok(cast.nobody.get("/directory", params={"search": "nothing"}))["data"] == []
    assert ok(cast.other_tenant.nobody().get("/directory"))["data"] == []
    ok(cast.admin.post(f"{cast.org}/suspension", json={"reason": "x"}))
    assert ok(cast.nobody.get("/directory"))["data"] == []


def test_the_directory_costs_the_same_for_one_and_for_many(cast: Cast) -> None:
    with cast.tenant.scope():
        for number in range(12):
            factories.organization(f"Public {number}", public=True)
    one, many = cast.nobody.get("/directory", params={"limit": 1}), cast.nobody.get("/directory", params={"limit": 12})
    assert len(ok(many)["data"]) == 12
    assert queries(one) == queries(many)
