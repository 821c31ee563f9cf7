"""Organizations, who belongs to them, and who is asked to."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tenantry.people.models import User
from tenantry.tenancy.models import TenantForeignKey, TenantModel


class Organization(TenantModel):
    """A customer of the tenant. ``can_sponsor`` buys for its members, ``can_host`` supplies experts."""

    PREFIX = "org"

    class State(models.TextChoices):
        PENDING = "pending_verification", "Pending verification"
        ACTIVE = "active"
        SUSPENDED = "suspended"
        DEACTIVATED = "deactivated"

    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=60)
    state = models.CharField(max_length=20, choices=State.choices, default=State.PENDING)
    state_reason = models.TextField(blank=True)
    rejected_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    legal_name = models.CharField(max_length=200, blank=True)
    size = models.CharField(max_length=12, blank=True)
    industry = models.CharField(max_length=60, blank=True)
    country = models.CharField(max_length=2)
    time_zone = models.CharField(max_length=60, default="UTC")
    default_currency = models.CharField(max_length=3)
    can_sponsor = models.BooleanField(default=True)
    can_host = models.BooleanField(default=False)
    plan = models.CharField(max_length=20, blank=True)
    public = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="organization_slug", fields=["tenant_id", "slug"]),
            models.CheckConstraint(name="organization_slug_form", condition=Q(slug__regex=r"^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$")),
            models.CheckConstraint(
                name="organization_state_known",
                condition=Q(state__in=["pending_verification", "active", "suspended", "deactivated"]),
            ),
        ]
        indexes = [
            models.Index(name="organization_by_state", fields=["tenant_id", "state", "id"]),
            models.Index(name="organization_by_name", fields=["tenant_id", "name", "id"]),
        ]


class Profile(TenantModel):
    """How an organization shows itself: one row each, made with it."""

    organization = TenantForeignKey(Organization, related_name="profile_rows")
    description = models.TextField(blank=True)
    website = models.CharField(max_length=200, blank=True)
    brand_colour = models.CharField(max_length=7, blank=True)
    logo = models.BinaryField(null=True)
    banner = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="organization_profile_one", fields=["tenant_id", "organization"]),
            models.CheckConstraint(
                name="organization_colour_form", condition=Q(brand_colour="") | Q(brand_colour__regex=r"^#[0-9a-f]{6}$")
            ),
        ]


class BillingAccount(TenantModel):
    """Who pays and under which identifiers: one row each, made with the organization; billing builds on it."""

    organization = TenantForeignKey(Organization, related_name="billing_rows")
    funding_mode = models.CharField(max_length=10, default="personal")
    billing_email = models.CharField(max_length=254, blank=True)
    payment_terms_days = models.PositiveSmallIntegerField(default=30)
    requires_purchase_order = models.BooleanField(default=False)
    tax_ids = models.JSONField(default=dict)  # {"gstin": …, "pan": …, "udyam": …, "vat": …}
    address = models.JSONField(default=dict)  # {"line1", "line2", "city", "region", "postal_code", "country"}

    class Meta:
        constraints = [
            models.UniqueConstraint(name="organization_billing_one", fields=["tenant_id", "organization"]),
            models.CheckConstraint(
                name="organization_funding_known", condition=Q(funding_mode__in=["personal", "wallet", "invoice", "license"])
            ),
        ]


class Membership(TenantModel):
    """A user in an organization. Written by ``membership.py`` alone (a house test proves it)."""

    PREFIX = "mem"

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        REMOVED = "removed"
        ERASED = "erased"

    organization = TenantForeignKey(Organization, related_name="memberships")
    user = TenantForeignKey(User, related_name="memberships")
    role = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    service = models.BooleanField(default=False)  # a machine's account: holds no seat
    team = models.CharField(max_length=120, blank=True)
    reason = models.TextField(blank=True)
    seat_assigned_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="membership_one", fields=["tenant_id", "organization", "user"]),
            models.CheckConstraint(name="membership_status_known", condition=Q(status__in=["active", "suspended", "removed", "erased"])),
            models.CheckConstraint(
                name="membership_role_known",
                condition=Q(role__in=["owner", "maintainer", "billing_admin", "manager", "expert", "learner", "support"]),
            ),
            # A seat is held by active people and by nobody else.
            models.CheckConstraint(
                name="membership_seat_when_active",
                condition=Q(status="active", service=False, seat_assigned_at__isnull=False)
                | (~Q(status="active") | Q(service=True)) & Q(seat_assigned_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                name="membership_page", fields=["tenant_id", "organization", "id"], condition=~Q(status__in=["removed", "erased"])
            ),
            models.Index(name="membership_user", fields=["tenant_id", "user"]),
            models.Index(name="membership_erased", fields=["tenant_id", "organization", "user"], condition=Q(status="erased")),
            models.Index(name="membership_owners", fields=["tenant_id", "organization"], condition=Q(role="owner", status="active")),
        ]


class Invitation(TenantModel):
    """An offer of a membership to an address. A pending one holds a seat. The token is stored as its SHA-256."""

    PREFIX = "inv"

    class Status(models.TextChoices):
        PENDING = "pending"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        REVOKED = "revoked"
        EXPIRED = "expired"

    organization = TenantForeignKey(Organization, related_name="invitations")
    email = models.CharField(max_length=254)
    name = models.CharField(max_length=120, blank=True)
    team = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    token_hash = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    inviter_id = models.UUIDField(null=True)
    inviter_label = models.CharField(max_length=254, blank=True)
    last_sent_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)  # empty while the job has yet to mail it: a retry mails nobody twice
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="invitation_one_pending", fields=["tenant_id", "organization", "email"], condition=Q(status="pending")
            ),
            models.UniqueConstraint(name="invitation_token", fields=["tenant_id", "token_hash"]),
            models.CheckConstraint(
                name="invitation_status_known", condition=Q(status__in=["pending", "accepted", "declined", "revoked", "expired"])
            ),
        ]
        indexes = [
            models.Index(name="invitation_page", fields=["tenant_id", "organization", "-id"]),
            models.Index(name="invitation_expiring", fields=["tenant_id", "expires_at"], condition=Q(status="pending")),
        ]


class Draft(TenantModel):
    """An organization being set up in the wizard: nothing of it exists until the last step. Expires after 7 days."""

    user = TenantForeignKey(User, related_name="drafts")
    data = models.JSONField(default=dict)
    logo = models.BinaryField(null=True)
    banner = models.BinaryField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="organization_draft_one", fields=["tenant_id", "user"])]


class Domain(TenantModel):
    """A domain that an organization says is its own. ``name`` is its A-label form (IDNA), lower case.

    Several organizations may claim one; only one of them holds it (verified, or failing its check for less than 14 days).
    """

    PREFIX = "dom"

    class State(models.TextChoices):
        PENDING = "pending"
        VERIFIED = "verified"
        LAPSING = "lapsing"
        LAPSED = "lapsed"

    class Method(models.TextChoices):
        DNS = "dns", "DNS record"
        FILE = "file", "File"
        STAFF = "staff", "Staff decision"

    class AutoJoin(models.TextChoices):
        ASK = "ask", "They may ask"
        ALLOW = "allow", "They may join"
        OFF = "off", "Off"

    organization = TenantForeignKey(Organization, related_name="domains")
    name = models.CharField(max_length=253)
    token = models.CharField(max_length=64)  # proves control of the domain where it is published: no secret
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    method = models.CharField(max_length=5, choices=Method.choices, blank=True)
    auto_join = models.CharField(max_length=5, choices=AutoJoin.choices, default=AutoJoin.ASK)
    reason = models.TextField(blank=True)  # of staff's decision
    failure = models.CharField(max_length=300, blank=True)  # why the last check found nothing
    checked_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    lapsing_since = models.DateTimeField(null=True)
    claimed_by_label = models.CharField(max_length=254, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="organization_domain_claim", fields=["tenant_id", "organization", "name"]),
            # Of two that verify at the same moment one wins.
            models.UniqueConstraint(
                name="organization_domain_holder", fields=["tenant_id", "name"], condition=Q(state__in=["verified", "lapsing"])
            ),
            models.CheckConstraint(
                name="organization_domain_state_known", condition=Q(state__in=["pending", "verified", "lapsing", "lapsed"])
            ),
            models.CheckConstraint(name="organization_domain_method_known", condition=Q(method__in=["", "dns", "file", "staff"])),
            models.CheckConstraint(name="organization_domain_join_known", condition=Q(auto_join__in=["ask", "allow", "off"])),
            models.CheckConstraint(name="organization_domain_form", condition=Q(name__regex=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")),
            models.CheckConstraint(
                name="organization_domain_since_when",
                condition=Q(state="pending")
                | Q(state="verified", verified_at__isnull=False, lapsing_since__isnull=True)
                | Q(state__in=["lapsing", "lapsed"], verified_at__isnull=False, lapsing_since__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="organization_domain_checks", fields=["tenant_id", "checked_at"], condition=Q(state__in=["verified", "lapsing"])
            )
        ]


class JoinRequest(TenantModel):
    """Somebody with an address of an organization's domain asks to become a member."""

    PREFIX = "jrq"

    class Status(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    organization = TenantForeignKey(Organization, related_name="join_requests")
    user = TenantForeignKey(User, related_name="join_requests")
    domain = models.CharField(max_length=253)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    reason = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by_label = models.CharField(max_length=254, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="join_request_one_pending", fields=["tenant_id", "organization", "user"], condition=Q(status="pending")
            ),
            models.CheckConstraint(
                name="join_request_status_known", condition=Q(status__in=["pending", "approved", "refused", "withdrawn"])
            ),
            models.CheckConstraint(
                name="join_request_decided", condition=Q(status="pending", decided_at=None) | ~Q(status="pending") & ~Q(decided_at=None)
            ),
        ]
        indexes = [models.Index(name="join_request_page", fields=["tenant_id", "organization", "-id"])]


