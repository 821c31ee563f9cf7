"""Sending, outside any request and outside any scope."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from tenantry.kit.clock import now
from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import tenant_ids

from . import transports
from .models import Message
from .services import read_body

KEPT = timedelta(days=30)


@app.task(queue="mail", retry=RetryStrategy(max_attempts=6, exponential_wait=4))
def send(tenant_id: str, message_id: str) -> None:
    """Send one queued mail: read in one scope, talk to the server in none, note the outcome in another."""
    with scope(UUID(tenant_id)):
        message = Message.objects.filter(id=message_id).exclude(status=Message.Status.SENT).first()
        if message is None:
            return
        body = read_body(message)
    try:
        transports.send(to=message.to, subject=message.subject, **body)
    except (OSError, smtplib.SMTPException) as error:
        with scope(UUID(tenant_id)):
            Message.objects.filter(id=message_id).update(status=Message.Status.FAILED, error=str(error)[:1000])
        raise
    with scope(UUID(tenant_id)):
        sent = {"status": Message.Status.SENT, "sent_at": now(), "error": ""}
        if transports.configured():
            sent["sealed_body"] = None  # a delivered sign-in link has no business in our tables
        Message.objects.filter(id=message_id).update(**sent)


@app.periodic(cron="47 * * * *")
@app.task(queueing_lock="mail.forget")
def forget(timestamp: int) -> None:
    """Every hour: drop mails older than 30 days, sent or not; the record keeps what caused them."""
    for tenant_id in tenant_ids():
        with scope(tenant_id):
            Message.objects.filter(created_at__lt=now() - KEPT).delete()
