"""What staff see of the background jobs, and what they can do with them: over the API, as pages, and not with anybody else's."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.audit.services import CLI
from tenantry.jobs import queries, services
from tenantry.kit.problems import Problem

from .. import factories
from ..people import Cast, Client, ok, problem
from .queue import add, status


@pytest.fixture
def support(cast: Cast) -> Client:
    """Staff who may look and no more."""
    return cast.tenant.staff("sam@northwind.example", "support")


def _states(client: Client, **wanted: Any) -> dict[int, str]:
    return {row["id"]: row["state"] for row in ok(client.get("/jobs", params=wanted))["data"]}


def test_jobs_are_listed_by_what_became_of_them(cast: Cast, support: Client) -> None:
    dead = factories.dead_job(cast.tenant.id)
    scheduled = add(cast.tenant.id, minutes=60)
    retrying = add(cast.tenant.id, minutes=60, failed="TimeoutError")
    running = add(cast.tenant.id, status="doing")
    cancelled = add(cast.tenant.id, status="cancelled")
    foreign = factories.dead_job(cast.other_tenant.id)
    system = factories.dead_job(None)
    found = _states(support)
    assert found == {dead: "dead", scheduled: "scheduled", retrying: "retrying", running: "running"}
    assert not {foreign, system, cancelled} & found.keys()
    assert _states(support, state="dead") == {dead: "dead"}
    assert _states(support, state="cancelled") == {cancelled: "cancelled"}
    problem(support.get("/jobs", params={"state": "lost"}), 422, "state_unknown")
    first = ok(support.get("/jobs", params={"limit": 3}))
    rest = ok(support.get("/jobs", params={"limit": 3, "cursor": first["next_cursor"]}))
    assert [row["id"] for row in first["data"] + rest["data"]] == sorted(found, reverse=True)
    problem(support.get("/jobs", params={"cursor": "WyJ4Il0"}), 400, "cursor_invalid")
    one = ok(support.get(f"/jobs/{dead}"))
    assert one["error"] == "ConnectionRefusedError: [Errno 111] Connection refused"
    assert one["traceback"].startswith("Traceback (most recent call last)")
    assert (one["task"], one["queue"], one["attempts"], list(one["arguments"])) == ("mail.send", "mail", 6, ["message_id"])
    for theirs in (foreign, system, 2**63 - 1):
        problem(support.get(f"/jobs/{theirs}"), 404, "not_found")
        problem(cast.admin.post(f"/jobs/{theirs}/retry"), 404, "not_found")
        problem(cast.admin.delete(f"/jobs/{theirs}"), 404, "not_found")
    assert status(foreign) == status(system) == "failed"
    for strange in ("0", "-1", str(2**63), "x"):
        problem(support.get(f"/jobs/{strange}"), 404, "not_found")


def test_an_address_in_the_arguments_is_not_shown(cast: Cast, support: Client) -> None:
    job = add(cast.tenant.id, minutes=60, email="somebody@contoso.example", next_path="/somewhere")
    assert ok(support.get(f"/jobs/{job}"))["arguments"] == {}
    for path in ("/staff/jobs", f"/staff/jobs/{job}"):
        assert "somebody@" not in support.get(f"{cast.tenant.url}{path}").text


def test_a_dead_job_is_tried_again_with_all_its_tries(cast: Cast) -> None:
    job = factories.dead_job(cast.tenant.id)
    assert ok(cast.admin.post(f"/jobs/{job}/retry"))["attempts"] == 0
    cast.tenant.jobs_done()  # the worker hears of it at once: jobs_done waits for 15 s at most
    assert status(job) == "succeeded"
    problem(cast.admin.post(f"/jobs/{job}/retry"), 409, "state_conflict")
    problem(cast.admin.delete(f"/jobs/{job}"), 409, "state_conflict")
    waiting = add(cast.tenant.id, minutes=60, failed="TimeoutError")
    ok(cast.admin.post(f"/jobs/{waiting}/retry"))
    cast.tenant.jobs_done()
    assert status(waiting) == "succeeded"
    assert _states(cast.admin) == {}


def test_a_running_job_is_left_alone_and_a_waiting_one_can_be_cancelled(cast: Cast) -> None:
    running, waiting, dead = add(cast.tenant.id, status="doing"), add(cast.tenant.id, minutes=60), factories.dead_job(cast.tenant.id)
    refused = problem(cast.admin.delete(f"/jobs/{running}"), 409, "state_conflict")
    assert "Wait for its end" in refused["detail"]
    problem(cast.admin.post(f"/jobs/{running}/retry"), 409, "state_conflict")
    for job in (waiting, dead):
        assert ok(cast.admin.delete(f"/jobs/{job}"))["state"] == "cancelled"
        assert status(job) == "cancelled"
    told = {row["action"] for row in ok(cast.admin.get("/audit-events"))["data"]}
    assert "job.cancelled" in told


def test_the_same_work_is_not_queued_twice(cast: Cast) -> None:
    lock = f"test.{cast.tenant.slug}"
    dead = add(cast.tenant.id, status="failed", lock=lock)
    add(cast.tenant.id, minutes=60, lock=lock)
    problem(cast.admin.post(f"/jobs/{dead}/retry"), 409, "job_queued_again")
    assert status(dead) == "failed"


def test_who_may_look_and_who_may_act(cast: Cast, support: Client) -> None:
    dead = factories.dead_job(cast.tenant.id)
    for client in (cast.owner, cast.outsider, cast.learner):
        problem(client.get("/jobs"), 404, "not_found")
    problem(cast.nobody.get("/jobs"), 401, "unauthenticated")
    problem(cast.tenant.staff("carl@northwind.example", "csm").get("/jobs"), 403, "permission_denied")
    problem(support.post(f"/jobs/{dead}/retry"), 403, "permission_denied")
    problem(support.delete(f"/jobs/{dead}"), 403, "permission_denied")
    assert support.post(f"{cast.tenant.url}/staff/jobs/{dead}/retry").status_code == 403
    assert status(dead) == "failed"


def test_the_pages(cast: Cast, support: Client) -> None:
    base = cast.tenant.url
    nora = cast.tenant.staff("nora@northwind.example", "admin")
    assert "Nothing needs you" in nora.get(f"{base}/staff/").text
    assert nora.get(f"{base}/").headers["location"].endswith("/staff/")
    dead, second = factories.dead_job(cast.tenant.id), factories.dead_job(cast.tenant.id)
    home = nora.get(f"{base}/staff/").text
    assert "2 background jobs have given up" in home
    assert f"/t/{cast.tenant.slug}/staff/jobs?state=dead" in home
    assert "given up" not in cast.tenant.staff("carl@northwind.example", "csm").get(f"{base}/staff/").text
    listed = nora.get(f"{base}/staff/jobs", params={"state": "dead"}).text
    assert f"/staff/jobs/{dead}/retry" in listed
    assert f"/staff/jobs/{dead}/retry" not in support.get(f"{base}/staff/jobs").text
    assert "No job is in this state" in nora.get(f"{base}/staff/jobs", params={"state": "running"}).text
    assert "ConnectionRefusedError" in nora.get(f"{base}/staff/jobs/{dead}").text
    token = {"csrfmiddlewaretoken": nora.headers["X-CSRFToken"]}
    for path, said in (
        (f"{dead}/retry", "is tried again now"),
        (f"{second}/cancellation", "is cancelled"),
        (f"{second}/retry", "It is over"),
    ):
        shown = nora.post(f"{base}/staff/jobs/{path}", data=token, follow_redirects=True)
        assert (shown.status_code, said in shown.text) == (200, True), path
    cast.tenant.jobs_done()
    assert (status(dead), status(second)) == ("succeeded", "cancelled")


def test_the_operator_sees_the_systems_jobs_too(cast: Cast) -> None:
    """What ``tenantry jobs`` asks of; the command itself is tried in test_installation.py."""
    system, own = factories.dead_job(None), factories.dead_job(cast.tenant.id)
    every = {job.id: job for job in queries.all_jobs(("dead",), limit=1000)}
    assert (every[system].tenant_id, every[own].tenant_id) == (None, cast.tenant.id)
    assert {job.id for job in queries.all_jobs(("dead",), tenant_id=cast.tenant.id)} == {own}
    assert services.cancel_any(job_id=system, actor=CLI).state == "cancelled"
    assert services.cancel_any(job_id=own, actor=CLI).state == "cancelled"
    told = ok(cast.admin.get("/audit-events"))["data"][0]
    assert (told["action"], told["actor"]["label"]) == ("job.cancelled", CLI.label)
    with pytest.raises(Problem, match="no such job"):
        services.retry_any(job_id=2**60, actor=CLI)
