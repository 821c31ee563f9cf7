"""Limits, what is held of them, and by what."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tenantry.tenancy.fields import OrganizationId
from tenantry.tenancy.models import TenantModel

RESOURCE_TYPE = r"^[a-z]+:[a-z][a-z0-9_]*$"


class Entitlement(TenantModel):
    """The limit of one resource type for one organization, from its plan or from an override by staff.

    No row: unlimited. An override rules until ``ends_at``; then the plan's row does.
    """

    PREFIX = "ent"

    class Source(models.TextChoices):
        PLAN = "plan"
        OVERRIDE = "override"

    organization_id = OrganizationId()
    resource_type = models.CharField(max_length=60)
    source = models.CharField(max_length=8, choices=Source.choices)
    limit = models.PositiveIntegerField()
    reason = models.TextField(blank=True)
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="entitlement_one", fields=["tenant_id", "organization_id", "resource_type", "source"]),
            models.CheckConstraint(name="entitlement_resource_type_form", condition=Q(resource_type__regex=RESOURCE_TYPE)),
            models.CheckConstraint(name="entitlement_source_known", condition=Q(source__in=["plan", "override"])),
            models.CheckConstraint(name="entitlement_plan_never_ends", condition=Q(source="override") | Q(ends_at__isnull=True)),
        ]


class Tally(TenantModel):
    """How much of one resource type an organization holds: the row that every acquire and release locks."""

    organization_id = OrganizationId()
    resource_type = models.CharField(max_length=60)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="entitlement_tally_one", fields=["tenant_id", "organization_id", "resource_type"]),
            models.CheckConstraint(name="entitlement_tally_resource_type_form", condition=Q(resource_type__regex=RESOURCE_TYPE)),
        ]


class Usage(TenantModel):
    """One acquired resource of the vendor's, by the vendor's own id."""

    organization_id = OrganizationId()
    resource_type = models.CharField(max_length=60)
    resource_id = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="entitlement_usage_one", fields=["tenant_id", "organization_id", "resource_type", "resource_id"]),
            models.CheckConstraint(name="entitlement_usage_resource_type_form", condition=Q(resource_type__regex=RESOURCE_TYPE)),
        ]
