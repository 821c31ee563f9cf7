"""Keys, the vendor's own permissions, and counts of attempts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenantry.kit.clock import now
from tenantry.kit.ids import encode
from tenantry.tenancy.fields import OrganizationId
from tenantry.tenancy.models import TenantForeignKey, TenantModel


class ApiKey(TenantModel):
    """A bearer key of the vendor's staff or of one organization. Shown once; stored as prefix and SHA-256.

    ``kind`` says where it works: ``api``, or ``scim`` for the token of an organization's directory, which works at ``/scim/v2``
    alone, has no scopes and doesn't end with its maker's right to make it (scim/tokens.py).

    What a staff key may do is its role's permissions, narrowed to ``scopes`` where there are any; an organization's key may
    what an owner may, narrowed likewise. It ends with its owner's right to make it: see ``keys.revoke_keys_beyond``.
    ``allowed_ips`` are networks (``198.51.100.0/24``), None is anywhere. ``replaced_by`` is what a rotation made of it;
    ``refused_at`` when a refusal of it was last recorded.
    """

    PREFIX = "key"

    class Kind(models.TextChoices):
        API = "api"
        SCIM = "scim"

    kind = models.CharField(max_length=4, choices=Kind.choices, default=Kind.API)
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    key_hash = models.BinaryField(max_length=32)
    staff_role = models.CharField(max_length=10, blank=True)
    organization_id = OrganizationId(null=True)
    scopes = ArrayField(models.CharField(max_length=60), null=True)
    owner = TenantForeignKey("people.User", null=True, related_name="keys")
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    allowed_ips = ArrayField(models.CharField(max_length=43), null=True)
    replaced_by = TenantForeignKey("access.ApiKey", null=True, related_name="+")
    refused_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="access_key_hash", fields=["tenant_id", "key_hash"]),
            models.CheckConstraint(name="access_key_one_plane", condition=models.Q(staff_role="") ^ models.Q(organization_id__isnull=True)),
            models.CheckConstraint(
                name="access_key_kind",
                condition=models.Q(kind="api") | models.Q(kind="scim", organization_id__isnull=False, scopes__isnull=True),
            ),
        ]
        indexes = [
            models.Index(name="access_key_owner", fields=["tenant_id", "owner"]),
            models.Index(name="access_key_organization", fields=["tenant_id", "organization_id"]),
        ]

    @property
    def public_id(self) -> str:
        """``key_…``, or ``sct_…`` for a directory's token."""
        return encode("sct" if self.kind == self.Kind.SCIM else self.PREFIX, self.id)

    @property
    def status(self) -> str:
        """``active``, ``replaced`` (works until ``expires_at``, a newer one has taken its place), ``expired`` or ``revoked``."""
        if self.revoked_at:
            return "revoked"
        if self.expires_at and self.expires_at <= now():
            return "expired"
        return "replaced" if self.replaced_by_id else "active"


class VendorPermission(TenantModel):
    """A permission of the vendor's product, mapped to built-in roles, answered by access/check."""

    PREFIX = "per"

    name = models.CharField(max_length=60)
    description = models.CharField(max_length=300, blank=True)
    roles = ArrayField(models.CharField(max_length=20))

    class Meta:
        constraints = [
            models.UniqueConstraint(name="access_permission_name", fields=["tenant_id", "name"]),
            models.CheckConstraint(name="access_permission_form", condition=models.Q(name__regex=r"^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*$")),
        ]


class Attempt(TenantModel):
    """What one rate limit has counted for one subject lately. UNLOGGED: a crash forgets a day of counting, nothing else.

    ``moments`` are instants in order (microseconds since 1970), ``counts`` how many were counted up to each: see ``counters.py``.
    """

    key = models.CharField(max_length=200)
    moments = ArrayField(models.BigIntegerField())
    counts = ArrayField(models.IntegerField())
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="access_attempt_key", fields=["tenant_id", "key"])]


class Doorstep(models.Model):
    """The same where no workspace is entered yet: the one table of counts without a tenant. It names network addresses alone."""

    key = models.CharField(max_length=200, primary_key=True)
    moments = ArrayField(models.BigIntegerField())
    counts = ArrayField(models.IntegerField())
    expires_at = models.DateTimeField()


class Allowance(TenantModel):
    """One organization's own rate limits: ``limits`` rule now, ``bounds`` are how far the organization may raise them itself.

    Both are ``{rule: number}`` and hold only what differs from the installation's rules (``rates.py``).
    """

    organization_id = OrganizationId()
    limits = models.JSONField(default=dict)
    bounds = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(name="access_allowance_one", fields=["tenant_id", "organization_id"])]
