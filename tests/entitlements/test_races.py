"""Many at once for the last of something: never one too many, never one too few."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tenantry.entitlements.models import Tally
from tenantry.organizations.models import Invitation, Membership

from .. import factories
from ..people import Cast, ok, problem, race
from .recount import differences


def _limit(cast: Cast, name: str, limit: int) -> None:
    ok(cast.admin.put(f"{cast.org}/entitlements/{name}", json={"limit": limit}))


def _statuses(answers: list[Any]) -> dict[int, int]:
    found: dict[int, int] = {}
    for answer in answers:
        found[answer.status_code] = found.get(answer.status_code, 0) + 1
    return found


def _held(cast: Cast) -> dict[str, int]:
    with cast.tenant.scope():
        assert differences() == []
        return dict(Tally.objects.filter(organization_id=cast.contoso.id).values_list("resource_type", "used"))


@pytest.mark.parametrize("turn", range(3))
def test_sixty_four_threads_for_the_last_ten_seats(turn: int, cast: Cast) -> None:
    _limit(cast, "seat:member", 14)  # four are held
    calls = [
        partial(cast.owner.post, f"{cast.org}/invitations", json={"email": f"r{turn}.{n}@x.example", "role": "learner"})
        if n % 2
        else partial(cast.owner.post, f"{cast.org}/members", json={"email": f"r{turn}.{n}@x.example", "role": "learner"})
        for n in range(64)
    ]
    answers = race(*calls)
    assert _statuses(answers) == {201: 10, 402: 54}
    for answer in answers:
        if answer.status_code == 402:
            assert problem(answer, 402, "entitlement_limit_reached")["limit"] == 14
    with cast.tenant.scope():
        members = Membership.objects.filter(
            organization=cast.contoso, status="active", role__in=["manager", "expert", "learner", "support"]
        )
        assert members.count() + Invitation.objects.filter(organization=cast.contoso, status="pending").count() == 14
    assert _held(cast)["seat:member"] == 14


def test_threads_for_the_last_projects_and_the_same_project(cast: Cast) -> None:
    _limit(cast, "quota:project", 5)
    at = f"{cast.org}/usage/quota:project"
    assert _statuses(race(*(partial(cast.owner.post, at, json={"resource_id": f"p{n}"}) for n in range(24)))) == {201: 5, 402: 19}
    ok(cast.owner.put(at, json={"resource_ids": []}))
    assert _statuses(race(*(partial(cast.owner.post, at, json={"resource_id": "same"}) for _ in range(16)))) == {201: 1, 200: 15}
    answers = race(
        *(partial(cast.owner.delete, f"{at}/same") for _ in range(4)),
        *(partial(cast.owner.post, at, json={"resource_id": f"q{n}"}) for n in range(12)),
    )
    assert _statuses(answers[:4]) == {200: 1, 404: 3}
    assert _statuses(answers[4:])[201] in (4, 5)
    _held(cast)


def test_promotions_into_the_last_admin_seat(cast: Cast) -> None:
    with cast.tenant.scope():
        people = factories.learners(cast.contoso, 8)
    _limit(cast, "seat:admin", 5)  # three are held
    ways = [{"role": role} for role in ("maintainer", "billing_admin", "owner", "maintainer")] * 2
    calls = [partial(cast.owner.patch, f"{cast.org}/members/{m.public_id}", json=way) for m, way in zip(people, ways, strict=True)]
    assert _statuses(race(*calls)) == {200: 2, 402: 6}
    held = _held(cast)
    assert (held["seat:admin"], held["seat:member"]) == (5, 4 + 6)


def test_reactivations_and_acceptances_for_one_seat(cast: Cast) -> None:
    with cast.tenant.scope():
        people = factories.learners(cast.contoso, 6)
    for member in people:
        ok(cast.owner.post(f"{cast.org}/members/{member.public_id}/suspension", json={}))
    _limit(cast, "seat:member", 5)
    calls = [partial(cast.owner.delete, f"{cast.org}/members/{m.public_id}/suspension") for m in people]
    assert _statuses(race(*calls)) == {200: 1, 402: 5}
    assert _held(cast)["seat:member"] == 5


def test_one_address_added_and_invited_at_once_is_one_person(cast: Cast) -> None:
    for turn in range(3):
        body = {"email": f"one{turn}@x.example", "role": "learner"}
        answers = race(
            *(partial(cast.owner.post, f"{cast.org}/members", json=body) for _ in range(4)),
            *(partial(cast.owner.post, f"{cast.org}/invitations", json=body) for _ in range(4)),
        )
        assert set(_statuses(answers)) <= {201, 409, 429}
        with cast.tenant.scope():
            assert Membership.objects.filter(organization=cast.contoso, user__email=body["email"]).count() == 1
            assert not Invitation.objects.filter(organization=cast.contoso, email=body["email"], status="pending").exists()
    assert _held(cast)["seat:member"] == 4 + 3


def test_two_files_at_once_fill_the_seats_exactly(cast: Cast) -> None:
    _limit(cast, "seat:member", 34)
    files = [{"rows": [{"email": f"f{(n + shift) % 60}@x.example"} for n in range(60)]} for shift in (0, 20, 40)]
    reports = [ok(a) for a in race(*(partial(cast.owner.post, f"{cast.org}/invitations/bulk", json=file) for file in files))]
    assert sum(report["created"] for report in reports) == 30
    assert _held(cast)["seat:member"] == 34


def test_lowering_a_limit_while_others_take_the_last(cast: Cast) -> None:
    _limit(cast, "seat:member", 20)
    answers = race(
        *(partial(cast.owner.post, f"{cast.org}/invitations", json={"email": f"l{n}@x.example", "role": "learner"}) for n in range(16)),
        partial(cast.admin.put, f"{cast.org}/entitlements/seat:member", json={"limit": 8}),
    )
    held = _held(cast)["seat:member"]
    lowered = answers[-1].status_code == 200
    assert held == 4 + _statuses(answers[:-1])[201]
    assert held <= (8 if lowered else 20)
    if not lowered:
        problem(answers[-1], 409, "limit_below_usage")
