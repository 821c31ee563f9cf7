"""The doctor's checks of what the database holds: sealed values, jobs, the audit chain. They need Django."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import psycopg

from config.database import role_dsn
from config.environment import Environment

from .findings import Check, Finding


def sealed(settings: Environment) -> Iterator[Finding]:
    """The keys open what was sealed with them: the newest sealed value of each workspace."""
    from tenantry.kit.crypto import Unreadable
    from tenantry.mail.models import Message
    from tenantry.mail.services import read_body
    from tenantry.tenancy.scope import scope

    opened = 0
    for tenant_id in _tenants():
        with scope(tenant_id):
            message = Message.objects.exclude(sealed_body=None).order_by("-created_at").first()
            if message is None:
                continue
            try:
                read_body(message)
            except Unreadable:
                mend = "Add the key that was used before to TENANTRY_SECRETS_KEY, behind the new one, separated by a comma."
                yield Finding("fail", "keys", "A value in the database doesn't open with the present keys.", mend)
                return
        opened += 1
    yield Finding("ok", "keys", f"The newest sealed values of {opened} workspaces open." if opened else "There is no sealed value yet.")


def jobs(settings: Environment) -> Iterator[Finding]:
    """A worker is alive and keeps up."""
    with psycopg.connect(role_dsn(settings, "app"), autocommit=True) as connection:
        alive, overdue, failed = connection.execute(
            """
            select (select count(*) from procrastinate_workers where last_heartbeat > now() - %(limit)s),
                   (select count(*) from procrastinate_jobs j where status = 'todo'
                      and (scheduled_at is null or scheduled_at < now() - interval '10 minutes')
                      and exists (select 1 from procrastinate_events e
                                   where e.job_id = j.id and e.type = 'deferred' and e.at < now() - interval '10 minutes')),
                   (select count(*) from procrastinate_jobs where status = 'failed')
            """,
            {"limit": timedelta(seconds=settings.worker_timeout)},
        ).fetchone() or (0, 0, 0)
    if alive:
        yield Finding("ok", "worker", f"{alive} running.")
    else:
        mend = "Start bin/tenantry up (or worker): mails, expiries and the audit chain wait for it."
        yield Finding("warn", "worker", "No worker is running.", mend)
    if overdue:
        yield Finding(
            "warn", "worker", f"{overdue} jobs are more than ten minutes late.", "Look at the worker's log, or run a second worker."
        )
    if failed:
        mend = "bin/tenantry jobs --failed lists them, jobs show NUMBER says why, and jobs retry NUMBER tries again."
        yield Finding("warn", "worker", f"{failed} jobs have failed for good in the last 30 days.", mend)


def audit(settings: Environment) -> Iterator[Finding]:
    """Nothing waits for its place in the chain for over an hour. The chain itself: ``tenantry audit verify``."""
    from tenantry.audit.chain import GRACE
    from tenantry.audit.models import Pending
    from tenantry.kit.clock import now
    from tenantry.tenancy.scope import scope

    late = 0
    for tenant_id in _tenants():
        with scope(tenant_id):
            late += Pending.objects.filter(created_at__lt=now() - GRACE).count()
    if late:
        yield Finding(
            "fail", "audit", f"{late} events have waited for their link for over an hour.", "Start a worker; then bin/tenantry audit verify"
        )
    else:
        yield Finding(
            "ok", "audit", "Every event has its place in the chain, or will within the hour. To prove it: bin/tenantry audit verify"
        )


def _tenants() -> list[UUID]:
    from tenantry.tenancy.services import tenant_ids

    return tenant_ids(even_held=True)


CHECKS: list[Check] = [sealed, jobs, audit]
