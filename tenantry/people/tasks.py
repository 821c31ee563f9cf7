"""Work of this room that no request waits for."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Q
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from tenantry.kit.clock import now
from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import tenant_ids

from .factors import devices
from .impersonation import ending
from .links import send_link
from .models import Ceremony, Device, Impersonation, Session, SignIn, SignInLink, Totp

KEPT = timedelta(days=30)
HISTORY = timedelta(days=180)


@app.task(queue="mail", retry=RetryStrategy(max_attempts=3, wait=5))
def mail_sign_in_link(tenant_id: str, email: str, next_path: str) -> None:
    """Look the person up and mail the link. The request that asked did the same work for known and unknown addresses."""
    with scope(UUID(tenant_id)):
        send_link(email=email, next_path=next_path)


@app.periodic(cron="37 * * * *")
@app.task(queueing_lock="people.forget_links")
def forget_links(timestamp: int) -> None:
    """Every hour: drop links, challenges and sessions that ended a month ago, sign-ins after half a year, and browsers that
    can't have their cookie any more; the record keeps what happened."""
    for tenant_id in tenant_ids():
        with scope(tenant_id):
            SignInLink.objects.filter(expires_at__lt=now() - KEPT).delete()
            Ceremony.objects.filter(expires_at__lt=now() - KEPT).delete()
            Totp.objects.filter(confirmed_at__isnull=True, created_at__lt=now() - KEPT).delete()
            SignIn.objects.filter(created_at__lt=now() - HISTORY).delete()
            Device.objects.filter(last_used_at__lt=now() - devices.KEPT).delete()
            Session.objects.filter(Q(expires_at__lt=now() - KEPT) | Q(ended_at__lt=now() - KEPT)).delete()


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="people.end_impersonations")
def end_impersonations(timestamp: int) -> None:
    """Every five minutes: record the end of what ran out and whose session made no request since."""
    for tenant_id in tenant_ids():
        with scope(tenant_id):
            ending.close(Impersonation.objects.filter(expires_at__lte=now()), reason=ending.TIME_OVER)
