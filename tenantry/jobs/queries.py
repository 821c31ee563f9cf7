"""Jobs as people see them: which there are, of whom, and what became of them.

The queue has no tenant of its own (docs/security/isolation.md), so everything here filters by the tenant in the job's arguments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connections
from procrastinate.contrib.django import app

from tenantry.kit.paging import Page, cut, decode_cursor
from tenantry.kit.problems import Problem, invalid, not_found
from tenantry.tenancy.scope import current

# dead: tried as often as it may be. retrying: failed, and will be tried again.
STATES: Final = ("running", "waiting", "scheduled", "retrying", "dead", "cancelled")
OPEN: Final = STATES[:5]

_STATE = """
case job.status when 'doing' then 'running' when 'failed' then 'dead' when 'cancelled' then 'cancelled'
  when 'todo' then case when failure.job_id is not null then 'retrying' when job.scheduled_at > now() then 'scheduled' else 'waiting' end
  else 'over' end
"""
# Of a tenant: its own, and where there is only one, those of the system too. The second parameter says whether there is only one.
_OF_TENANT = "(job.args->>'tenant_id' = %(tenant)s or (%(alone)s and job.args->>'tenant_id' is null))"
_SELECT = f"""
select job.id, job.task_name as task, job.queue_name as queue, job.args as arguments, state, job.attempts, job.scheduled_at as due_at,
       (select min(at) from procrastinate_events where job_id = job.id and type = 'deferred') as queued_at,
       (select max(at) from procrastinate_events where job_id = job.id and type = 'started') as started_at,
       failure.failed_at, failure.kind, failure.message, failure.traceback, failure.lost
  from procrastinate_jobs job
  left join jobs_failure failure on failure.job_id = job.id
 cross join lateral (select {_STATE} as state) as standing
"""  # noqa: S608  # of our own constants


@dataclass(frozen=True, slots=True)
class Job:
    """One job. ``attempts`` are those that are over; ``due_at`` is None when it may run at once; the system's own have no ``tenant_id``."""

    id: int
    task: str
    queue: str
    arguments: Mapping[str, Any]
    state: str
    attempts: int
    due_at: datetime | None
    queued_at: datetime | None
    started_at: datetime | None
    failed_at: datetime | None
    kind: str | None
    message: str | None
    traceback: str | None
    lost: int | None

    @property
    def name(self) -> str:
        """``mail.send`` for ``tenantry.mail.tasks.send``."""
        return self.task.removeprefix("tenantry.").replace(".tasks.", ".")

    @property
    def purpose(self) -> str:
        """What the task is for, in the first sentence of its own description."""
        task = app.tasks.get(self.task)
        return (task.func.__doc__ or "").strip().split("\n")[0] if task else "This version doesn't know this task."

    @property
    def tenant_id(self) -> UUID | None:
        found = self.arguments.get("tenant_id")
        return UUID(found) if _is_id(found) else None

    @property
    def about(self) -> dict[str, str]:
        """The arguments that are identifiers. Others may hold an address (docs/security/isolation.md)."""
        return {name: value for name, value in self.arguments.items() if name != "tenant_id" and _is_id(value)}

    @property
    def error(self) -> str:
        """How it failed the last time, in one line."""
        return f"{self.kind}: {self.message}".removesuffix(": ")[:300] if self.kind else ""


def _is_id(value: Any) -> bool:
    try:
        UUID(value)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def list_jobs(*, state: str = "", cursor: str | None = None, limit: int = 50) -> Page[Job]:
    """This tenant's jobs, the latest first: those in a state, or all that are not over. Raises Problem 422 ``state_unknown``, 400."""
    return _page(_OF_TENANT, _whose(), state_filter(state), cursor, limit)


def all_jobs(states: tuple[str, ...], *, tenant_id: UUID | None = None, limit: int = 100) -> list[Job]:
    """Jobs of every tenant and of the system, for the operator at the command line; perhaps one tenant's alone."""
    where = "job.args->>'tenant_id' = %(tenant)s" if tenant_id else "true"
    return list(_page(where, {"tenant": str(tenant_id)}, states, None, limit).rows)


def load(job_id: int) -> Job:
    """One of this tenant's jobs. Raises Problem 404."""
    found = _rows(f"{_OF_TENANT} and job.id = %(id)s", {**_whose(), "id": job_id})
    if not found:
        raise not_found("job")
    return found[0]


def load_any(job_id: int) -> Job:
    """Any job, for the operator. Raises Problem 404."""
    found = _rows("job.id = %(id)s", {"id": job_id})
    if not found:
        raise not_found("job")
    return found[0]


def dead_jobs() -> int:
    """How many of this tenant's jobs have given up."""
    with connections[current().using].cursor() as cursor:
        cursor.execute(f"select count(*) from procrastinate_jobs job where status = 'failed' and {_OF_TENANT}", _whose())  # noqa: S608  # as above
        return int(cursor.fetchone()[0])


def _whose() -> dict[str, Any]:
    """The parameters of ``_OF_TENANT``."""
    return {"tenant": str(current().tenant_id), "alone": not settings.ENVIRONMENT.multi}


def state_filter(state: str) -> tuple[str, ...]:
    """The states that a filter means; empty is every one that isn't over. Raises Problem 422."""
    if state and state not in STATES:
        raise invalid(f"There is no such state; there are {', '.join(STATES)}.", pointer="?state", code="state_unknown")
    return (state,) if state else OPEN


def _page(where: str, parameters: dict[str, Any], states: tuple[str, ...], cursor: str | None, limit: int) -> Page[Job]:
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        if not last.isdecimal():
            raise Problem(400, "cursor_invalid", "This cursor is not one that this list gave.")
        where += " and job.id < %(last)s"
        parameters = {**parameters, "last": int(last)}
    statuses = "('cancelled')" if states == ("cancelled",) else "('todo', 'doing', 'failed')"
    where += f" and job.status in {statuses} and state = any(%(states)s) order by job.id desc limit %(limit)s"
    rows = _rows(where, {**parameters, "states": list(states), "limit": limit + 1})
    return cut(rows, limit, lambda job: [job.id])


def _rows(where: str, parameters: dict[str, Any]) -> list[Job]:
    with connections["default"].cursor() as cursor:
        cursor.execute(f"{_SELECT} where {where}", parameters)
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [Job(**{**row, "arguments": json.loads(row["arguments"])}) for row in rows]  # Django gives JSON as text
