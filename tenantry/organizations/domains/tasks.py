"""Domains are looked at again every week."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from procrastinate.contrib.django import app

from tenantry.audit.services import SYSTEM
from tenantry.kit.problems import Problem
from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import tenant_ids

from . import proofs, services

AT_A_TIME = 8


@app.periodic(cron="23 * * * *")
@app.task(queueing_lock="organizations.recheck_domains")
def recheck_domains(timestamp: int) -> None:
    """Every hour: look for the proof of domains that are due, with no transaction open meanwhile."""
    for tenant_id in tenant_ids():
        recheck(tenant_id)


def recheck(tenant_id: UUID) -> int:
    """The domains of one tenant that are due; returns how many."""
    with scope(tenant_id):
        due = services.due()
    if not due:
        return 0
    with ThreadPoolExecutor(min(AT_A_TIME, len(due))) as pool:
        found = list(pool.map(lambda row: proofs.look(row[1], row[2]), due))
    for (domain_id, _, token), outcome in zip(due, found, strict=True):
        with scope(tenant_id):
            try:
                services.settle_check(domain_id=domain_id, token=token, outcome=outcome, actor=SYSTEM)
            except Problem:  # given up meanwhile
                continue
    return len(due)
