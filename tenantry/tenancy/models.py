"""Tenants: the one table above all walls."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from tenantry.kit.clock import now
from tenantry.kit.ids import new_id

from .fields import SealedField, TenantForeignKey, TenantModel

__all__ = ["SealedField", "Setting", "Tenant", "TenantForeignKey", "TenantModel"]


class Tenant(models.Model):
    """One vendor's workspace. The app role sees its own row only."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=120)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACTIVE)
    sandbox = models.BooleanField(default=False)
    clock_offset = models.DurationField(default=timedelta(0))
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="tenant_slug_form", condition=models.Q(slug__regex=r"^[a-z0-9-]{3,30}$")),
            models.CheckConstraint(name="tenant_status_known", condition=models.Q(status__in=["active", "suspended"])),
            models.CheckConstraint(
                name="tenant_clock_moves_in_sandbox_only",
                condition=models.Q(sandbox=True) | models.Q(clock_offset=timedelta(0)),
            ),
        ]


class Setting(TenantModel):
    """One group of the tenant's own settings, such as ``mail``: plain values, and secrets under seal. See ``settings.py``."""

    PREFIX = "set"

    name = models.CharField(max_length=40)
    values = models.JSONField(default=dict)
    sealed_secrets = SealedField("setting", null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(name="tenancy_setting_name", fields=["tenant_id", "name"])]
