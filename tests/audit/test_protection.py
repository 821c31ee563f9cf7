"""Who can touch what is on the record: nobody; and what the chain says when somebody did after all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import psycopg
import pytest
from django.db import connection

from tenantry.audit.actors import Actor
from tenantry.audit.chain import seal, verify
from tenantry.audit.models import Event, Link
from tenantry.audit.services import difference, record
from tenantry.kit.ids import new_id

from ..factories import OPERATOR
from ..people import Cast, Tenant, ok, problem, race
from .test_chain import _tampering, _write

TABLES = ("audit_event", "audit_link")
STATEMENTS = ("update {} set created_at = now() where tenant_id = %s", "delete from {} where tenant_id = %s")


@pytest.fixture
def owner() -> Iterator[psycopg.Connection]:
    """The role that owns the tables and migrates them: no grant and no policy holds it, the triggers do."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as opened:
        opened.execute("set role tenantry_owner")
        yield opened
        opened.rollback()


@pytest.mark.parametrize("table", TABLES)
def test_not_even_the_owner_of_the_tables_changes_a_row(table: str, tenant: Tenant, owner: psycopg.Connection) -> None:
    _write(tenant, 2)
    seal(tenant.id)
    for statement in STATEMENTS:
        with pytest.raises(psycopg.errors.DatabaseError, match="append-only"), owner.transaction():
            owner.execute(statement.format(table), [tenant.id])
    with pytest.raises(psycopg.errors.DatabaseError, match="append-only"), owner.transaction():
        owner.execute(f"truncate {table} cascade")
    assert verify(tenant.id).checked == 2


@pytest.mark.parametrize("table", TABLES)
def test_nor_does_the_administrator_as_long_as_the_triggers_are_on(table: str, tenant: Tenant) -> None:
    _write(tenant, 1)
    seal(tenant.id)
    with psycopg.connect(os.environ["DATABASE_URL"]) as admin:
        for statement in STATEMENTS:
            with pytest.raises(psycopg.errors.DatabaseError, match="append-only"), admin.transaction():
                admin.execute(statement.format(table), [tenant.id])


def test_the_note_of_what_waits_is_written_whoever_writes_the_event(tenant: Tenant) -> None:
    """Also an insert past ``record`` finds its place in the chain."""
    with tenant.scope(), connection.cursor() as cursor:
        cursor.execute(
            "insert into audit_event (id, tenant_id, created_at, category, action, actor_kind, actor_label, target_kind, target_id, "
            "target_label, changes, reason, source, request_id, user_agent) "
            "values (%s, %s, now(), 'system', 'by.hand', 'system', 'x', '', '', '', '{}', '', 'cli', '', '')",
            [new_id(), tenant.id],
        )
    seal(tenant.id)
    found = verify(tenant.id)
    assert (found.ok, found.checked) == (True, 1)


def _delete(table: str, *events: Event) -> None:
    with _tampering() as admin:
        assert admin.execute(f"delete from {table} where id = any(%s)", [[event.id for event in events]]).rowcount == len(events)


def test_a_deed_taken_out_with_its_link_leaves_a_gap(tenant: Tenant) -> None:
    events = _write(tenant, 6)
    seal(tenant.id)
    _delete("audit_event", *events[2:4])
    _delete("audit_link", *events[2:4])
    found = verify(tenant.id)
    assert not found.ok
    assert "Links 3 to 4 are missing." in found.problems
    assert len(found.problems) == 1, "what stands is not blamed"


def test_the_beginning_cannot_be_cut_off(tenant: Tenant) -> None:
    events = _write(tenant, 4)
    seal(tenant.id)
    _delete("audit_event", *events[:2])
    _delete("audit_link", *events[:2])
    assert "Links 1 to 2 are missing." in verify(tenant.id).problems


def test_the_last_deed_deleted_without_its_link_is_named(tenant: Tenant) -> None:
    events = _write(tenant, 3)
    seal(tenant.id)
    _delete("audit_event", events[-1])
    assert verify(tenant.id).problems == [f"The event of link 3 ({events[-1].public_id}) was deleted."]


