"""A directory at work: people created at once, a Bulk, a big group changed, and one found among a hundred thousand."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg

from . import rig

USERS, CONNECTIONS, BULK, MEMBERS, CHANGED, LARGE, ASKED = 5_000, 4, 1_000, 10_000, 100, 100_000, 1_000
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PEER = "@boxyhq/saml-jackson@26.2.0"
Row = Callable[[str, str, str, bool], None]
_SEED = """
insert into scim_scimuser (tenant_id, id, created_at, organization_id, user_name, user_name_key, external_id, address_key, data, active,
    made_user, given_role, suspended_here, version, changed_at)
select %(tenant)s, uuidv7(), now(), %(organization)s, 'seeded' || n || '@large.example', 'seeded' || n || '@large.example', 's-' || n,
       'seeded' || n || '@large.example',
       jsonb_build_object('name', jsonb_build_object('givenName', 'Given', 'familyName', 'Family' || n), 'displayName', 'Given Family' || n,
           'emails', jsonb_build_array(jsonb_build_object('value', 'seeded' || n || '@large.example', 'type', 'work', 'primary', true))),
       true, false, '', false, 1, now()
  from generate_series(1, %(count)s) n
"""


def person(number: int, stem: str = "person") -> dict[str, Any]:
    """What a connector sends for one."""
    address = f"{stem}{number}@bench.example"
    return {
        "schemas": [USER], "userName": address, "externalId": f"{stem}-{number}", "active": True,
        "name": {"givenName": "Given", "familyName": f"Family{number}"}, "displayName": f"Given Family{number}",
        "emails": [{"value": address, "type": "work", "primary": True}],
    }  # fmt: skip


def organization(tenant: str, name: str) -> tuple[UUID, str]:
    """An organization with unlimited seats that are counted, and its directory's token."""
    from tenantry.audit.services import SYSTEM
    from tenantry.entitlements.services import set_limit
    from tenantry.organizations import services
    from tenantry.scim.tokens import make_token
    from tenantry.tenancy.scope import scope

    with scope(UUID(tenant)):
        made = services.found(values={"name": name, "country": "IN", "default_currency": "INR"}, owner=None, actor=SYSTEM)
        made = services.transition(organization=made, act="approve", actor=SYSTEM)
        set_limit(organization_id=made.id, resource_type="seat:member", limit=1_000_000, actor=SYSTEM)
        return made.id, make_token(organization_id=made.id, name="bench", owner=None, actor=SYSTEM)[1]


def create(url: str, token: str, *, users: int, stem: str) -> float:
    """So many people by four connections, each a client that waits for its answers; returns how many a second."""
    job = json.dumps({"url": f"{url}/Users", "token": token, "users": users, "stem": stem})
    done = subprocess.run([sys.executable, "-m", "bench.scim"], input=job, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _created(job: dict[str, Any]) -> float:
    headers = {"Authorization": f"Bearer {job['token']}", "Content-Type": "application/scim+json"}
    address = httpx.URL(job["url"])

    def one(part: int) -> None:
        import http.client

        connection = http.client.HTTPConnection(address.host, address.port)
        for number in range(part, job["users"], CONNECTIONS):
            connection.request("POST", address.path, json.dumps(person(number, job["stem"])), headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 201:
                raise RuntimeError(f"{answer.status} {body[:300]!r}")

    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(one, range(CONNECTIONS)))
    return job["users"] / (time.perf_counter() - began)


def scim(dsn: str, tenant: str, row: Row) -> None:
    """All figures of directories."""
    users = int(os.environ.get("BENCH_SCIM_USERS", USERS))
    with rig.server("config.asgi:application") as ours:  # one process, as `bin/tenantry up` has unless it is told otherwise
        url = f"{ours}/scim/v2"
        organization_id, token = organization(tenant, "Directory")
        create(url, token, users=200, stem="warm")
        with jackson(dsn) as peer:
            rates, peers = [], []
            for turn in range(3):  # in turns, so that both see the same machine
                rates.append(create(url, token, users=users, stem=f"run{turn}-"))
                if peer:
                    peers.append(create(*peer, users=users, stem=f"run{turn}-"))
        rate = statistics.median(rates)
        row(f"{users:,} users created by {CONNECTIONS} connections", f"{rate:,.0f}/s", "≥ 250/s", rate >= 250)
        if peers:
            ratio = statistics.median(ours / theirs for ours, theirs in zip(rates, peers, strict=True))
            text = f"{ratio:.2f} (it: {statistics.median(peers):,.0f}/s)"
            row(f"the same against {PEER.rpartition('@')[0]}", text, "> 1", ratio > 1)
        _agree(dsn, organization_id, 3 * users + 200)
        client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=120)
        _bulk(client, row)
        _group(dsn, client, organization_id, row)
        _find(dsn, tenant, url, row)


