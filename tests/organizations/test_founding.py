"""An organization is founded whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.audit.models import Event
from tenantry.kit.problems import Problem
from tenantry.organizations import services
from tenantry.organizations.models import BillingAccount, Membership, Organization, Profile
from tenantry.people.models import User

from ..factories import OPERATOR
from ..isolation import rows
from ..people import Cast, ok, problem, race

GOOD = {"name": "Łódź Plant", "country": "PL", "default_currency": "PLN"}


def test_a_person_founds_their_own(cast: Cast) -> None:
    answer = cast.learner.post("/organizations", json={**GOOD, "tax_ids": {"vat": "PL8567346215"}, "billing_email": "Ap@Lodz.example"})
    made = ok(answer, 201)
    assert (made["slug"], made["state"], made["country"]) == ("lodz-plant", "pending_verification", "PL")
    assert (made["funding_mode"], made["billing_email"]) == ("personal", "ap@lodz.example")
    assert answer.headers["etag"] == '"v1"'
    mine = {m["organization"]: m["role"] for m in ok(cast.learner.get("/me"))["memberships"]}
    assert mine == {cast.contoso.public_id: "learner", made["id"]: "owner"}
    assert ok(cast.learner.get(f"/organizations/{made['id']}"))["name"] == "Łódź Plant"
    second = ok(cast.learner.post("/organizations", json=GOOD), 201)
    assert second["slug"] == "lodz-plant-2"
    actions = [row["action"] for row in ok(cast.learner.get(f"/organizations/{made['id']}/audit-events"))["data"]]
    assert actions == ["member.added", "organization.created"]


def test_staff_found_one_for_somebody_else(cast: Cast) -> None:
    made = ok(cast.admin.post("/organizations", json={**GOOD, "owner_email": "Boss@Lodz.example", "plan": "team"}), 201)
    members = ok(cast.admin.get(f"/organizations/{made['id']}/members"))["data"]
    assert [(m["email"], m["role"]) for m in members] == [("boss@lodz.example", "owner")]
    limits = {row["resource_type"]: row["limit"] for row in ok(cast.admin.get(f"/organizations/{made['id']}/entitlements"))["data"]}
    assert limits == {"seat:admin": 3, "seat:member": 25, "seat:total": None, "quota:project": 10}
    alone = ok(cast.admin.post("/organizations", json={**GOOD, "name": "Ownerless"}), 201)
    assert ok(cast.admin.get(f"/organizations/{alone['id']}/members"))["data"] == []


def test_plan_and_owner_are_for_staff_to_say(cast: Cast) -> None:
    for extra in ({"plan": "enterprise"}, {"owner_email": "a@b.example"}):
        problem(cast.owner.post("/organizations", json={**GOOD, **extra}), 403, "permission_denied")
    problem(cast.tenant.key("auditor").post("/organizations", json=GOOD), 403, "permission_denied")
    problem(cast.tenant.key("admin", scopes=["users:read"]).post("/organizations", json=GOOD), 403, "insufficient_scope")
    problem(cast.nobody.post("/organizations", json=GOOD), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"slug": "contoso"}, 409, "slug_taken"),
        ({"plan": "platinum"}, 422, "plan_unknown"),
        ({"owner_email": "not an address"}, 422, "email_invalid"),
        ({"country": "XX"}, 422, "country_unknown"),
        ({"can_host": True}, 400, "host_orgs_gated"),
        ({"funding_mode": "invoice"}, 409, "organization_pending"),
        ({"name": None}, 422, "validation_failed"),
    ],
)
def test_what_is_refused_leaves_nothing(change: dict[str, Any], status: int, code: str, cast: Cast) -> None:
    before = rows.snapshot(cast.tenant)
    problem(cast.admin.post("/organizations", json={**GOOD, "owner_email": "new@lodz.example", "plan": "team", **change}), status, code)
    assert rows.snapshot(cast.tenant).keys() == before.keys()


@pytest.mark.parametrize(
    "invitations",
    [
        [{"email": "a@lodz.example", "role": "learner"}, {"email": "broken", "role": "learner"}],
        [{"email": "a@lodz.example", "role": "learner"}, {"email": "b@lodz.example", "role": "king"}],
        [{"email": f"{n}@lodz.example", "role": "maintainer"} for n in range(9)],  # the plan has 3 admin seats
    ],
)
def test_a_last_step_that_fails_undoes_the_first(invitations: list[dict[str, str]], cast: Cast) -> None:
    """The wizard's last step invites people; nothing exists before it has gone well, not even the record of it."""
    with cast.tenant.scope():
        counts = [model.objects.count() for model in (Organization, Profile, BillingAccount, Membership, Event)]
    with pytest.raises(Problem), cast.tenant.scope():
        owner = User.objects.get(id=cast.learner.me.id)
        services.found(values=GOOD, owner=owner, plan="team", invitations=invitations, actor=OPERATOR)
    with cast.tenant.scope():
        assert [model.objects.count() for model in (Organization, Profile, BillingAccount, Membership, Event)] == counts


def test_of_many_who_want_one_slug_at_once_one_gets_it(cast: Cast) -> None:
    body = {**GOOD, "slug": "wanted"}
    answers = race(*(lambda: cast.owner.post("/organizations", json=body).status_code for _ in range(6)))
    assert sorted(answers) == [201] + [409] * 5


def test_of_many_with_one_name_at_once_each_gets_a_slug_or_a_clear_answer(cast: Cast) -> None:
    answers = race(*(lambda: cast.owner.post("/organizations", json=GOOD) for _ in range(6)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    slugs = [answer.json()["slug"] for answer in answers if answer.status_code == 201]
    assert len(slugs) == len(set(slugs)) >= 1


def test_lists_show_staff_all_and_others_their_own(cast: Cast) -> None:
    assert {row["name"] for row in ok(cast.admin.get("/organizations"))["data"]} == {"Contoso", "Fabrikam"}
    assert [row["name"] for row in ok(cast.learner.get("/organizations"))["data"]] == ["Contoso"]
    assert [row["name"] for row in ok(cast.admin.get("/organizations", params={"search": "FABR"}))["data"]] == ["Fabrikam"]
    assert ok(cast.admin.get("/organizations", params={"state": "suspended"}))["data"] == []
    problem(cast.admin.get("/organizations", params={"state": "asleep"}), 422, "state_unknown")
    key = cast.tenant.organization_key(cast.fabrikam)
    assert [row["name"] for row in ok(key.get("/organizations"))["data"]] == ["Fabrikam"]
    problem(cast.tenant.key("admin", scopes=["users:read"]).get("/organizations"), 403, "insufficient_scope")
