"""Mails on their way out."""

from __future__ import annotations

from django.db import models

from tenantry.tenancy.models import TenantModel


class Message(TenantModel):
    """One mail to one address, written with the act that caused it and sent by a job.

    A body may carry a sign-in link, so it is sealed at rest and dropped once a real server took it.
    """

    PREFIX = "msg"

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"

    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    template = models.CharField(max_length=60)
    sealed_body = models.BinaryField(null=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(name="mail_message_to", fields=["tenant_id", "to", "-id"])]
        constraints = [models.CheckConstraint(name="mail_status_known", condition=models.Q(status__in=["queued", "sent", "failed"]))]
