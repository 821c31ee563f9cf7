"""The hash chain: sealed in batches, never forked, and telling what was touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
import pytest
from django.conf import settings

from config.database import admin_dsn
from tenantry.audit.chain import GENESIS, row_hash, seal, verify
from tenantry.audit.models import Event, Link, Pending
from tenantry.audit.services import record

from ..factories import OPERATOR
from ..people import Cast, Tenant, ok, problem, race


def _write(tenant: Tenant, count: int) -> list[Event]:
    with tenant.scope():
        return [
            record("organization.updated", actor=OPERATOR, label=str(n), changes={"n": {"before": n, "after": n + 1}}) for n in range(count)
        ]


@contextmanager
def _tampering() -> Iterator[psycopg.Connection[Any]]:
    """The database's administrator with the triggers off: who can do that can do anything, but not unnoticed."""
    with psycopg.connect(admin_dsn(settings.ENVIRONMENT)) as connection:
        connection.execute("set local session_replication_role = replica")
        yield connection


def test_sealing_links_everything_and_verifying_finds_it_whole(tenant: Tenant) -> None:
    _write(tenant, 7)
    seal(tenant.id)
    first = verify(tenant.id)
    assert (first.ok, first.checked, first.pending, first.problems) == (True, 7, 0, [])
    _write(tenant, 2)
    assert verify(tenant.id).pending in (0, 2)  # the worker's sealer may have come by
    seal(tenant.id)
    assert seal(tenant.id) == 0
    after = verify(tenant.id)
    assert (after.ok, after.checked) == (True, 9)
    assert after.head != first.head
    with tenant.scope():
        assert list(Link.objects.order_by("sequence").values_list("sequence", flat=True)) == list(range(1, 10))
        assert not Pending.objects.exists()
        previous = GENESIS
        for link in Link.objects.order_by("sequence"):
            previous = row_hash(previous, Event.objects.get(id=link.id))
            assert bytes(link.hash) == previous
    assert after.head == previous.hex()


def test_an_empty_chain_is_whole(tenant: Tenant) -> None:
    found = verify(tenant.id)
    assert (found.ok, found.checked, found.head) == (True, 0, "00" * 32)


TAMPERINGS: dict[str, tuple[str, Callable[[list[Event]], str]]] = {
    "a label": ("update audit_event set actor_label = 'somebody else' where id = %s", lambda events: events[2].public_id),
    "a time": ("update audit_event set created_at = created_at - interval '1 day' where id = %s", lambda events: events[2].public_id),
    "a change": ("update audit_event set changes = '{}' where id = %s", lambda events: events[2].public_id),
    "a reason": ("update audit_event set reason = 'x' where id = %s", lambda events: events[2].public_id),
    "an address": ("update audit_event set ip = '10.0.0.1' where id = %s", lambda events: events[2].public_id),
    "a row deleted": ("delete from audit_event where id = %s", lambda events: events[2].public_id),
    "a link deleted": ("delete from audit_link where id = %s", lambda events: "Links 3 to 3 are missing"),
    "a hash": ("update audit_link set hash = '\\x00' where id = %s", lambda events: events[2].public_id),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_verification_says_what_was_touched(what: str, tenant: Tenant) -> None:
    events = _write(tenant, 5)
    seal(tenant.id)
    statement, blamed = TAMPERINGS[what]
    with _tampering() as connection:
        assert connection.execute(statement, [events[2].id]).rowcount == 1
    found = verify(tenant.id)
    assert not found.ok
    assert any(blamed(events) in sentence for sentence in found.problems), found.problems
    untouched = [event.public_id for event in events[:2]]
    assert not any(name in sentence for sentence in found.problems for name in untouched), found.problems


def test_a_row_slipped_in_behind_the_triggers_stands_outside(tenant: Tenant) -> None:
    _write(tenant, 3)
    seal(tenant.id)
    with _tampering() as connection:
        columns = [c.name for c in connection.execute("select * from audit_event limit 0").description or []]
        chosen = ", ".join("gen_random_uuid()" if name == "id" else f'"{name}"' for name in columns)
        connection.execute(f"insert into audit_event select {chosen} from audit_event where tenant_id = %s limit 1", [tenant.id])
    found = verify(tenant.id)
    assert not found.ok
    assert any("outside the chain" in sentence for sentence in found.problems)


def test_a_chain_rewritten_to_its_end_shows_by_its_head(tenant: Tenant) -> None:
    """Whoever rehashes everything makes a whole chain, but not the one whose head was noted down elsewhere."""
    events = _write(tenant, 4)
    seal(tenant.id)
    head = verify(tenant.id).head
    with _tampering() as connection:
        connection.execute("update audit_event set actor_label = 'forged' where id = %s", [events[1].id])
        connection.execute("delete from audit_link where tenant_id = %s", [tenant.id])
        connection.execute("insert into audit_pending (id, tenant_id, created_at) select id, tenant_id, created_at from audit_event "
                           "where tenant_id = %s", [tenant.id])  # fmt: skip
    seal(tenant.id)
    found = verify(tenant.id)
    assert found.ok
    assert found.head != head


def test_concurrent_writers_and_sealers_make_one_chain(cast: Cast) -> None:
    """Writers don't wait for each other; sealers of one tenant do."""

    def rename(n: int) -> None:
        for turn in range(4):
            ok(cast.owner.post(f"{cast.org}/usage/quota:w{n}", json={"resource_id": str(turn)}), 201)

    calls: list[Callable[[], Any]] = [partial(rename, n) for n in range(6)]
    calls += [partial(seal, cast.tenant.id) for _ in range(4)]
    race(*calls)
    seal(cast.tenant.id)
    found = verify(cast.tenant.id)
    assert (found.ok, found.problems) == (True, [])
    with cast.tenant.scope():
        assert found.checked == Event.objects.count()
        sequences = list(Link.objects.order_by("sequence").values_list("sequence", flat=True))
    assert sequences == list(range(1, len(sequences) + 1))


def test_staff_verify_over_the_api(cast: Cast) -> None:
    seal(cast.tenant.id)
    body = ok(cast.admin.get("/audit-events/verification"))
    assert body["ok"] is True
    assert body["checked"] > 0
    assert len(body["head"]) == 64
    problem(cast.owner.get("/audit-events/verification"), 404, "not_found")
    problem(cast.tenant.key("csm").get("/audit-events/verification"), 403, "permission_denied")


def test_what_waits_too_long_for_its_link_is_a_fault(tenant: Tenant) -> None:
    _write(tenant, 1)
    with tenant.scope():
        waiting = Pending.objects.exists()
    tenant.move_clock(hours=2)
    found = verify(tenant.id)
    if waiting and found.pending:
        assert not found.ok
        assert "over an hour" in found.problems[0]
    seal(tenant.id)
    assert verify(tenant.id).ok
