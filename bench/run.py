"""Measure what is promised and print one table."""

from __future__ import annotations

import json
import os
import statistics
import sys
import threading
import time
import timeit
from collections.abc import Callable
from uuid import UUID

import httpx
from rich.console import Console
from rich.table import Table

from . import limits, rig
from .load import load
from .scim import scim
from .seed import sample, seed, seed_events
from .webhooks import webhooks

RUNS = 5
ROWS: list[tuple[str, str, str, bool]] = []


def row(what: str, figure: str, promise: str, kept: bool) -> None:
    ROWS.append((what, figure, promise, kept))
    print(f"  {what}: {figure} ({'kept' if kept else 'NOT KEPT'}: {promise})", file=sys.stderr, flush=True)


def median(measure: Callable[[], float], runs: int = RUNS) -> float:
    return statistics.median(measure() for _ in range(runs))


def decide() -> None:
    """One decision in process, with few and with very many permissions in the registry."""
    from tenantry.access import permissions

    before, figures = dict(permissions._registry), {}
    permissions._registry.clear()
    for rules in (10, 1_000, 110_000):
        for number in range(len(permissions._registry), rules):
            permissions.permission(f"bench{number}:use", "OMG", "a", "A rule.")
        figures[rules] = median(_time_of_one) * 1e6
    permissions._registry.clear()
    permissions._registry.update(before)
    text = ", ".join(f"{value:.3f} µs at {rules:,}" for rules, value in figures.items())
    row("decide in process", text, "≤ 1 µs, flat", max(figures.values()) <= 1 and figures[110_000] <= 2 * figures[10])


