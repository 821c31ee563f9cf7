"""The people and groups that a directory has made known, as it sees them; the memberships that follow are the organization's own."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tenantry.kit.clock import now
from tenantry.people.models import User
from tenantry.tenancy.fields import OrganizationId
from tenantry.tenancy.models import TenantForeignKey, TenantModel


class ScimUser(TenantModel):
    """One person of a directory. ``data`` is what it sent, in canonical names, without what has a column of its own.

    ``active`` is the directory's word, not the membership's state. ``user`` is empty while no address is known. A deleted row stays,
    so that its id is never anybody else's. ``given_role`` is the role that the directory gave last, ``suspended_here`` whether
    the membership was suspended by it: only what it did itself it undoes by itself.
    """

    PREFIX = "scu"

    organization_id = OrganizationId()
    user = TenantForeignKey(User, null=True, related_name="scim_rows")
    user_name = models.CharField(max_length=255)
    user_name_key = models.CharField(max_length=780)  # casefolded, which may be longer
    external_id = models.CharField(max_length=255, blank=True)
    address_key = models.CharField(max_length=780, blank=True)  # of the first address; others have rows of their own
    data = models.JSONField(default=dict)
    active = models.BooleanField(default=True)
    made_user = models.BooleanField(default=False)
    given_role = models.CharField(max_length=20, blank=True)
    suspended_here = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(default=now)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="scim_user_name", fields=["tenant_id", "organization_id", "user_name_key"], condition=Q(deleted_at__isnull=True)
            ),
            models.UniqueConstraint(
                name="scim_user_external", fields=["tenant_id", "organization_id", "external_id"],
                condition=Q(deleted_at__isnull=True) & ~Q(external_id=""),
            ),
            models.UniqueConstraint(
                name="scim_user_person", fields=["tenant_id", "organization_id", "user"], condition=Q(deleted_at__isnull=True)
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(name="scim_user_page", fields=["tenant_id", "organization_id", "id"], condition=Q(deleted_at__isnull=True)),
            models.Index(
                name="scim_user_address", fields=["tenant_id", "organization_id", "address_key"], condition=~Q(address_key="")
            ),
            models.Index(name="scim_user_account", fields=["tenant_id", "user"]),
        ]  # fmt: skip


class ScimAddress(TenantModel):
    """A further e-mail address of a directory's person, so that it is found by an index like the first."""

    organization_id = OrganizationId()
    holder = TenantForeignKey(ScimUser, related_name="addresses")
    key = models.CharField(max_length=780)

    class Meta:
        indexes = [
            models.Index(name="scim_address_key", fields=["tenant_id", "organization_id", "key"]),
            models.Index(name="scim_address_holder", fields=["tenant_id", "holder"]),
        ]


class ScimGroup(TenantModel):
    """One group of a directory. Its name decides by the mappings which role its members have."""

    PREFIX = "scg"

    organization_id = OrganizationId()
    display_name = models.CharField(max_length=255)
    name_key = models.CharField(max_length=780)
    external_id = models.CharField(max_length=255, blank=True)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="scim_group_name", fields=["tenant_id", "organization_id", "name_key"]),
            models.UniqueConstraint(
                name="scim_group_external", fields=["tenant_id", "organization_id", "external_id"], condition=~Q(external_id="")
            ),
        ]
        indexes = [models.Index(name="scim_group_page", fields=["tenant_id", "organization_id", "id"])]


class ScimGroupMember(TenantModel):
    """A person of the directory in a group of it."""

    organization_id = OrganizationId()
    group = TenantForeignKey(ScimGroup, related_name="members")
    member = TenantForeignKey(ScimUser, related_name="group_rows")

    class Meta:
        constraints = [models.UniqueConstraint(name="scim_group_member_one", fields=["tenant_id", "group", "member"])]
        indexes = [models.Index(name="scim_group_of_member", fields=["tenant_id", "member"])]
