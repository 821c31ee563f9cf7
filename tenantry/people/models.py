"""People of a tenant: who they are and how they are signed in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from tenantry.tenancy.fields import OrganizationId, SealedField
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
        indexes = [models.Index(name="people_user_erased", fields=["tenant_id", "id"], condition=Q(status="erased"))]

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
    # What the person's organizations allow (rules.py); kept here so that a request needn't ask. None: the workspace's own.
    lifetime_seconds = models.PositiveIntegerField(null=True)
    idle_seconds = models.PositiveIntegerField(null=True)
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


class Totp(TenantModel):
    """An authenticator app (RFC 6238). One that is being set up stands beside the confirmed one until its first code is typed in.

    ``last_step`` is the 30-second step of the latest code that was taken: none of it or before it is taken again.
    """

    user = TenantForeignKey(User, related_name="totps")
    sealed_secret = SealedField("totp")
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="people_totp_confirmed", fields=["tenant_id", "user"], condition=Q(confirmed_at__isnull=False)),
            models.UniqueConstraint(name="people_totp_pending", fields=["tenant_id", "user"], condition=Q(confirmed_at__isnull=True)),
        ]


class Passkey(TenantModel):
    """A WebAuthn credential: public, so nothing of it is sealed. ``sign_count`` 0 means that the authenticator doesn't count."""

    PREFIX = "psk"

    user = TenantForeignKey(User, related_name="passkeys")
    name = models.CharField(max_length=60)
    credential_id = models.BinaryField(max_length=1023)
    public_key = models.BinaryField(max_length=2000)  # COSE (RFC 9052)
    sign_count = models.BigIntegerField(default=0)
    transports = models.JSONField(default=list)
    synced = models.BooleanField(default=False)  # kept by a password manager on several devices
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="people_passkey_credential", fields=["tenant_id", "credential_id"])]
        indexes = [models.Index(name="people_passkey_user", fields=["tenant_id", "user"])]


class Ceremony(TenantModel):
    """A WebAuthn challenge: five minutes, used once, for the browser whose cookie it was made with, stored as SHA-256 both."""

    user = TenantForeignKey(User, related_name="ceremonies", null=True)
    purpose = models.CharField(max_length=16)  # register, sign_in, second_factor, proof
    challenge_hash = models.BinaryField(max_length=32)
    browser_hash = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="people_ceremony_challenge", fields=["tenant_id", "challenge_hash"])]


class RecoveryCode(TenantModel):
    """A way in for whoever lost their second factor: 78 random bits, once, stored as SHA-256."""

    user = TenantForeignKey(User, related_name="recovery_codes")
    code_hash = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="people_recovery_code", fields=["tenant_id", "user", "code_hash"])]


class Device(TenantModel):
    """A browser in which a person signed in, known by a cookie (its SHA-256). Until ``remembered_until`` it needs no second factor."""

    PREFIX = "dev"

    user = TenantForeignKey(User, related_name="devices")
    token_hash = models.BinaryField(max_length=32)
    label = models.CharField(max_length=120, blank=True)
    ip = models.GenericIPAddressField(null=True)
    remembered_until = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="people_device_token", fields=["tenant_id", "token_hash"])]
        indexes = [models.Index(name="people_device_user", fields=["tenant_id", "user"])]


class SignIn(TenantModel):
    """One sign-in of a person, or one that was refused (``user`` is null when the address is nobody's)."""

    PREFIX = "sin"

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded"
        WAITING = "waiting"  # a step remained, and still does
        REFUSED = "refused"

    user = TenantForeignKey(User, related_name="sign_ins", null=True)
    session_id = models.UUIDField(null=True)  # no reference: sessions are swept earlier
    method = models.CharField(max_length=12)
    second = models.CharField(max_length=12, blank=True)  # totp, passkey, recovery or device
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reason = models.CharField(max_length=60, blank=True)  # the code of the refusal
    device = models.CharField(max_length=120, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    ip = models.GenericIPAddressField(null=True)
    country = models.CharField(max_length=2, blank=True)
    new_device = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="people_signin_outcome", condition=Q(outcome__in=["succeeded", "waiting", "refused"])),
        ]
        indexes = [
            models.Index(name="people_signin_user", fields=["tenant_id", "user", "-id"]),
            models.Index(name="people_signin_session", fields=["tenant_id", "session_id"]),
        ]


class Impersonation(TenantModel):
    """Staff looking at a customer's portal as one of its members: asked for, perhaps approved, begun on one session, over."""

    PREFIX = "imp"

    staff = TenantForeignKey(User, related_name="impersonations")
    user = TenantForeignKey(User, related_name="impersonated")
    organization_id = OrganizationId()
    reason = models.TextField()
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=254, blank=True)
    declined_at = models.DateTimeField(null=True)
    session_id = models.UUIDField(null=True)  # of the staff; no reference: sessions are swept earlier
    started_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    raised_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    untold = models.BooleanField(default=False, db_default=False)  # it ended by itself or by others, and its session doesn't know yet

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="people_impersonation_live",
                fields=["tenant_id", "session_id"],
                condition=Q(started_at__isnull=False, ended_at__isnull=True),
            ),
            models.CheckConstraint(
                name="people_impersonation_bounded",
                condition=Q(started_at__isnull=True) | Q(session_id__isnull=False, expires_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="people_impersonation_place", fields=["tenant_id", "organization_id", "-id"]),
            models.Index(name="people_impersonation_untold", fields=["tenant_id", "session_id"], condition=Q(untold=True)),
        ]


class ImpersonationConsent(TenantModel):
    """Whether the vendor's staff may look at an organization as one of its members. Without a row: always."""

    class Answer(models.TextChoices):
        ALWAYS = "always"
        ASK = "ask"
        NEVER = "never"

    organization_id = OrganizationId()
    answer = models.CharField(max_length=6, choices=Answer.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="people_consent_organization", fields=["tenant_id", "organization_id"]),
            models.CheckConstraint(name="people_consent_known", condition=Q(answer__in=["always", "ask", "never"])),
        ]