@contextmanager
def jackson(dsn: str) -> Iterator[tuple[str, str] | None]:
    """A directory at the peer, in a database of its own beside ours: its address and token. None where npm isn't there to install it."""
    npm, home = shutil.which("npm"), Path(os.environ["TENANTRY_HOME"], "peer")
    if npm is None:
        print(f"  no npm: {PEER} is left out", file=sys.stderr)
        yield None
        return
    quietly = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run([npm, "install", "--prefix", home, *quietly, PEER], check=True, capture_output=True)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create database jackson")
        socket = connection.info.host
    command = ["node", str(Path(__file__).parent / "peers" / "jackson.js"), socket, "jackson"]
    environment = {**os.environ, "NODE_PATH": str(home / "node_modules")}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        found = json.loads(process.stdout.readline())
        url, token = f"http://127.0.0.1:{found['port']}{found['path']}", found["token"]
        create(url, token, users=200, stem="warm")
        yield url, token
    finally:
        process.terminate()
        process.wait(15)


def _agree(dsn: str, organization_id: UUID, users: int) -> None:
    """What was created is what is counted, held and recorded."""
    with psycopg.connect(dsn) as connection:
        asked = (
            "select count(*) from organizations_membership where organization_id = %s and status = 'active'",
            "select used from entitlements_tally where organization_id = %s and resource_type = 'seat:member'",
            "select count(*) from audit_event where organization_id = %s and action = 'member.added' and source = 'scim'",
        )
        found = [connection.execute(statement, [organization_id]).fetchone() for statement in asked]
    assert found == [(users,)] * 3, (found, users)


def _bulk(client: httpx.Client, row: Row) -> None:
    """A thousand in one request, of each kind: who comes, changes, leaves, comes back and goes for good."""
    seconds: dict[str, list[float]] = {}
    for turn in range(3):
        people = [f"bulk{turn}-{number}" for number in range(BULK)]
        new = [
            {"method": "POST", "path": "/Users", "bulkId": name, "data": person(number, f"bulk{turn}-")}
            for number, name in enumerate(people)
        ]
        made = _carried_out(client, "creates", new, seconds)
        paths = [each["location"].partition("/v2")[2] for each in made]
        for what, path, value in (("changes", "title", f"Title {turn}"), ("suspends", "active", False), ("lets return", "active", True)):
            data = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": path, "value": value}]}
            _carried_out(client, what, [{"method": "PATCH", "path": each, "data": data} for each in paths], seconds)
        _carried_out(client, "deletes", [{"method": "DELETE", "path": each} for each in paths], seconds)
    for what, times in seconds.items():
        median = statistics.median(times)
        row(f"a Bulk that {what} {BULK:,} users", f"{median:.2f} s", "< 3 s", median < 3)


def _carried_out(
    client: httpx.Client, what: str, operations: list[dict[str, Any]], seconds: dict[str, list[float]]
) -> list[dict[str, Any]]:
    began = time.perf_counter()
    answer = client.post("/Bulk", json={"schemas": [BULK_REQUEST], "Operations": operations})
    seconds.setdefault(what, []).append(time.perf_counter() - began)
    done: list[dict[str, Any]] = answer.json()["Operations"]
    assert all(each["status"] in ("200", "201", "204") for each in done) and len(done) == len(operations), answer.text[:500]
    return done


def _group(dsn: str, client: httpx.Client, organization_id: UUID, row: Row) -> None:
    from tenantry.scim.models import ScimUser

    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "select id from scim_scimuser where organization_id = %s order by id limit %s", [organization_id, MEMBERS + CHANGED]
        ).fetchall()
    people = [{"value": ScimUser.encode_id(each)} for (each,) in rows]
    made = client.post("/Groups", json={"displayName": "Everybody", "members": people[:-CHANGED]})
    assert made.status_code == 201, made.text[:500]
    seconds = []
    inside, outside = people[:CHANGED], people[-CHANGED:]
    for _ in range(5):
        operations = [{"op": "add", "path": "members", "value": outside}, {"op": "remove", "path": "members", "value": inside}]
        began = time.perf_counter()
        answer = client.patch(f"/Groups/{made.json()['id']}", json={"schemas": [PATCH], "Operations": operations})
        seconds.append(time.perf_counter() - began)
        assert answer.status_code == 204, answer.text[:500]
        inside, outside = outside, inside
    median = statistics.median(seconds)
    text = f"{median:.2f} s"
    row(f"a group of {len(people) - CHANGED:,}: {CHANGED} in, {CHANGED} out", text, "< 1 s", median < 1 and len(people) > MEMBERS)


def _find(dsn: str, tenant: str, url: str, row: Row) -> None:
    organization_id, token = organization(tenant, "Large")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_SEED, {"tenant": tenant, "organization": organization_id, "count": LARGE})
        connection.execute("vacuum analyze scim_scimuser")  # as it is a minute later: not while the server tidies up
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        seconds = []
        for number in range(ASKED):
            name = f"seeded{(number * 7919) % LARGE + 1}@LARGE.example"
            began = time.perf_counter()
            answer = client.get("/Users", params={"filter": f'userName eq "{name}"', "startIndex": 1, "count": 100})
            seconds.append(time.perf_counter() - began)
            assert answer.json()["totalResults"] == 1, answer.text
    ordered = sorted(seconds)
    p99, p50 = ordered[int(ASKED * 0.99)] * 1000, ordered[ASKED // 2] * 1000
    text = f"p99 {p99:.1f} ms, median {p50:.1f} ms"
    row(f"one of {LARGE:,} users by userName", text, "p99 < 30 ms", p99 < 30)


if __name__ == "__main__":
    print(_created(json.load(sys.stdin)))
