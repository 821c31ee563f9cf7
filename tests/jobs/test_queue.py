"""What the queue promises: nothing of what was rolled back, each period once, a reason for every failure, nothing lost with a worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.db import connection, transaction
from procrastinate import PsycopgConnector, jobs
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.manager import JobManager

from tenantry.jobs import bookkeeping, queries
from tenantry.jobs.queries import Job
from tenantry.kit.ids import new_id
from tenantry.people.entry import ask_for_link

from ..people import Cast, Tenant, ok, problem
from .queue import add, count, status


def _on_connectors(number: int, act: Callable[[Any], Awaitable[Any]]) -> list[Any]:
    """The same act at the same moment on as many connections, each like a worker's own."""

    async def run() -> list[Any]:
        made = [PsycopgConnector(kwargs=connector_params("default"), min_size=1, max_size=1) for _ in range(number)]
        for connector in made:
            await connector.open_async()
        try:
            return await asyncio.gather(*(act(connector) for connector in made))
        finally:
            for connector in made:
                await connector.close_async()

    return asyncio.run(run())


def test_what_is_rolled_back_leaves_no_job(cast: Cast) -> None:
    before = count(cast.tenant.id)
    with cast.tenant.scope():
        ask_for_link(email=cast.owner.email)
        assert count(cast.tenant.id) == before + 1
        transaction.set_rollback(True)
    with pytest.raises(ZeroDivisionError), cast.tenant.scope():
        ask_for_link(email=cast.owner.email)
        raise ZeroDivisionError
    assert count(cast.tenant.id) == before


def test_a_period_is_deferred_once_by_any_number_of_workers() -> None:
    """Procrastinate's own call, as each worker's scheduler makes it, from eight at once."""
    moment, name = int(time.time()), f"test.{new_id().hex}"

    def job() -> jobs.Job:
        return jobs.Job(
            id=None, queue="nobody's", lock=None, queueing_lock=None, task_name=name, task_kwargs={"timestamp": moment},
            scheduled_at=None, attempts=0, priority=0,
        )  # fmt: skip

    async def defer(connector: Any) -> int | None:
        return await JobManager(connector).defer_periodic_job(job=job(), periodic_id="", defer_timestamp=moment)

    made = [job_id for job_id in _on_connectors(8, defer) if job_id is not None]
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set status = 'cancelled' where task_name = %s returning id", [name])
        assert [row[0] for row in cursor.fetchall()] == made
    assert len(made) == 1


def test_each_periodic_task_of_the_run_was_done_once_per_period() -> None:
    """The run's worker has been at it since its start; what it did must show no period twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select task_name, args->>'timestamp', count(*) from procrastinate_jobs where args ? 'timestamp' and queue_name <> 'test' "
            "group by 1, 2 having count(*) > 1"
        )
        assert cursor.fetchall() == []
    assert {task.task.name for task in app.periodic_registry.periodic_tasks.values()} >= {"tenantry.audit.tasks.seal_all"}


def test_a_failure_keeps_its_traceback_and_what_cannot_be_tried_again_is_dead(cast: Cast) -> None:
    """A task that is called wrongly: the run's own worker fails at it."""
    job = add(cast.tenant.id, task="tenantry.access.tasks.forget_attempts", timestamp=0, email="somebody@contoso.example")
    cast.tenant.jobs_done()
    found = ok(cast.admin.get(f"/jobs/{job}"))
    assert (found["state"], found["attempts"]) == ("dead", 1)
    assert found["error"].startswith("TypeError: ")
    assert "Traceback (most recent call last)" in found["traceback"]
    assert "unexpected keyword argument" in found["traceback"]
    # One that is tried again says so, and succeeds once it can.
    again = add("nobody's", task="tenantry.people.tasks.mail_sign_in_link", email=cast.owner.email, next_path="")
    assert _until(again, "retrying").error == "ValueError: badly formed hexadecimal UUID string"
    _execute(
        "update procrastinate_jobs set args = args || jsonb_build_object('tenant_id', %s::text), scheduled_at = null where id = %s",
        str(cast.tenant.id), again,
    )  # fmt: skip
    assert _until(again, "over").error == ""
    cast.tenant.mail_for(cast.owner.email)


