"""The hash chain over a tenant's audit rows, and its proof.

Writers don't touch the chain: an insert trigger notes each event as pending, in the writer's own transaction.
``seal`` later takes pending events in batches and gives each its link: SHA-256 over the previous link's hash and the
row. So concurrent writers neither fork the chain nor wait for one another; only sealers of one tenant exclude each
other. Why, and what this can and can't show: docs/decisions/0004-audit-chain.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import connection

from tenantry.kit.clock import now
from tenantry.tenancy.scope import scope

from .models import Event, Link, Pending

BATCH = 5_000
GENESIS = b"\0" * 32
# An event may wait this long for its link before verification calls that a fault (worker down).
GRACE = timedelta(hours=1)
_FIELDS = [
    "id", "tenant_id", "created_at", "organization_id", "category", "action", "actor_kind", "actor_id", "actor_label", "impersonator_id",
    "target_kind", "target_id", "target_label", "changes", "reason", "source", "request_id", "ip", "user_agent",
]  # fmt: skip
_OUTSIDE = """
select e.id from audit_event e where e.tenant_id = %s
   and not exists (select 1 from audit_link l where l.tenant_id = e.tenant_id and l.id = e.id)
   and not exists (select 1 from audit_pending p where p.tenant_id = e.tenant_id and p.id = e.id) limit 100
"""


@dataclass(slots=True)
class Verification:
    """What a walk along the chain found. ``head`` is the last hash, in hexadecimal: note it down elsewhere to pin the past."""

    ok: bool = True
    checked: int = 0
    pending: int = 0
    head: str = ""
    problems: list[str] = field(default_factory=list)

    def blame(self, problem: str) -> None:
        """Add a fault; only the first hundred are kept in words."""
        self.ok = False
        if len(self.problems) < 100:
            self.problems.append(problem)


def row_hash(previous: bytes, event: Event) -> bytes:
    """SHA-256 over the previous hash and the row as canonical JSON (sorted keys, no spaces, UTC)."""
    values = {name: _plain(getattr(event, name)) for name in _FIELDS}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + text.encode()).digest()


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, dict) else str(value)


def seal(tenant_id: UUID) -> int:
    """Link all pending events of a tenant; returns how many. One batch per transaction."""
    total = 0
    while True:
        with scope(tenant_id, suspended=True):
            sealed = _seal_batch(tenant_id)
        total += sealed
        if sealed < BATCH:
            return total


def _seal_batch(tenant_id: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('audit chain ' || %s, 0))", [str(tenant_id)])
    waiting = list(Pending.objects.order_by("id").values_list("id", flat=True)[:BATCH])
    if not waiting:
        return 0
    last = Link.objects.order_by("-sequence").first()
    sequence, previous = (last.sequence, bytes(last.hash)) if last else (0, GENESIS)
    links = []
    for event in Event.objects.filter(id__in=waiting).order_by("id"):
        sequence, previous = sequence + 1, row_hash(previous, event)
        links.append(Link(id=event.id, sequence=sequence, hash=previous))
    Link.objects.bulk_create(links, batch_size=1000)
    Pending.objects.filter(id__in=waiting).delete()
    return len(waiting)


def verify(tenant_id: UUID) -> Verification:
    """Walk the whole chain of a tenant in constant memory and compare each link with its row.

    Finds a changed row, a deleted row, a deleted or reordered link, and rows that never got one.
    """
    found, expected = Verification(), 1
    previous: bytes | None = GENESIS
    for links in _chunks(tenant_id):
        with scope(tenant_id, suspended=True):
            events = Event.objects.in_bulk([link.id for link in links])
        for link in links:
            if link.sequence != expected:
                found.blame(f"Links {expected} to {link.sequence - 1} are missing.")
                previous = None
            event = events.get(link.id)
            if event is None:
                found.blame(f"The event of link {link.sequence} ({Event.encode_id(link.id)}) was deleted.")
            elif previous is not None and row_hash(previous, event) != bytes(link.hash):
                found.blame(f"{event.public_id} of {event.created_at:%Y-%m-%d %H:%M:%S} (link {link.sequence}) was changed.")
            previous, expected, found.checked = bytes(link.hash), link.sequence + 1, found.checked + 1
    found.head = (previous or GENESIS).hex()
    _check_rest(tenant_id, found)
    return found


def _chunks(tenant_id: UUID) -> Iterator[list[Link]]:
    after = 0
    while True:
        with scope(tenant_id, suspended=True):
            links = list(Link.objects.filter(sequence__gt=after).order_by("sequence")[:BATCH])
        if not links:
            return
        yield links
        after = links[-1].sequence


def _check_rest(tenant_id: UUID, found: Verification) -> None:
    with scope(tenant_id, suspended=True):
        found.pending = Pending.objects.count()
        overdue = Pending.objects.filter(created_at__lt=now() - GRACE).count()
        if overdue:
            found.blame(f"{overdue} events have waited for their link for over an hour: is the worker running?")
        with connection.cursor() as cursor:
            cursor.execute(_OUTSIDE, [tenant_id])
            for (event_id,) in cursor.fetchall():
                found.blame(f"{Event.encode_id(event_id)} stands outside the chain.")
