"""Answers kept for clients that repeat a POST."""

from __future__ import annotations

from django.db import models

from tenantry.tenancy.models import SealedField, TenantModel


class Replay(TenantModel):
    """The first answer to an Idempotency-Key, replayed for 24 hours. Sealed: an answer may show a key once."""

    caller = models.CharField(max_length=60)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    sealed_answer = SealedField("replay", null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="api_replay_key", fields=["tenant_id", "caller", "key"])]
        indexes = [models.Index(name="api_replay_age", fields=["tenant_id", "created_at"])]