def _time_of_one(loops: int = 2_000) -> float:
    """Seconds for one decision, over some hundred permissions spread through the registry."""
    from tenantry.access.permissions import registered, role_holds

    names = list(registered())[:: max(1, len(registered()) // 97)]
    return timeit.timeit(lambda: [role_holds("manager", name) for name in names], number=loops) / loops / len(names)


def key_for(tenant: str) -> str:
    from tenantry.access.keys import create_key
    from tenantry.audit.services import SYSTEM
    from tenantry.tenancy.scope import scope

    with scope(UUID(tenant)):
        return create_key(name="bench", staff_role="admin", actor=SYSTEM)[1]


def check(dsn: str, tenant: str) -> None:
    """access/check against a bare handler, in turns, on the same database."""
    from tenantry.organizations.models import Organization
    from tenantry.people.models import User

    pairs = sample(dsn, label="large", count=2_000)
    os.environ["BENCH_IDS"] = f"{tenant},{pairs[0][0]},{pairs[0][1]}"
    bodies = [
        json.dumps(
            {"user": User.encode_id(UUID(user)), "organization": Organization.encode_id(UUID(organization)), "permission": "members:read"}
        )
        for organization, user in pairs
    ]
    headers = {"Authorization": f"Bearer {key_for(tenant)}"}
    with rig.server("config.asgi:application") as ours, rig.server("bench.bare:application") as bare:
        url = f"{ours}/api/v1/access/check"
        load(url, bodies=bodies, headers=headers, count=2_000)
        load(bare + "/", bodies=bodies[:1], headers={}, count=2_000)
        ratios, rates, peers = [], [], []
        for _ in range(RUNS):
            rates.append(load(url, bodies=bodies, headers=headers, count=6_000).per_second)
            peers.append(load(bare + "/", bodies=bodies, headers={}, count=6_000).per_second)
            ratios.append(rates[-1] / peers[-1])
        ratio = statistics.median(ratios)
        text = f"{ratio:.2f} ({statistics.median(rates):,.0f}/s against {statistics.median(peers):,.0f}/s)"
        row("access/check against a bare handler", text, "≥ 0.6", ratio >= 0.6)
        outcomes = [load(url, bodies=bodies, headers=headers, count=6_000, connections=32, rate=300) for _ in range(RUNS)]
        p99 = statistics.median(outcome.percentile(0.99) for outcome in outcomes)
        p50 = statistics.median(outcome.percentile(0.5) for outcome in outcomes)
        fine = all(set(outcome.statuses) == {"200"} for outcome in outcomes)
        row("access/check at 300/s", f"p99 {p99:.1f} ms, median {p50:.1f} ms", "p99 < 20 ms", p99 < 20 and fine)


def pages(dsn: str, tenant: str, label: str) -> dict[str, float]:
    """The members page of an organization, and inviting somebody: medians in milliseconds; promises on the large set."""
    from tenantry.organizations.models import Organization

    organizations = [Organization.encode_id(UUID(organization)) for organization, _ in sample(dsn, label=label, count=200)]
    headers = {"Authorization": f"Bearer {key_for(tenant)}"}
    medians = {}
    with rig.server("config.asgi:application") as ours:
        for what in ("members page", "invite"):
            p50s, p99s = [], []
            for turn in range(RUNS + 1):
                seconds: list[float] = []
                for number in range(6):
                    base = f"{ours}/api/v1/organizations/{organizations[(turn * 6 + number) % len(organizations)]}"
                    if what == "invite":
                        bodies = [json.dumps({"email": f"i{turn}-{number}-{n}@{label}.example", "role": "learner"}) for n in range(50)]
                        outcome = load(base + "/invitations", bodies=bodies, headers=headers, count=50, connections=1)
                        assert set(outcome.statuses) == {"201"}, outcome.statuses
                    else:
                        outcome = load(base + "/members?limit=50", bodies=[""], headers=headers, count=50, connections=1)
                        assert set(outcome.statuses) == {"200"}, outcome.statuses
                    seconds += outcome.seconds
                if turn:  # the first warms up
                    ordered = sorted(seconds)
                    p50s.append(ordered[len(ordered) // 2] * 1000)
                    p99s.append(ordered[int(len(ordered) * 0.99)] * 1000)
            medians[what] = statistics.median(p50s)
            if label == "large":
                p99 = statistics.median(p99s)
                row(f"{what}, 1,000,000 memberships", f"p99 {p99:.1f} ms, median {medians[what]:.1f} ms", "p99 < 100 ms", p99 < 100)
    return medians


def race(tenant: str) -> None:
    """64 threads want the last 10 seats, 100 times."""
    from django.db import connections

    from tenantry.audit.services import SYSTEM
    from tenantry.entitlements.services import set_limit
    from tenantry.kit.problems import Problem
    from tenantry.organizations.authority import SYSTEM_AUTHORITY
    from tenantry.organizations.membership import ADD, settle
    from tenantry.organizations.models import Membership
    from tenantry.organizations.services import found
    from tenantry.people.users import ensure_user
    from tenantry.tenancy.scope import scope

    with scope(UUID(tenant)):
        people = [ensure_user(email=f"racer{n}@race.example", actor=SYSTEM)[0] for n in range(64)]
    got = []
    for turn in range(100):
        with scope(UUID(tenant)):
            arena = found(values={"name": f"Race {turn}", "country": "IN", "default_currency": "INR"}, owner=None, actor=SYSTEM)
            set_limit(organization_id=arena.id, resource_type="seat:member", limit=10, actor=SYSTEM)
        gate = threading.Barrier(64)

        def run(person: object, arena: object = arena, gate: threading.Barrier = gate) -> None:
            gate.wait()
            try:
                with scope(UUID(tenant)):
                    settle(ADD, organization=arena, user=person, role="learner", authority=SYSTEM_AUTHORITY, actor=SYSTEM)  # type: ignore[arg-type]  # rows made above
            except Problem as problem:
                assert problem.status == 402, problem
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=(person,)) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with scope(UUID(tenant)):
            got.append(Membership.objects.filter(organization=arena, status="active").count())
    row("64 threads for the last 10 seats, 100 times", f"least {min(got)}, most {max(got)}", "exactly 10", set(got) == {10})


def limited(tenant: str) -> None:
    """A rate limit over four processes of the server, and the price of counting."""
    counts = [limits.admitted(key_for(tenant)) for _ in range(3)]
    worst = max(abs(found - limits.LIMIT) / limits.LIMIT for found in counts)
    text = f"{', '.join(map(str, counts))} of {limits.TRIES:,}"
    row(f"{limits.LIMIT} requests in 5 minutes, asked of 4 processes", text, "within 5%", worst <= 0.05)
    ours, theirs = limits.cost(tenant)
    text = f"{ours / theirs:.2f} ({ours:.2f} ms against {theirs:.2f} ms)"
    row("counting one request against a statement in a scope of its own", text, "≤ 1.5", ours <= 1.5 * theirs)


def export(dsn: str, tenant: str) -> None:
    """The record of a million events as CSV: how much the server's memory grows while it streams."""
    seed_events(dsn, tenant=tenant, count=1_000_000)
    headers = {"Authorization": f"Bearer {key_for(tenant)}"}
    with rig.server("config.asgi:application") as ours:
        stream(f"{ours}/api/v1/audit-events/export?format=csv&category=access", headers)  # warms up: a short one
        before = rig.resident_megabytes()
        began = time.perf_counter()
        lines, peak = stream(f"{ours}/api/v1/audit-events/export?format=csv", headers)
        seconds = time.perf_counter() - began
    text = f"{peak - before:+.0f} MB at {before:.0f} MB, {lines:,} lines in {seconds:.0f} s"
    row("exporting 1,000,000 audit events: memory", text, "constant (≤ 32 MB)", peak - before <= 32 and lines > 1_000_000)


def stream(url: str, headers: dict[str, str]) -> tuple[int, float]:
    """Read an answer to its end; returns its lines and the server's highest memory meanwhile, in megabytes."""
    lines, peak = 0, 0.0
    with httpx.stream("GET", url, headers=headers, timeout=300) as answer:
        assert answer.status_code == 200, answer.status_code
        for number, chunk in enumerate(answer.iter_raw()):
            lines += chunk.count(b"\n")
            if number % 50 == 0:
                peak = max(peak, rig.resident_megabytes())
    return lines, peak


def main() -> int:
    wanted = sys.argv[1:] or ["decide", "race", "webhooks", "scim", "pages", "check", "export", "limits"]
    with rig.installation() as dsn:
        from tenantry.tenancy.services import ensure_default

        tenant = str(ensure_default())
        if "decide" in wanted:
            decide()
        if "race" in wanted:
            race(tenant)
        if "limits" in wanted:
            limited(tenant)
        if "webhooks" in wanted:
            webhooks(dsn, row)
        if "scim" in wanted:
            scim(dsn, tenant, row)
        small = {}
        if "pages" in wanted:
            seed(dsn, tenant=tenant, label="small", organizations=10, each=100)
            small = pages(dsn, tenant, "small")
        if {"pages", "check"} & set(wanted):
            print("  seeding 1,000,000 memberships…", file=sys.stderr, flush=True)
            seed(dsn, tenant=tenant, label="large", organizations=10_000, each=100)
        if "check" in wanted:
            check(dsn, tenant)
        if "export" in wanted:
            export(dsn, tenant)
        if "pages" in wanted:
            large = pages(dsn, tenant, "large")
            for what, before in small.items():
                ratio = large[what] / before
                row(f"{what}: 1,000,000 against 1,000", f"{ratio:.2f} ({before:.1f} → {large[what]:.1f} ms)", "≤ 1.5", ratio <= 1.5)
    table = Table("measured", "figure", "promise", "", title=f"Tenantry, medians of {RUNS}. {rig.machine()}")
    for what, figure, promise, kept in ROWS:
        table.add_row(what, figure, promise, "kept" if kept else "[red]not kept")
    Console(width=150).print(table)
    return 0 if all(kept for *_, kept in ROWS) else 1


if __name__ == "__main__":
    raise SystemExit(main())
