"""Endpoints, and what is delivered to them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenantry.tenancy.fields import OrganizationId
from tenantry.tenancy.models import SealedField, TenantForeignKey, TenantModel

ALL = "*"
PAUSED_BECAUSE = {
    "by_hand": "Somebody paused it.",
    "gone": "It answered 410: it is gone, and wants nothing more.",
    "failing": "For five days every delivery to it has failed.",
}


class Endpoint(TenantModel):
    """An address that hears of events: of one organization, or, without one, of the whole tenant.

    ``claimed_by`` and ``claimed_until`` are the lease of the worker that delivers to it at present: one worker at a
    time, so that deliveries keep their order.
    """

    PREFIX = "whe"

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"

    class PauseReason(models.TextChoices):
        BY_HAND = "by_hand"
        GONE = "gone"
        FAILING = "failing"

    organization_id = OrganizationId(null=True)
    url = models.CharField(max_length=2000)
    events = ArrayField(models.CharField(max_length=60))
    description = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    pause_reason = models.CharField(max_length=8, choices=PauseReason.choices, blank=True)
    sealed_headers = SealedField("webhook", null=True)
    header_names = ArrayField(models.CharField(max_length=100), default=list)
    sealed_secret = SealedField("webhook")
    sealed_previous = SealedField("webhook", null=True)
    previous_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    key_id = models.UUIDField(null=True)  # the API key that made it, which may also take it down
    version = models.PositiveIntegerField(default=1)
    claimed_by = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(name="webhooks_endpoint_owner", fields=["tenant_id", "organization_id", "-id"])]
        constraints = [
            models.CheckConstraint(name="webhooks_endpoint_state", condition=models.Q(state__in=["active", "paused"])),
            models.CheckConstraint(name="webhooks_endpoint_pause", condition=models.Q(state="active") ^ ~models.Q(pause_reason="")),
        ]

    @property
    def hears_all(self) -> bool:
        return ALL in self.events


class Delivery(TenantModel):
    """One event on its way to one endpoint: the exact body, how often it was tried, and what the last answer was.

    ``event_id`` is what receivers know duplicates by. ``next_at`` is when it is due; null once it is delivered or failed.
    ``tries`` are ``{"at", "status", "ms", "error"}``, the earliest first.
    """

    PREFIX = "whd"

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    organization_id = OrganizationId(null=True)
    endpoint = TenantForeignKey(Endpoint, related_name="deliveries")
    event_id = models.UUIDField()
    event_type = models.CharField(max_length=60)
    body = models.TextField()
    synthetic = models.BooleanField(default=False)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    tries = models.JSONField(default=list)
    answer_status = models.PositiveSmallIntegerField(null=True)
    answer_body = models.TextField(blank=True)
    error = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(name="webhooks_delivery_endpoint", fields=["tenant_id", "endpoint", "-id"]),
            models.Index(
                name="webhooks_delivery_due", fields=["tenant_id", "endpoint", "next_at", "id"], condition=models.Q(status="pending")
            ),
            models.Index(name="webhooks_delivery_age", fields=["tenant_id", "created_at"]),
        ]
        constraints = [
            models.CheckConstraint(name="webhooks_delivery_status", condition=models.Q(status__in=["pending", "delivered", "failed"])),
            models.CheckConstraint(
                name="webhooks_delivery_due_while_pending", condition=models.Q(status="pending") ^ models.Q(next_at__isnull=True)
            ),
        ]

    @property
    def public_event_id(self) -> str:
        """The ``id`` in the body and in ``webhook-id``."""
        from tenantry.audit.models import Event

        return Event.encode_id(self.event_id)