def _until(job_id: int, state: str) -> Job:
    until = time.monotonic() + 15
    while (job := queries.load_any(job_id)).state != state:
        assert time.monotonic() < until, job
        time.sleep(0.05)
    return job


def _keep(job_id: int, error: BaseException) -> None:
    made = jobs.Job(id=job_id, queue="", lock=None, queueing_lock=None, task_name="", task_kwargs={}, attempts=0)
    _on_connectors(1, lambda connector: bookkeeping.keep_failure(connector, made, error))


def test_no_secret_and_no_address_stays_in_what_is_kept(tenant: Tenant) -> None:
    job = add(tenant.id, status="failed")
    secrets = [
        "tk_live_Zm9vYmFyYmF6cXV4",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "hunter2hunter2",
        "ada.okafor+x@contoso.example",
        "s3cr3t",
    ]
    try:
        raise ValueError(
            f"Authorization: Bearer {secrets[0]} for {secrets[3]}, password='{secrets[2]}', signed with {secrets[1]}, "
            f"at smtp://user:{secrets[4]}@mail.example.com:587"
        )
    except ValueError as error:
        _keep(job, error)
    found = queries.load_any(job)
    assert found.message and found.traceback
    for secret in secrets:
        assert secret not in found.message + found.traceback.replace("secrets", "")
    assert "mail.example.com" in found.message, "what helps to mend it stays"
    assert "test_queue.py" in found.traceback


def _silent_worker(seconds: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into procrastinate_workers (last_heartbeat) values (now() - make_interval(secs => %s)) returning id", [seconds]
        )
        return int(cursor.fetchone()[0])


def test_jobs_of_lost_workers_are_given_to_others_once(tenant: Tenant) -> None:
    """Eight workers look at the same time; the worker of the run may be the ninth."""
    lost, alive = _silent_worker(60), _silent_worker(5)
    theirs = [add(tenant.id, status="doing", worker=lost) for _ in range(20)]
    running = add(tenant.id, status="doing", worker=alive)
    rows = [row["id"] for found in _on_connectors(8, lambda connector: bookkeeping.rescue(connector, silence=30)) for row in found]
    assert len(set(rows)) == len(rows), "nobody's job was given away twice"
    assert status(running) == "doing"
    _execute("update procrastinate_jobs set status = 'cancelled' where id = %s", running)
    tenant.jobs_done()
    assert {status(job) for job in theirs} == {"succeeded"}


def test_a_job_that_keeps_losing_workers_is_given_to_no_more(tenant: Tenant) -> None:
    job = add(tenant.id, status="doing", worker=_silent_worker(60), failed="WorkerLost")
    _execute("update jobs_failure set lost = %s where job_id = %s", bookkeeping.LOST_LIMIT - 1, job)
    _on_connectors(2, lambda connector: bookkeeping.rescue(connector, silence=30))
    found = queries.load_any(job)
    assert (found.state, found.lost, found.kind) == ("dead", bookkeeping.LOST_LIMIT, "WorkerLost")
    ok(tenant.key().post(f"/jobs/{job}/retry"))  # its owner has mended it
    tenant.jobs_done()
    assert status(job) == "succeeded"


def _execute(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def test_of_two_lost_jobs_of_the_same_work_one_is_done(tenant: Tenant) -> None:
    lost, lock = _silent_worker(60), f"test.{tenant.slug}"
    older, younger = (add(tenant.id, status="doing", worker=lost, lock=lock) for _ in range(2))
    _on_connectors(2, lambda connector: bookkeeping.rescue(connector, silence=30))
    tenant.jobs_done()
    assert (status(older), status(younger)) == ("cancelled", "succeeded")


def test_jobs_are_given_back_as_if_they_had_not_begun(tenant: Tenant) -> None:
    mine = _silent_worker(0)
    job, other = add(tenant.id, status="doing", worker=mine), add(tenant.id, status="doing", worker=mine)
    given = _on_connectors(1, lambda connector: bookkeeping.give_back(connector, [job], worker=mine))
    assert given == [1]
    tenant.jobs_done()  # the worker of the run has taken the one, and found that nobody holds the other
    assert (status(job), status(other)) == ("succeeded", "succeeded")
    assert queries.load_any(job).attempts == 1
    problem(tenant.key().get(f"/jobs/{2**62}"), 404, "not_found")
