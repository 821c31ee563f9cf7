"""The administration's tables: settings, mappings of groups to roles, and errors. Users and groups are in ``models.py``."""

from __future__ import annotations

from django.db import models

from tenantry.tenancy.fields import OrganizationId
from tenantry.tenancy.models import TenantModel


class ScimSettings(TenantModel):
    """What an organization's directory may do. No row: as the defaults say. The row is also the lock of its tokens and mappings.

    ``…_told_at``: when the owners were last mailed about it (alerts.py).
    """

    organization_id = OrganizationId()
    enabled = models.BooleanField(default=True)
    provision = models.BooleanField(default=True)
    deprovision = models.BooleanField(default=True)
    update_profile = models.BooleanField(default=True)
    default_role = models.CharField(max_length=20, default="learner")
    seats_told_at = models.DateTimeField(null=True)
    last_owner_told_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="scim_settings_one", fields=["tenant_id", "organization_id"]),
            models.CheckConstraint(
                name="scim_default_role_harmless", condition=~models.Q(default_role__in=["owner", "maintainer", "billing_admin"])
            ),
        ]


class ScimGroupMapping(TenantModel):
    """A directory's group gives a role. ``group_key`` is the name in lower case, so that no group is mapped twice."""

    organization_id = OrganizationId()
    group = models.CharField(max_length=255)
    group_key = models.CharField(max_length=780)  # lower case may be longer
    role = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(name="scim_mapping_one", fields=["tenant_id", "organization_id", "group_key"])]


class ScimError(TenantModel):
    """A directory's request that was refused. ``sent`` is its body without what is secret or personal (errors.py)."""

    PREFIX = "sce"

    organization_id = OrganizationId()
    request_id = models.CharField(max_length=100)
    token_name = models.CharField(max_length=120, blank=True)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=300)
    user_name = models.CharField(max_length=254, blank=True)
    status = models.PositiveSmallIntegerField()
    scim_type = models.CharField(max_length=20, blank=True)
    code = models.CharField(max_length=60)
    detail = models.TextField()
    sent = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(name="scim_error_latest", fields=["tenant_id", "organization_id", "-id"])]
