"""The record: complete, append-only, filtered by who reads it, and exported without harm."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import ProgrammingError, connection

from tenantry.audit.catalogue import CATEGORIES, event_types
from tenantry.audit.models import Event, Link

from ..people import Cast, lines, ok, problem, queries

ADD = {"email": "=cmd@x.example", "role": "learner"}


def test_every_act_tells_who_what_and_from_where(cast: Cast) -> None:
    made = ok(
        cast.owner.post(
            f"{cast.org}/members",
            json={"email": "new@x.example", "role": "learner"},
            headers={"X-Request-Id": "request-0001", "User-Agent": "Test/1.0"},
        ),
        201,
    )
    event = ok(cast.owner.get(f"{cast.org}/audit-events"))["data"][0]
    assert event["action"] == "member.added"
    assert event["category"] == "member"
    assert event["organization"] == cast.contoso.public_id
    assert event["actor"] == {"kind": "user", "label": cast.owner.email, "impersonated_by": None}
    assert event["target"] == {"kind": "membership", "id": made["id"], "label": "new@x.example"}
    assert (event["request_id"], event["ip"], event["user_agent"], event["source"]) == ("request-0001", "127.0.0.1", "Test/1.0", "api")


def test_a_refused_act_leaves_no_trace_of_success(cast: Cast) -> None:
    before = cast.actions()
    problem(cast.manager.post(f"{cast.org}/members", json=ADD), 403, "permission_denied")
    problem(cast.owner.post(f"{cast.org}/members", json={"email": cast.learner.email, "role": "learner"}), 409, "already_member")
    assert cast.actions() == before


def test_keys_and_staff_are_told_apart(cast: Cast) -> None:
    ok(cast.admin.patch(cast.org, json={"name": "By key"}))
    ok(cast.tenant.staff("ada@northwind.example", "csm").patch(cast.org, json={"name": "By staff"}))
    ok(cast.tenant.organization_key(cast.contoso).patch(cast.org, json={"name": "By own key"}))
    events = ok(cast.admin.get(f"{cast.org}/audit-events", params={"action": "organization.updated"}))["data"]
    assert [(e["actor"]["kind"], e["actor"]["label"]) for e in events] == [
        ("key", "Contoso's key"), ("staff", "ada@northwind.example"), ("key", "admin key"),
    ]  # fmt: skip


def test_secrets_and_tokens_never_stand_in_the_record(cast: Cast) -> None:
    secret = "seven green herons"
    ok(cast.learner.put("/me/password", json={"password": secret}), 204)
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "g@x.example", "role": "learner"}), 201)
    token = cast.tenant.invitation_token("g@x.example")
    ok(cast.nobody.post("/invitations/accept", json={"token": token}))
    with cast.tenant.scope(), connection.cursor() as cursor:
        cursor.execute("select string_agg(e::text, ' ') from audit_event e")
        everything = cursor.fetchone()[0]
        for hidden in (secret, token, cast.admin.key, "argon2", *(c.value or "" for c in cast.learner.cookies.jar)):
            assert hidden not in everything


@pytest.mark.parametrize("model", [Event, Link])
def test_rows_are_only_ever_added(model: type[Event] | type[Link], cast: Cast) -> None:
    table = model._meta.db_table
    for statement in (f"update {table} set created_at = now()", f"delete from {table}", f"truncate {table}"):
        with pytest.raises(ProgrammingError, match="permission denied"), cast.tenant.scope(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_filters(cast: Cast) -> None:
    ok(cast.owner.patch(cast.org, json={"name": "Contoso 2"}))
    ok(cast.owner.patch(cast.member_at("manager"), json={"role": "support"}))
    target = cast.member("manager").public_id

    def actions(**query: str) -> list[str]:
        return [row["action"] for row in ok(cast.owner.get(f"{cast.org}/audit-events", params=query))["data"]]

    assert set(actions(category="settings")) == {"organization.created", "organization.approved", "organization.updated"}
    assert actions(action="member.role_changed") == ["member.role_changed"]
    assert actions(actor=cast.owner.email.upper()) == ["member.role_changed", "organization.updated"]
    assert actions(target=target) == ["member.role_changed", "member.added"]
    assert "member.role_changed" in actions(target="manager@CONTOSO")
    assert actions(until="2020-01-01T00:00:00Z") == []
    assert len(actions(since="2020-01-01T00:00:00Z")) == len(actions())
    problem(cast.owner.get(f"{cast.org}/audit-events", params={"category": "gossip"}), 422, "category_unknown")
    problem(cast.owner.get(f"{cast.org}/audit-events", params={"since": "yesterday"}), 422, "validation_failed")


def test_the_feed_splits_into_operations_and_money(cast: Cast) -> None:
    from tenantry.audit.services import record

    from ..factories import OPERATOR

    with cast.tenant.scope():
        Event(
            organization_id=cast.contoso.id, category="invoice", action="invoice.paid", actor_kind="system", actor_label="x", source="job"
        ).save(force_insert=True)  # fmt: skip
        record("organization.updated", actor=OPERATOR, organization_id=cast.contoso.id, label="x")
    seen = {
        role: {row["category"] for row in ok(cast[role].get(f"{cast.org}/audit-events"))["data"]}
        for role in ("owner", "maintainer", "billing_admin", "manager", "support")
    }
    both, operations = {"invoice", "settings", "member"}, {"settings", "member"}
    assert seen == {"owner": both, "maintainer": both, "billing_admin": {"invoice"}, "manager": operations, "support": operations}
    for role in ("learner", "expert"):
        problem(cast[role].get(f"{cast.org}/audit-events"), 403, "permission_denied")
    exported = cast.billing_admin.get(f"{cast.org}/audit-events/export", params={"format": "jsonl"})
    assert [row["category"] for row in lines(exported.text)] == ["invoice"]
    for role in ("manager", "support", "learner", "expert"):
        problem(cast[role].get(f"{cast.org}/audit-events/export"), 403, "permission_denied")


def test_an_export_is_whole_harmless_and_itself_recorded(cast: Cast) -> None:
    with cast.tenant.scope():
        for label in ("=1+1", "+1", "-1", "@x", "\t=1", 'quo"te,comma', "line\nbreak", "Łódź"):
            Event(
                organization_id=cast.contoso.id, category="settings", action="organization.updated", actor_kind="user", actor_label="x",
                target_label=label, source="api", changes={"name": {"before": "=1", "after": label}},
            ).save(force_insert=True)  # fmt: skip
    expected = [row["id"] for row in reversed(ok(cast.owner.get(f"{cast.org}/audit-events", params={"limit": 200}))["data"])]
    answer = cast.owner.get(f"{cast.org}/audit-events/export")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    table = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["id"] for row in table] == expected
    labels = [row["target"] for row in table[-8:]]
    assert labels == ["'=1+1", "'+1", "'-1", "'@x", "'\t=1", 'quo"te,comma', "line\nbreak", "Łódź"]
    assert not [cell for row in table for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    told = ok(cast.owner.get(f"{cast.org}/audit-events"))["data"][0]
    assert (told["action"], told["target"]["label"]) == ("audit.exported", "csv")
    rows = lines(cast.owner.get(f"{cast.org}/audit-events/export", params={"format": "jsonl", "category": "settings"}).text)
    assert [row["target"]["label"] for row in rows][-8:][0] == "=1+1"
    problem(cast.owner.get(f"{cast.org}/audit-events/export", params={"format": "xml"}), 422, "format_unknown")
    everything = lines(cast.admin.get("/audit-events/export", params={"format": "jsonl"}).text)
    assert {row["organization"] for row in everything} >= {None, cast.contoso.public_id, cast.fabrikam.public_id}
    problem(cast.owner.get("/audit-events/export"), 404, "not_found")


def test_an_export_streams_over_many_pages(cast: Cast) -> None:
    with cast.tenant.scope():
        Event.objects.bulk_create(
            [
                Event(organization_id=cast.contoso.id, category="settings", action="organization.updated", actor_kind="user",
                      actor_label="x", source="api", target_label=str(n))
                for n in range(4500)
            ]
        )  # fmt: skip
    rows = lines(cast.owner.get(f"{cast.org}/audit-events/export", params={"format": "jsonl", "action": "organization.updated"}).text)
    assert [row["target"]["label"] for row in rows] == [str(n) for n in range(4500)]


def test_the_tenants_record_is_for_staff(cast: Cast) -> None:
    for role, status in (("admin", 200), ("auditor", 200), ("csm", 403), ("finance", 403), ("support", 403)):
        assert cast.tenant.key(role).get("/audit-events").status_code == status
    one, many = (cast.admin.get("/audit-events", params={"limit": n}) for n in (1, 30))
    assert queries(one) == queries(many)


def test_the_catalogue_speaks_in_sentences() -> None:
    for kind in event_types():
        assert kind.category in CATEGORIES
        assert kind.name.count(".") == 1
        assert kind.meaning.endswith(".")
