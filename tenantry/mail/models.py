"""Mails on their way out, and addresses that get none any more."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tenantry.tenancy.models import SealedField, TenantModel

LOST = ["failed", "suppressed", "bounced"]


class Message(TenantModel):
    """One mail to one address, written with the act that caused it and sent by a job.

    A body may carry a sign-in link, so it is sealed at rest and dropped once a real server took it. ``about`` is the identifier
    of what the mail is about (``inv_…``), so that its page can say what became of it. ``code`` and ``error`` say why it didn't
    go, in our word and in the server's.
    """

    PREFIX = "msg"

    class Status(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"
        SUPPRESSED = "suppressed"  # the address is on the suppression list
        BOUNCED = "bounced"  # a server took it, and it came back or was complained of

    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200)
    template = models.CharField(max_length=60)
    about = models.CharField(max_length=60, blank=True)
    sealed_body = SealedField("mail", null=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    code = models.CharField(max_length=30, blank=True)
    error = models.TextField(blank=True)
    provider_id = models.CharField(max_length=200, blank=True)  # what the provider calls it, and its bounce will
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(name="mail_message_to", fields=["tenant_id", "to", "-id"]),
            models.Index(name="mail_message_about", fields=["tenant_id", "about", "-id"], condition=~Q(about="")),
            models.Index(
                name="mail_message_lost", fields=["tenant_id", "-id"], condition=Q(status__in=["failed", "suppressed", "bounced"])
            ),
            models.Index(name="mail_message_provider", fields=["tenant_id", "provider_id"], condition=~Q(provider_id="")),
        ]
        constraints = [
            models.CheckConstraint(name="mail_status_known", condition=Q(status__in=["queued", "sent", "failed", "suppressed", "bounced"]))
        ]


class Suppression(TenantModel):
    """An address that gets no mail: it doesn't exist, or its owner called our mail unwanted. Staff can lift it."""

    PREFIX = "sup"

    class Reason(models.TextChoices):
        BOUNCE = "bounce"
        COMPLAINT = "complaint"

    address = models.CharField(max_length=254)
    reason = models.CharField(max_length=10, choices=Reason.choices)
    provider = models.CharField(max_length=20)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="mail_suppression_address", fields=["tenant_id", "address"]),
            models.CheckConstraint(name="mail_suppression_reason_known", condition=Q(reason__in=["bounce", "complaint"])),
        ]