def test_two_deeds_that_changed_places_are_named(tenant: Tenant) -> None:
    events = _write(tenant, 4)
    seal(tenant.id)
    with _tampering() as admin:
        admin.execute("update audit_link set sequence = sequence + 100 where id = %s", [events[1].id])
        admin.execute("update audit_link set sequence = 2 where id = %s", [events[2].id])
        admin.execute("update audit_link set sequence = 3 where id = %s", [events[1].id])
    found = verify(tenant.id)
    assert not found.ok
    assert any(events[2].public_id in sentence for sentence in found.problems)


def test_what_one_tenant_suffers_is_no_others_fault(cast: Cast) -> None:
    other = cast.other_tenant
    events = _write(other, 3)
    seal(other.id)
    seal(cast.tenant.id)
    _delete("audit_event", events[0])
    assert not verify(other.id).ok
    assert verify(cast.tenant.id).ok
    assert ok(cast.admin.get("/audit-events/verification"))["ok"] is True


def test_the_page_and_the_api_name_what_was_touched(cast: Cast) -> None:
    with cast.tenant.scope():
        event = record("organization.updated", actor=OPERATOR, organization_id=cast.contoso.id, label="touched")
    seal(cast.tenant.id)
    with _tampering() as admin:
        admin.execute("update audit_event set target_label = 'other' where id = %s", [event.id])
    auditor = cast.tenant.staff("audit@northwind.example", "auditor")
    body = ok(auditor.get("/audit-events/verification"))
    assert body["ok"] is False
    assert event.public_id in body["problems"][0]
    page = auditor.post(f"{cast.tenant.url}/staff/audit/verification", headers={"Referer": cast.tenant.url})
    assert page.status_code == 200
    assert event.public_id in page.text
    for role in ("finance", "csm", "support"):
        problem(cast.tenant.staff(f"{role}@northwind.example", role).get("/audit-events/verification"), 403, "permission_denied")


def test_writers_of_many_connections_neither_lose_nor_fork(tenant: Tenant) -> None:
    """Each in a transaction of its own, with sealers going round meanwhile, and some that roll back."""

    def write(n: int) -> int:
        for turn in range(12):
            try:
                with tenant.scope():
                    record("organization.updated", actor=OPERATOR, label=f"{n} {turn}")
                    if turn % 4 == 3:
                        raise LookupError
            except LookupError:
                continue
        connection.close()
        return 9

    def sweep() -> int:
        for _ in range(4):
            seal(tenant.id)
        connection.close()
        return 0

    written = sum(race(*(partial(write, n) for n in range(6)), sweep, sweep))
    seal(tenant.id)
    found = verify(tenant.id)
    assert (found.ok, found.problems, found.checked) == (True, [], written)
    with tenant.scope():
        assert Event.objects.count() == Link.objects.count() == written == 54
        assert list(Link.objects.order_by("sequence").values_list("sequence", flat=True)) == list(range(1, written + 1))


@pytest.mark.parametrize("name", ["password", "new_password", "token", "token_hash", "client_secret", "key_hash", "sealed_body"])
def test_a_secret_handed_to_the_record_is_told_as_set_or_not_set(name: str, tenant: Tenant) -> None:
    with tenant.scope():
        event = record("organization.updated", actor=OPERATOR, changes=difference({name: ""}, {name: "hunter2 hunter2"}))
        event.refresh_from_db()
    assert event.changes == {name: {"before": "not set", "after": "set"}}


def test_bytes_are_told_by_their_length() -> None:
    assert difference({"logo": None}, {"logo": b"12345"}) == {"logo": {"before": None, "after": "5 bytes"}}
    assert difference({"name": "x", "same": 1}, {"name": "y", "same": 1}) == {"name": {"before": "x", "after": "y"}}


def test_who_acts_in_somebodys_place_is_named_beside_them(cast: Cast) -> None:
    with cast.tenant.scope():
        by = Actor("staff", cast.owner.me.id, "ada@northwind.example", "portal", impersonator_id=cast.learner.me.id)
        record("organization.updated", actor=by, organization_id=cast.contoso.id, label="x")
    shown = ok(cast.owner.get(f"{cast.org}/audit-events"))["data"][0]["actor"]
    assert (shown["kind"], shown["label"]) == ("staff", "ada@northwind.example")
    assert shown["impersonated_by"] == {"id": cast.learner.id, "label": cast.learner.email}


def test_an_event_that_the_catalogue_does_not_know_is_a_defect(tenant: Tenant) -> None:
    with pytest.raises(KeyError), tenant.scope():
        record("organization.danced", actor=OPERATOR)
