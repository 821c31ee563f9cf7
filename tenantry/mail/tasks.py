"""Sending, outside any request and outside any scope."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from tenantry.kit import metrics, tracing
from tenantry.kit.clock import now
from tenantry.kit.outgoing import call_now
from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import tenant_ids

from . import routes, transports
from .models import Message, Suppression
from .services import SUPPRESSED, Status, written

KEPT = timedelta(days=30)
TRIES_AGAIN = 6  # after 4, 16, 64, 256, 1024 and 4096 seconds


@app.task(queue="mail", pass_context=True, retry=RetryStrategy(max_attempts=TRIES_AGAIN, exponential_wait=4))
def send(context: JobContext, tenant_id: str, message_id: str) -> None:
    """Send one queued mail: read in one scope, talk to the server in none, note the outcome in another.

    A refusal for good ends it; anything else is tried again and then left as a failed job.
    """
    with scope(UUID(tenant_id)):
        message = Message.objects.filter(id=message_id, status__in=[Status.QUEUED, Status.FAILED]).first()
        if message is None:
            return
        if Suppression.objects.filter(address=message.to.lower()).exists():
            Message.objects.filter(id=message_id).update(status=Status.SUPPRESSED, code=SUPPRESSED, sealed_body=None)
            return
        mail, route = written(message), routes.present()
    try:
        with tracing.span("mail", kind="client", attributes={"server.address": route.host or route.transport}):
            provider_id = transports.send(route, to=message.to, mail=mail)
    except transports.Undelivered as undelivered:
        metrics.mails.labels("failed").inc()
        over = undelivered.final or context.job.attempts >= TRIES_AGAIN
        noted = {"status": Status.FAILED if over else Status.QUEUED, "code": undelivered.code, "error": undelivered.said}
        with scope(UUID(tenant_id)):
            Message.objects.filter(id=message_id).update(**noted)
        if undelivered.final:
            return
        raise
    metrics.mails.labels("sent").inc()
    sent = {"status": Status.SENT, "sent_at": now(), "code": "", "error": "", "provider_id": provider_id}
    if route.reaches:
        sent["sealed_body"] = None  # a delivered sign-in link has no business in our tables
    with scope(UUID(tenant_id)):
        Message.objects.filter(id=message_id).update(**sent)


@app.task(queue="mail", retry=RetryStrategy(max_attempts=3, exponential_wait=4))
def confirm_subscription(url: str) -> None:
    """Tell Amazon's SNS that its reports are wanted. The address is one of Amazon's (``reports.subscription_of``)."""
    answer = call_now("GET", url, headers={})
    if answer.status >= 400:
        raise RuntimeError(f"SNS answered {answer.status}")


@app.periodic(cron="47 * * * *")
@app.task(queueing_lock="mail.forget")
def forget(timestamp: int) -> None:
    """Every hour: drop mails older than 30 days, sent or not; the record keeps what caused them."""
    for tenant_id in tenant_ids():
        with scope(tenant_id):
            Message.objects.filter(created_at__lt=now() - KEPT).delete()
