"""Work of this room that no request waits for."""

from __future__ import annotations

from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import tenant_ids

from .domains import tasks as domains  # noqa: F401  # its jobs are found here
from .drafts import expire_drafts
from .invitations import expire_due, mail_invitation


@app.task(queue="mail", retry=RetryStrategy(max_attempts=6, exponential_wait=4))
def mail_invitations(tenant_id: str, invitation_ids: list[str], organization_id: str = "") -> None:
    """Mail invitations, each in a transaction of its own: a retry mails only the rest.

    Held back while a window of ``organization_id`` is under way (maintenance/holding.py).
    """
    for invitation_id in invitation_ids:
        with scope(UUID(tenant_id)):
            mail_invitation(UUID(invitation_id), of=len(invitation_ids))


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="organizations.expire")
def expire(timestamp: int) -> None:
    """Every five minutes: close invitations and drop drafts that have run out."""
    for tenant_id in tenant_ids():
        with scope(tenant_id):
            expire_due()
            expire_drafts()
