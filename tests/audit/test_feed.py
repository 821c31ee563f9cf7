"""The feed: whose events, which half, in which order, page by page, between two moments; and the export of the same."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tenantry.audit.models import Event
from tenantry.audit.services import record
from tenantry.kit.clock import now

from ..factories import OPERATOR
from ..people import Cast, Client, lines, ok, problem


def _money(cast: Cast) -> Event:
    """Nothing records money yet, so a row is made as a later room will make it."""
    with cast.tenant.scope():
        row = Event(
            organization_id=cast.contoso.id, category="payout", action="payout.approved", actor_kind="user", actor_label="x@x.example",
            target_kind="payout", target_id="pay_1", target_label="€ 1,200 to Ada", source="api",
        )  # fmt: skip
        row.save(force_insert=True)
        return row


def _feed(client: Client, cast: Cast, **query: Any) -> list[dict[str, Any]]:
    return list(ok(client.get(f"{cast.org}/audit-events", params={"limit": 200, **query}))["data"])


@pytest.mark.parametrize(("role", "sees"), [("admin", True), ("finance", True), ("auditor", True), ("csm", False), ("support", False)])
def test_staff_see_the_half_that_their_role_has(role: str, sees: bool, cast: Cast) -> None:
    event = _money(cast)
    rows = _feed(cast.tenant.key(role), cast)
    assert (event.public_id in {row["id"] for row in rows}) == sees
    assert any(row["category"] == "member" for row in rows) == (role != "finance")
    # asking for the other half by name shows no more
    asked = _feed(cast.tenant.key(role), cast, category="payout") + _feed(cast.tenant.key(role), cast, target="pay_1")
    assert bool(asked) == sees


def test_money_reaches_no_one_else_by_any_filter(cast: Cast) -> None:
    event = _money(cast)
    for role in ("manager", "support"):
        for query in (
            {"category": "payout"},
            {"action": "payout.approved"},
            {"actor": "x@x.example"},
            {"target": "pay_1"},
            {"target": "Ada"},
        ):
            assert event.public_id not in {row["id"] for row in _feed(cast[role], cast, **query)}
    assert {row["category"] for row in _feed(cast.billing_admin, cast)} == {"payout"}
    assert _feed(cast.billing_admin, cast, category="member") == []


def test_a_feed_shows_its_own_organization_alone(cast: Cast) -> None:
    with cast.tenant.scope():
        record("organization.updated", actor=OPERATOR, organization_id=cast.fabrikam.id, label="theirs")
        record("user.created", actor=OPERATOR, label="nobody's")
    assert {row["organization"] for row in _feed(cast.owner, cast)} == {cast.contoso.public_id}
    problem(cast.outsider.get(f"{cast.org}/audit-events"), 404, "not_found")
    problem(cast.outsider.get(f"{cast.org}/audit-events/export"), 404, "not_found")
    everything = {row["target"]["label"] for row in ok(cast.admin.get("/audit-events", params={"limit": 200}))["data"]}
    assert {"theirs", "nobody's"} <= everything


def test_pages_are_the_whole_once_though_more_is_written_meanwhile(cast: Cast) -> None:
    with cast.tenant.scope():
        made = [record("organization.updated", actor=OPERATOR, organization_id=cast.contoso.id, label=str(n)).public_id for n in range(7)]
    query: dict[str, Any] = {"action": "organization.updated", "limit": 3}
    found, cursor = [], None
    while True:
        page = ok(cast.owner.get(f"{cast.org}/audit-events", params=query | ({"cursor": cursor} if cursor else {})))
        found += [row["id"] for row in page["data"]]
        with cast.tenant.scope():
            record("organization.updated", actor=OPERATOR, organization_id=cast.contoso.id, label="meanwhile")
        if (cursor := page["next_cursor"]) is None:
            break
    assert found == made[::-1]
    problem(cast.owner.get(f"{cast.org}/audit-events", params={"cursor": "x"}), 400, "cursor_invalid")
    problem(cast.owner.get(f"{cast.org}/audit-events", params={"limit": 201}), 422, "validation_failed")


def test_since_is_included_and_until_is_not(cast: Cast) -> None:
    for days in (1, 2, 3):
        cast.tenant.move_clock(days=days * 0.25)
        with cast.tenant.scope():
            record("organization.updated", actor=OPERATOR, organization_id=cast.contoso.id, label=f"day {days}")
    rows = _feed(cast.owner, cast, action="organization.updated")
    assert [row["target"]["label"] for row in rows] == ["day 3", "day 2", "day 1"]
    middle = rows[1]["occurred_at"]

    def between(**query: str) -> list[str]:
        return [row["target"]["label"] for row in _feed(cast.owner, cast, action="organization.updated", **query)]

    assert between(since=middle) == ["day 3", "day 2"]
    assert between(until=middle) == ["day 1"]
    assert between(since=middle, until=rows[0]["occurred_at"]) == ["day 2"]
    after = (datetime.fromisoformat(middle) + timedelta(microseconds=1)).isoformat()
    assert between(since=after) == ["day 3"]
    elsewhere = datetime.fromisoformat(middle).astimezone(tz=None).isoformat()
    assert between(since=elsewhere) == ["day 3", "day 2"], "another zone's word for the same moment"


def test_a_day_of_the_page_is_a_day_where_the_organization_is(cast: Cast) -> None:
    ok(cast.owner.patch(cast.org, json={"time_zone": "Pacific/Auckland"}))
    with cast.tenant.scope():
        today = now()
    there = today.astimezone(ZoneInfo("Pacific/Auckland")).date()
    url = f"{cast.tenant.url}/o/{cast.contoso.slug}/audit"
    shown = cast.owner.get(url, params={"from": there.isoformat(), "to": there.isoformat(), "action": "organization.updated"})
    assert shown.status_code == 200
    assert cast.owner.email in shown.text.partition("<main")[2]
    earlier = (there - timedelta(days=1)).isoformat()
    hidden = cast.owner.get(url, params={"from": earlier, "to": earlier, "action": "organization.updated"})
    assert cast.owner.email not in hidden.text.partition("<main")[2].replace(f'value="{cast.owner.email}"', "")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_an_export_honours_its_filter_and_names_who_took_it(form: str, cast: Cast) -> None:
    wanted = {"category": "member", "actor": "Test"}
    expected = [row["id"] for row in reversed(_feed(cast.owner, cast, **wanted))]
    assert len(expected) == 7
    answer = cast.billing_admin.get(f"{cast.org}/audit-events/export", params={"format": form, **wanted})
    assert answer.status_code == 200
    assert _ids(answer.text, form) == [], "a billing admin's export has no operations either"
    answer = cast.owner.get(f"{cast.org}/audit-events/export", params={"format": form, **wanted})
    assert _ids(answer.text, form) == expected
    told = _feed(cast.owner, cast, action="audit.exported")
    assert [(row["actor"]["label"], row["target"]["label"]) for row in told] == [(cast.owner.email, form), (cast.billing_admin.email, form)]
    problem(cast.learner.get(f"{cast.org}/audit-events/export", params={"format": form}), 403, "permission_denied")
    problem(cast.nobody.get(f"{cast.org}/audit-events/export", params={"format": form}), 401, "unauthenticated")
    assert len(_feed(cast.owner, cast, action="audit.exported")) == 2, "a refused export is none"


def _ids(text: str, form: str) -> list[str]:
    if form == "jsonl":
        return [row["id"] for row in lines(text)]
    assert text.splitlines()[0] == (
        "id,occurred_at,organization,category,action,actor_kind,actor,target_kind,target_id,target,changes,reason,source,request_id,ip,impersonated_by"
    )
    return [row["id"] for row in csv.DictReader(io.StringIO(text, newline=""))]


def test_an_export_longer_than_its_pages_is_whole(cast: Cast) -> None:
    """It is read 2,000 at a time, each in a transaction of its own, and ends where it began to be written."""
    with cast.tenant.scope():
        Event.objects.bulk_create(
            Event(organization_id=cast.contoso.id, category="settings", action="organization.updated", actor_kind="system", actor_label="x",
                  source="job", target_label=str(n)) for n in range(4100)
        )  # fmt: skip
    rows = lines(cast.owner.get(f"{cast.org}/audit-events/export", params={"format": "jsonl", "actor": "x"}).text)
    assert [row["target"]["label"] for row in rows] == [str(n) for n in range(4100)]
