"""People of a tenant: who they are and how they are signed in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from tenantry.tenancy.models import TenantForeignKey, TenantModel


class User(TenantModel):
    """A person, by one e-mail address (lower case, unique in the tenant).

    ``generation`` grows with every change of what the person may do; a session that carries an older one
    learns on its next request that something changed.
    """

    PREFIX = "usr"

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        ERASED = "erased"

    email = models.CharField(max_length=254)
    name = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    status_reason = models.TextField(blank=True)
    email_verified_at = models.DateTimeField(null=True)
    password = models.CharField(max_length=200, blank=True)  # argon2; empty: signs in otherwise
    generation = models.PositiveIntegerField(default=1)
    last_seen_at = models.DateTimeField(null=True)
    terms_accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="people_user_email", fields=["tenant_id", "email"]),
            models.CheckConstraint(name="people_user_status_known", condition=Q(status__in=["active", "suspended", "erased"])),
            models.CheckConstraint(name="people_user_email_lower", condition=Q(email=Lower("email"))),
        ]

    @property
    def display_name(self) -> str:
        return self.name or self.email.partition("@")[0]


class Staff(TenantModel):
    """A user who works for the vendor."""

    PREFIX = "stf"

    class Status(models.TextChoices):
        ACTIVE = "active"
        REVOKED = "revoked"

    user = TenantForeignKey(User, related_name="staff")
    role = models.CharField(max_length=10)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ACTIVE)
    reason = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="people_staff_user", fields=["tenant_id", "user"]),
            models.CheckConstraint(name="people_staff_status_known", condition=Q(status__in=["active", "revoked"])),
            models.CheckConstraint(name="people_staff_role_known", condition=Q(role__in=["admin", "finance", "csm", "support", "auditor"])),
        ]


class Session(TenantModel):
    """One signed-in device. The cookie's token is stored as its SHA-256."""

    PREFIX = "ses"

    user = TenantForeignKey(User, related_name="sessions")
    token_hash = models.BinaryField(max_length=32)
    generation = models.PositiveIntegerField()
    method = models.CharField(max_length=12)  # link, password, passkey, sso, invitation, recovery…
    connection_id = models.UUIDField(null=True)  # the organization's identity provider that vouched, when method is sso
    awaits = models.CharField(
        max_length=20, blank=True, default="", db_default=""
    )  # the step that stands before it (steps.py); empty: it may go on
    proved_at = models.DateTimeField(null=True)  # when the person last proved who they are; dangerous acts ask for a recent one
    second_factor_at = models.DateTimeField(null=True)
    device = models.CharField(max_length=120, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    ip = models.GenericIPAddressField(null=True)
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="people_session_token", fields=["tenant_id", "token_hash"])]
        indexes = [models.Index(name="people_session_user", fields=["tenant_id", "user", "-id"])]


class SignInLink(TenantModel):
    """A one-time link by e-mail: 15 minutes, single use, stored as its SHA-256."""

    user = TenantForeignKey(User, related_name="links")
    token_hash = models.BinaryField(max_length=32)
    method = models.CharField(max_length=12, default="link")
    next_path = models.CharField(max_length=400, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="people_link_token", fields=["tenant_id", "token_hash"])]
        indexes = [models.Index(name="people_link_user", fields=["tenant_id", "user"])]
