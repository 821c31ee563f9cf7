"""Work of this room that no request waits for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from tenantry.kit.clock import now
from tenantry.organizations.models import Organization
from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import tenant_ids

from . import ending, notices, upkeep
from .models import Flow, SeenAssertion, SingleSession

KEPT = timedelta(days=1)
SESSIONS_KEPT = timedelta(days=60)


@app.task(queue="mail", retry=RetryStrategy(max_attempts=3, wait=5))
def mail_no_seat(tenant_id: str, organization_id: str, who: str, detail: str) -> None:
    """Tell the owners that somebody found no seat."""
    with scope(UUID(tenant_id)):
        organization = Organization.objects.filter(id=organization_id).first()
        if organization is not None:
            notices.tell_owners(organization, "sso_no_seat", subject="Somebody found no free seat", who=who or "Somebody", detail=detail)


@app.periodic(cron="47 * * * *")
@app.task(queueing_lock="sso.forget")
def forget(timestamp: int) -> None:
    """Every hour: drop flows that are over, assertions that are refused for their age by now, names of sessions long gone, and the
    id_tokens of sessions that have been over for an hour: nobody signs out of them at the provider any more."""
    for tenant_id in tenant_ids():
        with scope(tenant_id):
            Flow.objects.filter(expires_at__lt=now() - KEPT).delete()
            SeenAssertion.objects.filter(expires_at__lt=datetime.now(UTC)).delete()
            SingleSession.objects.filter(created_at__lt=now() - SESSIONS_KEPT).delete()
            ending.forget_id_tokens()


@app.periodic(cron="13 4 * * *")
@app.task(queueing_lock="sso.look_after")
def look_after(timestamp: int) -> None:
    """Every day: read metadata and discovery anew, with no scope open meanwhile, and tell owners of certificates that end."""
    for tenant_id in tenant_ids():
        with scope(tenant_id):
            sources = upkeep.sources()
        for connection_id, url, issuer in sources:
            found = upkeep.look(url, issuer)
            with scope(tenant_id):
                upkeep.take_over(connection_id, url, issuer, found)
        with scope(tenant_id):
            upkeep.warn()