class SignInPolicy(TenantModel):
    """How members of an organization sign in: one row each at most; without one nothing is asked."""

    class SecondFactor(models.TextChoices):
        OFF = "off"
        REQUIRED = "required"

    organization = TenantForeignKey(Organization, related_name="sign_in_policies")
    second_factor = models.CharField(max_length=8, choices=SecondFactor.choices, default=SecondFactor.OFF)
    required_since = models.DateTimeField(null=True)  # when the second factor was asked for: the grace begins
    grace_days = models.PositiveSmallIntegerField(default=14)
    session_lifetime_hours = models.PositiveSmallIntegerField(null=True)
    idle_minutes = models.PositiveSmallIntegerField(null=True)
    allowed_networks = models.JSONField(default=list)  # CIDR; empty: from anywhere
    version = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="sign_in_policy_one", fields=["tenant_id", "organization"]),
            models.CheckConstraint(
                name="sign_in_policy_second_factor",
                condition=Q(second_factor="off", required_since=None) | Q(second_factor="required", required_since__isnull=False),
            ),
            models.CheckConstraint(
                name="sign_in_policy_bounds",
                condition=Q(grace_days__lte=90)
                & (Q(session_lifetime_hours=None) | Q(session_lifetime_hours__range=(1, 336)))
                & (Q(idle_minutes=None) | Q(idle_minutes__range=(5, 4320))),
            ),
        ]
