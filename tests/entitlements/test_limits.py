"""Limits: set, forced, ended, and one shape of refusal from every path."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tenantry.kit.clock import now

from .. import factories
from ..people import Cast, ok, problem

PROJECT = "quota:project"


def _limit(cast: Cast, name: str, limit: int, **more: Any) -> Any:
    return cast.admin.put(f"{cast.org}/entitlements/{name}", json={"limit": limit, **more})


def _standing(cast: Cast, name: str) -> dict[str, Any]:
    rows = ok(cast.admin.get(f"{cast.org}/entitlements"))["data"]
    found: dict[str, Any] = next(row for row in rows if row["resource_type"] == name)
    return found


def test_without_a_row_everything_is_unlimited(cast: Cast) -> None:
    rows = ok(cast.owner.get(f"{cast.org}/entitlements"))["data"]
    assert [(row["resource_type"], row["current"], row["limit"], row["source"]) for row in rows] == [
        ("seat:admin", 3, None, None), ("seat:member", 4, None, None), ("seat:total", 7, None, None),
    ]  # fmt: skip
    for role, status in (
        ("billing_admin", 200),
        ("manager", 200),
        ("maintainer", 200),
        ("learner", 403),
        ("expert", 403),
        ("support", 403),
    ):
        assert cast[role].get(f"{cast.org}/entitlements").status_code == status


def test_zero_means_none(cast: Cast) -> None:
    ok(_limit(cast, PROJECT, 0))
    body = problem(cast.owner.post(f"{cast.org}/usage/{PROJECT}", json={"resource_id": "p"}), 402, "entitlement_limit_reached")
    assert (body["resource_type"], body["current"], body["limit"]) == (PROJECT, 0, 0)


def test_staff_set_limits_and_members_do_not(cast: Cast) -> None:
    assert ok(_limit(cast, PROJECT, 3, reason="contract 7")) == {"resource_type": PROJECT, "current": 0, "limit": 3, "source": "override"}
    event = ok(cast.admin.get(f"{cast.org}/audit-events", params={"action": "entitlement.limit_set"}))["data"][0]
    assert (event["changes"]["limit"], event["reason"]) == ({"before": None, "after": 3}, "contract 7")
    for role in cast.ROLES:
        problem(cast[role].put(f"{cast.org}/entitlements/{PROJECT}", json={"limit": 9}), 403, "permission_denied")
        problem(cast[role].delete(f"{cast.org}/entitlements/{PROJECT}"), 403, "permission_denied")
    problem(
        cast.tenant.organization_key(cast.contoso).put(f"{cast.org}/entitlements/{PROJECT}", json={"limit": 9}), 403, "permission_denied"
    )


def test_what_is_no_limit_is_refused(cast: Cast) -> None:
    for name in ("project", "Quota:project", "quota:Project", "quota:1x", ":", "quota:", "a" * 30 + ":" + "b" * 40):
        problem(_limit(cast, name, 1), 422, "resource_type_invalid")
    for limit in (-1, 2_000_000_001, 10**30):
        problem(_limit(cast, PROJECT, limit), 422, "limit_invalid")
    problem(_limit(cast, PROJECT, 1, ends_at=(now() - timedelta(days=1)).isoformat()), 422, "ends_at_past")
    problem(_limit(cast, PROJECT, 1, ends_at="2099-01-01T00:00:00"), 422, "validation_failed")  # in which zone?
    for wrong in (1.5, "many", None):
        problem(cast.admin.put(f"{cast.org}/entitlements/{PROJECT}", json={"limit": wrong}), 422, "validation_failed")


def test_a_plan_fills_and_an_override_rules_until_it_ends(cast: Cast) -> None:
    with cast.tenant.scope():
        made, _ = factories.organization("Planned", {"owner": "o@planned.example"}, plan="team")
    at = f"/organizations/{made.public_id}/entitlements/{PROJECT}"
    ends = (now() + timedelta(days=30)).isoformat()
    assert ok(cast.admin.put(at, json={"limit": 50, "ends_at": ends}))["source"] == "override"

    def ruling() -> tuple[int, str]:
        rows = ok(cast.admin.get(f"/organizations/{made.public_id}/entitlements"))["data"]
        return next((row["limit"], row["source"]) for row in rows if row["resource_type"] == PROJECT)

    assert ruling() == (50, "override")
    cast.tenant.move_clock(days=31)
    assert ruling() == (10, "plan")
    ok(cast.admin.put(at, json={"limit": 5}))
    assert ruling() == (5, "override")
    assert ok(cast.admin.delete(at)) == {"resource_type": PROJECT, "current": 0, "limit": 10, "source": "plan"}
    problem(cast.admin.delete(at), 404, "not_found")


def test_a_limit_below_what_is_held_needs_force_and_then_blocks_growth(cast: Cast) -> None:
    body = problem(_limit(cast, "seat:member", 2), 409, "limit_below_usage")
    assert (body["resource_type"], body["current"], body["limit"]) == ("seat:member", 4, 2)
    assert ok(_limit(cast, "seat:member", 2, force=True))["limit"] == 2
    invite = {"email": "new@x.example", "role": "learner"}
    problem(cast.owner.post(f"{cast.org}/invitations", json=invite), 402, "entitlement_limit_reached")
    for role in ("learner", "expert", "support"):  # shrinking is always allowed
        ok(cast.owner.delete(cast.member_at(role)))
    ok(cast.owner.post(f"{cast.org}/invitations", json=invite), 201)
    assert _standing(cast, "seat:member")["current"] == 2


def test_the_refusal_is_the_same_from_every_path(cast: Cast) -> None:
    """Invite, bulk, add, accept, reactivate, promote: the same members with the same meaning."""
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "waits@x.example", "role": "learner"}), 201)
    token = cast.tenant.invitation_token("waits@x.example")
    ok(cast.owner.post(f"{cast.member_at('expert')}/suspension", json={}))
    ok(_limit(cast, "seat:member", 3, force=True))  # 4 are held: manager, learner, support and the invitation
    ok(_limit(cast, "seat:admin", 3))
    bodies = [
        problem(answer, 402, "entitlement_limit_reached")
        for answer in (
            cast.owner.post(f"{cast.org}/invitations", json={"email": "a@x.example", "role": "learner"}),
            cast.owner.post(f"{cast.org}/members", json={"email": "a@x.example", "role": "support"}),
            cast.admin.post(f"{cast.org}/members", json={"email": "a@x.example", "role": "manager"}),
            cast.owner.delete(f"{cast.member_at('expert')}/suspension"),
        )
    ]
    assert all(body == bodies[0] for body in bodies)
    assert (bodies[0]["resource_type"], bodies[0]["current"], bodies[0]["limit"]) == ("seat:member", 4, 3)
    promoted = problem(cast.owner.patch(cast.member_at("manager"), json={"role": "maintainer"}), 402, "entitlement_limit_reached")
    assert (promoted["resource_type"], promoted["current"], promoted["limit"]) == ("seat:admin", 3, 3)
    assert set(promoted) == set(bodies[0])
    row = ok(cast.owner.post(f"{cast.org}/invitations/bulk", json={"rows": [{"email": "b@x.example"}]}))["rows"][0]
    assert (row["outcome"], row["code"], row["detail"]) == ("over_limit", "entitlement_limit_reached", bodies[0]["detail"])
    used = problem(_use_up(cast), 402, "entitlement_limit_reached")
    assert set(used) == set(bodies[0])
    # Who was invited before has their seat already: accepting takes none.
    ok(cast.tenant.sign_in("waits@x.example").post("/invitations/accept", json={"token": token}))


def _use_up(cast: Cast) -> Any:
    ok(_limit(cast, PROJECT, 1))
    ok(cast.owner.post(f"{cast.org}/usage/{PROJECT}", json={"resource_id": "1"}), 201)
    return cast.owner.post(f"{cast.org}/usage/{PROJECT}", json={"resource_id": "2"})


def test_the_total_of_seats_binds_as_well(cast: Cast) -> None:
    ok(_limit(cast, "seat:total", 8))
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "a@x.example", "role": "owner"}), 201)
    body = problem(
        cast.owner.post(f"{cast.org}/invitations", json={"email": "b@x.example", "role": "learner"}), 402, "entitlement_limit_reached"
    )
    assert body["resource_type"] == "seat:total"
    ok(cast.owner.patch(cast.member_at("learner"), json={"role": "manager"}))  # within the bucket
    ok(cast.owner.patch(cast.member_at("manager"), json={"role": "maintainer"}))  # across: the total stays


def test_refusals_come_in_their_order(cast: Cast) -> None:
    """401 before 404 before 403 before 402: a limit is no business of who may not even ask."""
    ok(_limit(cast, "seat:member", 4))
    body = {"email": "a@x.example", "role": "learner"}
    at = f"{cast.org}/invitations"
    problem(cast.nobody.post(at, json=body), 401, "unauthenticated")
    problem(cast.outsider.post(at, json=body), 404, "not_found")
    problem(cast.manager.post(at, json=body), 403, "permission_denied")
    problem(cast.maintainer.post(at, json={**body, "role": "owner"}), 403, "role_not_grantable")
    problem(cast.owner.post(at, json=body), 402, "entitlement_limit_reached")
    problem(cast.learner.post(f"{cast.org}/usage/{PROJECT}", json={"resource_id": "1"}), 403, "permission_denied")


@pytest.mark.parametrize("name", ["seat:member", "seat:admin", "seat:total", "seat:other"])
def test_seats_are_taken_by_people_only(name: str, cast: Cast) -> None:
    at = f"{cast.org}/usage/{name}"
    problem(cast.owner.post(at, json={"resource_id": "x"}), 409, "seats_are_memberships")
    problem(cast.owner.put(at, json={"resource_ids": ["x"]}), 409, "seats_are_memberships")
    problem(cast.owner.delete(f"{at}/x"), 409, "seats_are_memberships")
    ok(cast.owner.get(at))
