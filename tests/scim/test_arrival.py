"""A new person at the edge (edge/arrival.py) and by Django: two ways, one outcome. What isn't plain goes the second."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tenantry.access import allowances
from tenantry.access.models import ApiKey, Attempt
from tenantry.access.permissions import ADMIN_ROLES
from tenantry.audit.models import Event
from tenantry.audit.services import CLI
from tenantry.edge.gathering import Gathering
from tenantry.entitlements.models import Tally
from tenantry.entitlements.services import set_limit
from tenantry.kit.clock import now
from tenantry.organizations.models import Membership
from tenantry.scim.models import ScimUser
from tenantry.webhooks.models import Delivery
from tenantry.webhooks.services import create_endpoint, pause_endpoint

from ..people import Cast, ok, race
from ..threads import Threads, until_waited_for
from .directory import ENTERPRISE, USER, Directory, refused
from .written import plain, written


def _post(directory: Directory, body: dict[str, Any], *, edge: bool = True, **headers: str) -> httpx.Response:
    """Create somebody. The edge takes a body whose length is told, so one in chunks goes to Django."""
    data = json.dumps(body).encode()
    return directory.post("/Users", content=data if edge else iter([data]), headers=headers)


def _at_the_edge(answer: httpx.Response) -> bool:
    return "server-timing" not in answer.headers


def _person(name: str, **more: Any) -> dict[str, Any]:
    address = f"{name}@arrival.example"
    return {
        "schemas": [USER, ENTERPRISE], "userName": address, "externalId": f"x-{name}", "displayName": "Ada “Byron” Łovelace",
        "emails": [{"value": address.upper(), "type": "work", "primary": True}], "password": "not to be kept",
        ENTERPRISE: {"department": "Research"}, **more,
    }  # fmt: skip


def test_the_edge_and_django_write_and_answer_alike(cast: Cast, directory: Directory) -> None:
    directory.user()  # the seats are counted from now on
    for number in range(2):  # without endpoints that listen, and with
        names = [f"edge{number}", f"slow{number}"]
        answers = [_post(directory, _person(name), edge=name.startswith("edge")) for name in names]
        assert [answer.status_code for answer in answers] == [201, 201], [answer.text for answer in answers]
        assert [_at_the_edge(answer) for answer in answers] == [True, False]
        bodies = [plain(answer.json(), name) for answer, name in zip(answers, names, strict=True)]
        assert bodies[0] == bodies[1]
        heads = [{**answer.headers, "server-timing": ""} for answer in answers]
        for head in heads:
            for name in ("date", "x-request-id", "ratelimit-remaining", "ratelimit-reset", "content-length"):
                assert head.pop(name), name
            head["location"] = plain(head["location"], "NAME")
        assert heads[0] == heads[1]
        found = [written(cast, directory, f"{name}@arrival.example", name) for name in names]
        assert found[0] == found[1]
        assert len(found[0]["row"]) == len(found[0]["member"]) == 1 and len(found[0]["events"]) == 3
        assert len(found[0]["deliveries"]) == 2 * number
        with cast.tenant.scope():
            for whose, event in ((cast.contoso.id, "member.added"), (None, "member.added"), (cast.contoso.id, "member.removed")):
                endpoint, _ = create_endpoint(url="https://example.com/", events=[event], organization_id=whose, actor=CLI)
                pause_endpoint(endpoint=endpoint, actor=CLI)
    again = ok(directory.get(f"/Users/{answers[0].json()['id']}"))
    assert again == answers[0].json()


def test_what_is_not_plain_is_djangos_and_is_counted_once(cast: Cast, directory: Directory) -> None:
    directory.user()
    left = [int(_post(directory, _person("first")).headers["ratelimit-remaining"])]

    def next_one(answer: httpx.Response) -> httpx.Response:
        """Answered by Django, and counted once."""
        assert not _at_the_edge(answer)
        left.append(int(answer.headers["ratelimit-remaining"]))
        assert left[-2] - left[-1] <= 1, left  # less, when a second has passed
        return answer

    refused(next_one(_post(directory, _person("first"))), 409, "uniqueness")
    refused(next_one(_post(directory, _person("other", externalId="x-first"))), 409, "uniqueness")
    refused(next_one(_post(directory, {"userName": ""})), 400, "invalidValue")
    refused(next_one(directory.post("/Users", content=b"[")), 400, "invalidSyntax")
    assert ok(next_one(_post(directory, _person("away", active=False))), 201)["active"] is False
    two = [{"value": f"{n}@arrival.example"} for n in "ab"]
    ok(next_one(_post(directory, _person("two", emails=two))), 201)
    ok(next_one(directory.post("/Users?attributes=id", json=_person("short"))), 201)
    with cast.tenant.scope():
        members = Tally.objects.get(organization_id=cast.contoso.id, resource_type="seat:member").used
        set_limit(organization_id=cast.contoso.id, resource_type="seat:member", limit=members + 1, actor=CLI)
    ok(next_one(_post(directory, _person("last"))), 201)  # reaching a limit is told
    assert "seat" in refused(next_one(_post(directory, _person("none"))), 403)["detail"]
    with cast.tenant.scope():
        set_limit(organization_id=cast.contoso.id, resource_type="seat:member", limit=1_000, actor=CLI)
    ok(cast.owner.put(f"{cast.org}/scim-settings", json={"provision": False}))
    refused(next_one(_post(directory, _person("closed"))), 403)
    ok(cast.owner.put(f"{cast.org}/scim-settings", json={"provision": True, "default_role": "manager"}))
    assert _at_the_edge(answer := _post(directory, _person("open"))) and answer.status_code == 201
    member = directory.member("open@arrival.example")
    assert member is not None and member.role == "manager"


def test_a_token_that_no_longer_works_is_refused_and_one_that_asks_too_often_makes_nobody(cast: Cast, directory: Directory) -> None:
    directory.user()
    assert _at_the_edge(_post(directory, _person("begin")))
    with cast.tenant.scope():
        ApiKey.objects.filter(kind="scim").update(allowed_ips=["198.51.100.0/24"])
    refused(_post(directory, _person("afar")), 403)
    with cast.tenant.scope():
        ApiKey.objects.filter(kind="scim").update(allowed_ips=["127.0.0.0/8"])
        ends_at = (now() + timedelta(hours=1)).isoformat()
    window = {"mode": "writes", "ends_at": ends_at, "message": "We move house.", "organization": cast.contoso.public_id}
    window = ok(cast.admin.post("/maintenance-windows", json=window), 201)
    refused(_post(directory, _person("during")), 503)
    assert cast.admin.delete(f"/maintenance-windows/{window['id']}").status_code == 204
    assert _at_the_edge(_post(directory, _person("after")))

    with cast.tenant.scope():
        allowances.change(organization_id=cast.contoso.id, limits={"scim": 2}, staff=True, actor=CLI)
    cast.tenant.move_clock(seconds=5)
    answers = race(*(lambda n=n: _post(directory, _person(f"hasty{n}")) for n in range(16)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses.keys() == {201, 429} and statuses[201] < 8
    with cast.tenant.scope():
        allowances.change(organization_id=cast.contoso.id, limits={"scim": 1_000_000}, staff=True, actor=CLI)
        people = Membership.objects.filter(organization=cast.contoso, user__email__startswith="hasty").count()
        assert people == ScimUser.objects.filter(user_name__startswith="hasty").count() == statuses[201]
        ApiKey.objects.filter(kind="scim").update(expires_at=now())
    refused(_post(directory, _person("late")), 401)
    with cast.tenant.scope():
        ApiKey.objects.filter(kind="scim").update(expires_at=None, revoked_at=now())
    refused(_post(directory, _person("later")), 401)
    with cast.tenant.scope():
        assert not Membership.objects.filter(user__email__in=[f"{n}@arrival.example" for n in ("afar", "during", "late", "later")]).exists()


def test_of_several_at_once_with_one_name_one_is_made(cast: Cast, directory: Directory) -> None:
    directory.user()
    answers = race(*(lambda: _post(directory, _person("twin")) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    with cast.tenant.scope():
        assert Membership.objects.filter(user__email="twin@arrival.example").count() == 1
        used = Tally.objects.get(organization_id=cast.contoso.id, resource_type="seat:member").used
        held = Membership.objects.filter(organization=cast.contoso, status="active").exclude(role__in=ADMIN_ROLES).count()
        assert used == held


def test_those_who_come_while_others_are_made_go_together_each_with_their_own(cast: Cast, directory: Directory) -> None:
    directory.user()
    assert _post(directory, _person("there")).status_code == 201
    with cast.tenant.scope():
        create_endpoint(url="https://example.com/", events=["member.added"], organization_id=cast.contoso.id, actor=CLI)
    names = ["there", *(f"one{number}" for number in range(7))]
    with Threads(len(names)) as pool:
        with cast.tenant.scope() as entered:
            list(Tally.objects.select_for_update().filter(organization_id=cast.contoso.id))
            answers = [pool.submit(_post, directory, _person(name)) for name in names]
            until_waited_for(entered.using)
        there, *made = [answer.result() for answer in answers]
    refused(there, 409, "uniqueness")
    assert not _at_the_edge(there)
    assert [(answer.status_code, _at_the_edge(answer)) for answer in made] == [(201, True)] * 7
    moments = Counter(answer.json()["meta"]["created"] for answer in made)
    assert len(moments) < 7, "nobody went together"
    for moment in moments:
        left = {answer.headers["ratelimit-remaining"] for answer in made if answer.json()["meta"]["created"] == moment}
        assert len(left) == moments[moment], "each is told its own place"
    with cast.tenant.scope():
        counts = Attempt.objects.get(key__startswith="scim:scim:").counts
        assert max(counts) >= max(moments.values()), "each is counted"
        for name, answer in zip(names[1:], made, strict=True):
            assert answer.json()["externalId"] == f"x-{name}"
            events = Event.objects.filter(target_label=f"{name}@arrival.example")
            assert {event.request_id for event in events} == {answer.headers["x-request-id"]} and len(events) == 3
            delivery = Delivery.objects.get(event_id__in=[event.id for event in events])
            assert f"{name}@arrival.example" in delivery.body


def test_whoever_gathers_answers_each_and_survives_what_fails() -> None:
    rounds: list[tuple[str, Sequence[int]]] = []

    async def carry_out(key: str, questions: Sequence[int]) -> list[int | Exception]:
        rounds.append((key, list(questions)))
        await asyncio.sleep(0)
        if 13 in questions:
            raise ValueError("thirteen")
        return [KeyError(each) if each % 2 else each * 10 for each in questions]

    async def all_of_it() -> None:
        gathering = Gathering(carry_out, most=3)
        found = await asyncio.gather(*(gathering.ask("a", each) for each in (0, 1, 2, 3, 4)), gathering.ask("b", 6), return_exceptions=True)
        assert [repr(each) for each in found] == ["0", "KeyError(1)", "20", "KeyError(3)", "40", "60"]
        assert sorted(rounds) == [("a", [0, 1, 2]), ("a", [3, 4]), ("b", [6])], "one round of a key at a time, with so many at most"
        gone = asyncio.create_task(gathering.ask("a", 8))
        failing = [asyncio.create_task(gathering.ask("a", each)) for each in (13, 10)]
        await asyncio.sleep(0)
        gone.cancel()
        for each in failing:
            with pytest.raises(ValueError, match="thirteen"):
                await each
        assert await gathering.ask("a", 2) == 20

    asyncio.run(all_of_it())
