"""The record of what was done, and the chain that shows when somebody touched it."""

from __future__ import annotations

from django.db import models

from tenantry.tenancy.models import TenantModel


class Event(TenantModel):
    """One action. Append-only: the app role has no UPDATE or DELETE, and a trigger refuses everyone's.

    ``organization_id`` is no foreign key: the record outlives what it speaks of.
    """

    PREFIX = "evt"

    organization_id = models.UUIDField(null=True)
    category = models.CharField(max_length=20)
    action = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=254)
    impersonator_id = models.UUIDField(null=True)
    target_kind = models.CharField(max_length=30, blank=True)
    target_id = models.CharField(max_length=120, blank=True)
    target_label = models.CharField(max_length=254, blank=True)
    changes = models.JSONField(default=dict)  # {field: {"before": …, "after": …}}
    reason = models.TextField(blank=True)
    source = models.CharField(max_length=12)
    request_id = models.CharField(max_length=64, blank=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(name="audit_event_organization", fields=["tenant_id", "organization_id", "-id"]),
            models.Index(name="audit_event_category", fields=["tenant_id", "category", "-id"]),
            models.Index(name="audit_event_target", fields=["tenant_id", "target_id", "-id"]),
            models.Index(name="audit_event_actor", fields=["tenant_id", "actor_id", "-id"]),
        ]


class Pending(TenantModel):
    """An event that no link holds yet; its id is the event's. Written by a trigger, emptied by the sealer."""


class Link(TenantModel):
    """One event's place in the tenant's hash chain. Append-only. ``id`` is the event's."""

    sequence = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(name="audit_link_place", fields=["tenant_id", "sequence"])]
