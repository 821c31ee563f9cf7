"""/metrics counts what happened, in words of few values, and for whoever has the token alone.

Other tests ask the same server meanwhile, so these say “at least”; test_installation.py counts exactly.
"""

from __future__ import annotations

import os
import secrets

import httpx
import pytest
from django.db import ProgrammingError

from tenantry.entitlements.models import Tally
from tenantry.install import counting
from tenantry.kit import metrics
from tenantry.people.links import make_link

from ..people import Cast, ok, problem
from .counts import HEADERS, Counts


@pytest.fixture
def url() -> str:
    return os.environ["TENANTRY_TEST_URL"]


def test_nobody_reads_them_without_the_token(url: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": HEADERS["Authorization"].replace("Bearer", "Basic")}):
        answer = httpx.get(f"{url}/metrics", headers=headers)
        problem(answer, 401, "metrics_token_invalid")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert httpx.get(f"{url}/metrics", headers=HEADERS).headers["content-type"].startswith("text/plain; version=0.0.4")


def test_requests_are_counted_by_route_and_status_not_by_path(url: str, cast: Cast) -> None:
    before = Counts(url)
    for _ in range(3):
        ok(cast.owner.get(f"{cast.org}/members"))
    problem(cast.outsider.get(f"{cast.org}/members"), 404, "not_found")
    strange = secrets.token_hex(8)
    cast.owner.get(f"/{strange}")
    httpx.get(f"{url}/static/portal/{strange}.css")
    cast.owner.request(strange.upper(), "/me")
    asked = {"organization": cast.contoso.public_id, "user": cast.owner.id, "permission": "members:read"}
    ok(cast.admin.post("/access/check", json=asked))
    after = Counts(url)
    members = "/api/v1/organizations/<organization_id>/members"
    assert after.more(before, "tenantry_requests_total", method="GET", route=members, status="200") >= 3
    assert after.more(before, "tenantry_requests_total", method="GET", route=members, status="404") >= 1
    assert after.more(before, "tenantry_request_seconds_count", method="GET", route=members) >= 4
    assert 0 < after.more(before, "tenantry_request_seconds_sum", method="GET", route=members) < 30
    assert after.more(before, "tenantry_requests_total", method="POST", route="/api/v1/access/check", status="200") >= 1
    assert strange not in after.text.lower()
    assert cast.tenant.slug not in after.text
    assert after.values("method", of="tenantry_requests_total") <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}


def test_sign_ins_and_limits_are_counted(url: str, cast: Cast) -> None:
    with cast.tenant.scope():
        token = make_link(user=cast.owner.me).rpartition("/")[2]
    before = Counts(url)
    ok(cast.nobody.post("/auth/link/redeem", json={"token": token}))
    attempt = {"email": f"{secrets.token_hex(4)}@contoso.example", "password": "not the one"}
    refused = problem(cast.nobody.post("/auth/password", json=attempt), 401, "sign_in_failed")
    while refused["status"] != 429:
        refused = cast.nobody.post("/auth/password", json=attempt).json()
    ok(cast.admin.put(f"{cast.org}/entitlements/quota:project", json={"limit": 1}))
    ok(cast.admin.post(f"{cast.org}/usage/quota:project", json={"resource_id": "a"}), 201)
    problem(cast.admin.post(f"{cast.org}/usage/quota:project", json={"resource_id": "b"}), 402, "entitlement_limit_reached")
    after = Counts(url)
    assert after.more(before, "tenantry_sign_ins_total", method="password", outcome="failed") >= 1
    assert after.more(before, "tenantry_sign_ins_total", method="link", outcome="succeeded") >= 1
    assert after.more(before, "tenantry_limit_refusals_total", status="429", code="rate_limited") >= 1
    assert after.more(before, "tenantry_limit_refusals_total", status="402", code="entitlement_limit_reached") >= 1


def test_what_row_level_security_refuses_is_counted(cast: Cast) -> None:
    """No request of ours is refused by it, so this one is made here; the count is this process's own."""
    counter = metrics.rls_denials.labels("entitlements_tally")
    before = counter._value.get()
    with pytest.raises(ProgrammingError, match="row-level security"), cast.tenant.scope(organizations=[cast.fabrikam.id]):
        Tally(organization_id=cast.contoso.id, resource_type="quota:project", used=9).save(force_insert=True)
    assert counter._value.get() == before + 1


def test_the_queue_is_seen_from_the_database(url: str) -> None:
    counts = Counts(url)
    assert counts("tenantry_database_up") == 1
    assert counts("tenantry_workers") >= 1
    assert counts.values("state", of="tenantry_jobs") <= {"waiting", "scheduled", "running", "dead"}


def test_files_of_ended_processes_are_folded_into_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Restarts neither lose a count nor fill the folder."""
    from prometheus_client.mmap_dict import MmapedDict, mmap_key

    home = tmp_path_factory.mktemp("home")
    folder = home / "run" / "metrics" / "host"
    folder.mkdir(parents=True)
    key = mmap_key("tenantry_mails", "tenantry_mails_total", ["outcome"], ["sent"], "Mails.")
    ended, living = (4_190_001, 4_190_002, 4_190_003), os.getpid()
    for process in (*ended, living):
        file = MmapedDict(str(folder / f"counter_{process}.db"))
        file.write_value(key, 5, 0)
        file.close()

    def total() -> float:
        return sum(sample.value for family in counting._Counts(home / "run" / "metrics").collect() for sample in family.samples)

    assert total() == 20
    for _ in range(2):
        counting._fold(folder)
        assert {path.name for path in folder.glob("*.db")} == {"counter_0.db", f"counter_{living}.db"}
        assert total() == 20
