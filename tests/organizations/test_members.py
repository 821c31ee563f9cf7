"""Members: who may touch whom, what may follow what, and the seat that each holds."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tenantry.access.permissions import ADMIN_ROLES, ROLES
from tenantry.audit.services import CLI
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.organizations.models import Membership
from tenantry.people.users import ensure_user

from .. import factories
from ..people import Cast, ok, problem, queries, race
from ..threads import Threads, until_waited_for


def _add(cast: Cast, email: str, role: str = "learner", **more: Any) -> Any:
    return cast.owner.post(f"{cast.org}/members", json={"email": email, "role": role, **more})


def _seats(cast: Cast) -> dict[str, int]:
    return {row["resource_type"]: row["current"] for row in ok(cast.owner.get(f"{cast.org}/entitlements"))["data"]}


def test_an_owner_and_staff_add_by_address(cast: Cast) -> None:
    made = ok(_add(cast, " New.One@Contoso.Example ", "manager", name="New One", team="Field"), 201)
    assert (made["email"], made["role"], made["status"], made["team"]) == ("new.one@contoso.example", "manager", "active", "Field")
    assert made["seat_assigned_at"]
    ok(cast.admin.post(f"{cast.org}/members", json={"email": "other@contoso.example", "role": "owner"}), 201)
    ok(cast.tenant.key("csm").post(f"{cast.org}/members", json={"email": "third@contoso.example", "role": "learner"}), 201)
    ok(cast.tenant.organization_key(cast.contoso).post(f"{cast.org}/members", json={"email": "fourth@x.example", "role": "learner"}), 201)
    body = problem(_add(cast, "new.one@contoso.example"), 409, "already_member")
    assert body["member_status"] == "active"
    problem(_add(cast, "nonsense"), 422, "email_invalid")
    problem(_add(cast, "a@contoso.example", "king"), 422, "role_unknown")
    problem(cast.maintainer.post(f"{cast.org}/members", json={"email": "a@b.example", "role": "learner"}), 403, "permission_denied")


def test_who_adds_somebody_holds_the_seats_before_the_person(cast: Cast) -> None:
    """As a directory does that brings the same person at the same moment: else the two wait in a circle."""
    add = partial(cast.owner.post, f"{cast.org}/members", json={"email": "added@contoso.example", "role": "learner"})
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "invited@contoso.example", "role": "learner"}), 201)
    token = cast.tenant.invitation_token("invited@contoso.example")
    accept = partial(cast.nobody.post, "/invitations/accept", json={"token": token})
    for name, come, status in (("added", add, 201), ("invited", accept, 401)):
        with Threads(1) as pool, cast.tenant.scope() as entered:
            limits.lock(cast.contoso.id, SEATS)
            coming = pool.submit(come)
            until_waited_for(entered.using)
            ensure_user(email=f"{name}@contoso.example", actor=CLI)
        assert coming.result().status_code == status


def test_the_life_of_a_member_is_on_the_record(cast: Cast) -> None:
    made = ok(_add(cast, "life@contoso.example"), 201)
    at = f"{cast.org}/members/{made['id']}"
    start = _seats(cast)
    assert ok(cast.owner.patch(at, json={"role": "manager"}))["role"] == "manager"
    suspended = ok(cast.owner.post(f"{at}/suspension", json={"reason": "on leave"}))
    assert (suspended["status"], suspended["reason"], suspended["seat_assigned_at"]) == ("suspended", "on leave", None)
    assert _seats(cast)["seat:member"] == start["seat:member"] - 1
    body = problem(cast.owner.post(f"{at}/suspension", json={}), 409, "state_conflict")
    assert body["member_status"] == "suspended"
    problem(cast.owner.patch(at, json={"role": "support"}), 409, "state_conflict")
    assert ok(cast.owner.delete(f"{at}/suspension"))["status"] == "active"
    problem(cast.owner.delete(f"{at}/suspension"), 409, "state_conflict")
    assert _seats(cast) == start
    assert ok(cast.owner.delete(at, params={"reason": "left"}))["status"] == "removed"
    problem(cast.owner.delete(at), 404, "not_found")
    problem(cast.owner.patch(at, json={"role": "learner"}), 404, "not_found")
    again = ok(_add(cast, "life@contoso.example", "learner"), 201)
    assert (again["id"], again["role"], again["status"]) == (made["id"], "learner", "active")
    events = ok(cast.owner.get(f"{cast.org}/audit-events", params={"target": made["id"]}))["data"]
    told = [(row["action"], row["changes"].get("role"), row["changes"].get("status")) for row in reversed(events)]
    assert told == [
        ("member.added", {"before": None, "after": "learner"}, {"before": None, "after": "active"}),
        ("member.role_changed", {"before": "learner", "after": "manager"}, None),
        ("member.suspended", None, {"before": "active", "after": "suspended"}),
        ("member.reactivated", None, {"before": "suspended", "after": "active"}),
        ("member.removed", None, {"before": "active", "after": "removed"}),
        ("member.added", {"before": "manager", "after": "learner"}, {"before": "removed", "after": "active"}),
    ]
    assert [row["reason"] for row in events if row["reason"]] == ["left", "on leave"]
    assert all(row["actor"]["label"] == cast.owner.email and row["ip"] == "127.0.0.1" and row["request_id"] for row in events)


@pytest.mark.parametrize("actor", ["owner", "maintainer", "billing_admin", "manager", "learner"])
def test_who_may_touch_whom(actor: str, cast: Cast) -> None:
    """Owners touch everybody, maintainers whoever is no admin, the others nobody."""
    code = "role_not_grantable" if actor == "maintainer" else "permission_denied"
    with cast.tenant.scope():
        targets = {role: factories.member(cast.contoso, f"target.{role}@contoso.example", role).public_id for role in ROLES}
    for role, target in targets.items():
        at = f"{cast.org}/members/{target}"
        may = actor == "owner" or (actor == "maintainer" and role not in ADMIN_ROLES)
        for method, path, body in (("POST", "/suspension", {}), ("DELETE", "/suspension", None), ("DELETE", "", None)):
            answer = cast[actor].request(method, at + path, json=body)
            if may:
                ok(answer)
            else:
                problem(answer, 403, code)
                if (method, path) == ("POST", "/suspension"):
                    ok(cast.owner.post(f"{at}/suspension", json={}))


def test_nobody_gives_a_role_beyond_their_own(cast: Cast) -> None:
    for role in ROLES:
        with cast.tenant.scope():
            mine = factories.member(cast.contoso, f"a.{role}@contoso.example", "support")
            other = factories.member(cast.contoso, f"b.{role}@contoso.example", "support")
        ok(cast.owner.patch(f"{cast.org}/members/{mine.public_id}", json={"role": role}))
        by_maintainer = cast.maintainer.patch(f"{cast.org}/members/{other.public_id}", json={"role": role})
        problem(by_maintainer, 403, "role_not_grantable") if role in ADMIN_ROLES else ok(by_maintainer)
        body = {"email": f"c.{role}@contoso.example", "role": role}
        invited = cast.maintainer.post(f"{cast.org}/invitations", json=body)
        problem(invited, 403, "role_not_grantable") if role in ADMIN_ROLES else ok(invited, 201)
        for lesser in (cast.manager, cast.billing_admin, cast.learner):
            problem(lesser.post(f"{cast.org}/invitations", json=body), 403, "permission_denied")
            problem(lesser.patch(f"{cast.org}/members/{mine.public_id}", json={"role": "learner"}), 403, "permission_denied")


@pytest.mark.parametrize(("before", "after"), [("learner", "expert"), ("expert", "learner")])
def test_learner_and_expert_are_two_sides(before: str, after: str, cast: Cast) -> None:
    problem(cast.owner.patch(cast.member_at(before), json={"role": after}), 409, "transition_forbidden")
    problem(cast.admin.patch(cast.member_at(before), json={"role": after}), 409, "transition_forbidden")
    assert ok(cast.owner.get(cast.member_at(before)))["role"] == before


def test_nobody_changes_their_own_membership(cast: Cast) -> None:
    with cast.tenant.scope():
        factories.member(cast.contoso, "second.owner@contoso.example", "owner")
    for role in ("owner", "maintainer"):
        at = cast.member_at(role)
        for wanted in ("learner", "owner", role):
            refused = cast[role].patch(at, json={"role": wanted})
            assert refused.status_code in (403, 409), refused.text
        problem(cast[role].post(f"{at}/suspension", json={}), 409, "own_role")
    assert ok(cast.owner.get(cast.member_at("owner")))["role"] == "owner"


def test_everybody_may_leave_but_the_last_owner(cast: Cast) -> None:
    for role in ("maintainer", "billing_admin", "manager", "expert", "learner", "support"):
        assert ok(cast[role].delete(cast.member_at(role)))["status"] == "removed"
        problem(cast[role].get(cast.org), 404, "not_found")
    problem(cast.owner.delete(cast.member_at("owner")), 409, "last_owner")
    assert cast.actions()[-6:] == ["member.left"] * 6


def test_the_last_owner_stays_whoever_asks(cast: Cast) -> None:
    at = cast.member_at("owner")
    problem(cast.admin.patch(at, json={"role": "learner"}), 409, "last_owner")
    problem(cast.admin.post(f"{at}/suspension", json={}), 409, "last_owner")
    problem(cast.admin.delete(at), 409, "last_owner")
    with cast.tenant.scope():
        second = factories.member(cast.contoso, "second@contoso.example", "owner")
    ok(cast.admin.post(f"{cast.org}/members/{second.public_id}/suspension", json={}))
    problem(cast.admin.delete(at), 409, "last_owner")  # a suspended owner is none
    ok(cast.admin.delete(f"{cast.org}/members/{second.public_id}/suspension"))
    ok(cast.admin.delete(at))


@pytest.mark.parametrize("turn", range(4))
def test_two_owners_who_remove_each_other_at_once_leave_one(turn: int, cast: Cast) -> None:
    with cast.tenant.scope():
        second = factories.member(cast.contoso, "second@contoso.example", "owner")
    other = cast.tenant.sign_in("second@contoso.example")
    one_at, other_at = cast.member_at("owner"), f"{cast.org}/members/{second.public_id}"
    ways = [
        (partial(cast.owner.delete, other_at), partial(other.delete, one_at)),
        (partial(cast.owner.patch, other_at, json={"role": "learner"}), partial(other.post, f"{one_at}/suspension", json={})),
        (partial(cast.owner.delete, one_at), partial(other.delete, other_at)),  # both leave
        (partial(cast.admin.delete, one_at), partial(cast.admin.delete, other_at)),
    ]
    answers = race(*ways[turn])
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert sorted(answer.status_code for answer in answers)[1] in (403, 404, 409)
    with cast.tenant.scope():
        assert Membership.objects.filter(organization=cast.contoso, role="owner", status="active").count() == 1


def test_a_service_account_holds_no_seat(cast: Cast) -> None:
    before = _seats(cast)
    made = ok(_add(cast, "robot@contoso.example", "learner", service_account=True), 201)
    assert (made["service_account"], made["seat_assigned_at"]) == (True, None)
    assert _seats(cast) == before
    at = f"{cast.org}/members/{made['id']}"
    ok(cast.owner.patch(at, json={"role": "manager"}))
    ok(cast.owner.post(f"{at}/suspension", json={}))
    ok(cast.owner.delete(f"{at}/suspension"))
    ok(cast.owner.delete(at))
    assert _seats(cast) == before
    ok(_add(cast, "robot@contoso.example", "learner"), 201)  # now it is a person
    assert _seats(cast)["seat:member"] == before["seat:member"] + 1


def test_a_stale_picture_of_a_member_changes_nothing(cast: Cast) -> None:
    at = cast.member_at("learner")
    seen = cast.owner.get(at).headers["etag"]
    ok(cast.owner.patch(at, json={"role": "manager"}, headers={"If-Match": seen}))
    problem(cast.owner.patch(at, json={"role": "support"}, headers={"If-Match": seen}), 412, "version_stale")
    problem(cast.owner.post(f"{at}/suspension", json={}, headers={"If-Match": seen}), 412, "version_stale")
    assert ok(cast.owner.get(at))["role"] == "manager"


def test_the_list_filters_and_hides_whom_it_should(cast: Cast) -> None:
    ok(cast.owner.delete(cast.member_at("support")))
    ok(cast.owner.post(f"{cast.member_at('expert')}/suspension", json={}))

    def roles(**query: str) -> list[str]:
        return [row["role"] for row in ok(cast.manager.get(f"{cast.org}/members", params=query))["data"]]

    assert roles() == ["owner", "maintainer", "billing_admin", "manager", "expert", "learner"]
    assert roles(status="removed") == ["support"]
    assert roles(status="suspended") == ["expert"]
    assert roles(role="owner") == ["owner"]
    assert roles(search="BILLING.ADMIN") == ["billing_admin"]
    assert (roles(email=" Billing.Admin@contoso.example "), roles(email="billing")) == (["billing_admin"], []), "a whole address"
    problem(cast.manager.get(f"{cast.org}/members", params={"status": "asleep"}), 422, "status_unknown")
    problem(cast.manager.get(f"{cast.org}/members", params={"role": "king"}), 422, "role_unknown")
    names = ok(cast.learner.get(f"{cast.org}/members", params={"status": "removed", "role": "owner"}))["data"]
    assert len(names) == 5, "the directory shows who is active, whatever is asked of it"
    problem(cast.billing_admin.get(cast.member_at("owner")), 403, "permission_denied")
    problem(cast.learner.delete(cast.member_at("manager")), 403, "permission_denied")


def test_a_page_of_members_costs_the_same_for_one_and_for_many(cast: Cast) -> None:
    with cast.tenant.scope():
        factories.learners(cast.contoso, 25)
    ok(cast.owner.get("/me"))  # the first request of a session also notes what has changed since it was made
    one = cast.owner.get(f"{cast.org}/members", params={"limit": 1})
    many = cast.owner.get(f"{cast.org}/members", params={"limit": 30})
    assert (len(ok(one)["data"]), len(ok(many)["data"])) == (1, 30)
    assert queries(one) == queries(many) <= 10


def test_organizations_of_one_person_are_apart(cast: Cast) -> None:
    ok(cast.admin.post(f"/organizations/{cast.fabrikam.public_id}/members", json={"email": cast.learner.email, "role": "owner"}), 201)
    roles = {m["name"]: m["role"] for m in ok(cast.learner.get("/me"))["memberships"]}
    assert roles == {"Contoso": "learner", "Fabrikam": "owner"}
    problem(cast.learner.post(f"{cast.org}/members", json={"email": "x@x.example", "role": "learner"}), 403, "permission_denied")
    ok(cast.learner.post(f"/organizations/{cast.fabrikam.public_id}/members", json={"email": "x@x.example", "role": "learner"}), 201)
    foreign = f"/organizations/{cast.fabrikam.public_id}/members/{cast.member('manager').public_id}"
    problem(cast.learner.get(foreign), 404, "not_found")
    problem(cast.learner.delete(foreign), 404, "not_found")
    problem(cast.learner.patch(foreign, json={"role": "owner"}), 404, "not_found")
