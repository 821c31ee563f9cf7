"""Connections to organizations' identity providers, whom they vouch for, and what is on its way through a browser."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tenantry.organizations.models import Organization
from tenantry.people.models import User
from tenantry.tenancy.models import SealedField, TenantForeignKey, TenantModel


class Connection(TenantModel):
    """One identity provider of one organization, told field by field: what was pasted or fetched is not kept as text.

    ``mapping`` names the provider's attributes (``email``, ``name``, ``groups``, ``custom``); an empty one is looked for under the
    usual names. ``group_roles`` are ``[{"group", "role"}]``. ``endpoints`` are those of an OpenID provider as discovered.
    ``tested_at`` is the last test sign-in that would have let an owner in; it is forgotten when what was tested changes.
    """

    PREFIX = "con"

    class Kind(models.TextChoices):
        SAML = "saml", "SAML"
        OIDC = "oidc", "OpenID Connect"

    class State(models.TextChoices):
        DRAFT = "draft"
        READY = "ready"

    class Authentication(models.TextChoices):
        CLIENT_SECRET = "client_secret", "by a client secret"
        PRIVATE_KEY = "private_key_jwt", "by a key of ours (private_key_jwt)"

    organization = TenantForeignKey(Organization, related_name="sso_connections")
    kind = models.CharField(max_length=4, choices=Kind.choices)
    preset = models.CharField(max_length=12, default="generic")
    name = models.CharField(max_length=80)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    own_certificate = models.TextField(blank=True)  # of the key with which we sign: SAML's messages, or who we are at an OpenID provider
    sealed_own_key = SealedField("sso_key", null=True)
    # SAML
    idp_entity_id = models.CharField(max_length=1024, blank=True)
    sso_url = models.CharField(max_length=2000, blank=True)
    sso_binding = models.CharField(max_length=100, blank=True)
    slo_url = models.CharField(max_length=2000, blank=True)
    slo_binding = models.CharField(max_length=100, blank=True)
    metadata_url = models.CharField(max_length=2000, blank=True)
    idp_initiated = models.BooleanField(default=False)
    require_signed_response = models.BooleanField(default=False)
    sign_requests = models.BooleanField(default=True)
    # OpenID Connect
    issuer = models.CharField(max_length=1024, blank=True)
    client_id = models.CharField(max_length=300, blank=True)
    client_authentication = models.CharField(max_length=20, choices=Authentication.choices, default=Authentication.CLIENT_SECRET)
    sealed_client_secret = SealedField("sso_secret", null=True)
    endpoints = models.JSONField(default=dict)
    # Both
    single_logout = models.BooleanField(default=True)
    mapping = models.JSONField(default=dict)
    group_roles = models.JSONField(default=list)
    refreshed_at = models.DateTimeField(null=True)  # when metadata or discovery were last read
    refresh_error = models.CharField(max_length=300, blank=True)
    tested_at = models.DateTimeField(null=True)
    last_test = models.JSONField(null=True)  # what the last test sign-in brought, for the preview of the mapping
    last_used_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)  # when the provider's answer to a sign-in of ours was last refused for its form
    refused_code = models.CharField(max_length=80, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(name="sso_connection_kind", condition=Q(kind__in=["saml", "oidc"])),
            models.CheckConstraint(name="sso_connection_state", condition=Q(state__in=["draft", "ready"])),
        ]
        indexes = [models.Index(name="sso_connection_owner", fields=["tenant_id", "organization", "id"])]


class Certificate(TenantModel):
    """A certificate with which a SAML provider signs. Several count at a time, for a roll-over.

    ``warned`` is how many days ahead its end was last told of (30 or 7), 0 when it wasn't.
    """

    PREFIX = "crt"

    organization = TenantForeignKey(Organization, related_name="sso_certificates")
    connection = TenantForeignKey(Connection, related_name="certificates")
    pem = models.TextField()
    fingerprint = models.CharField(max_length=95)
    subject = models.CharField(max_length=500, blank=True)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    warned = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(name="sso_certificate_once", fields=["tenant_id", "connection", "fingerprint"])]
        indexes = [models.Index(name="sso_certificate_end", fields=["tenant_id", "not_after"])]


class Policy(TenantModel):
    """How the members of one organization sign in: one row each, made when first changed.

    ``test``: by the provider or otherwise. ``enforced``: who has an address in one of its verified domains, by the provider alone.
    """

    PREFIX = "ssp"

    class Mode(models.TextChoices):
        OFF = "off"
        TEST = "test"
        ENFORCED = "enforced"

    organization = TenantForeignKey(Organization, related_name="sso_policy_rows")
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.OFF)
    primary = TenantForeignKey(Connection, related_name="primary_of", null=True)  # where people are sent; else the first that works
    default_role = models.CharField(max_length=20, default="learner")
    jit = models.BooleanField(default=True)
    enforced_at = models.DateTimeField(null=True)
    codes_made_at = models.DateTimeField(null=True)
    seatless_told_at = models.DateTimeField(null=True)  # when owners were last told that somebody found no seat
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="sso_policy_one", fields=["tenant_id", "organization"]),
            models.CheckConstraint(name="sso_policy_mode", condition=Q(mode__in=["off", "test", "enforced"])),
            models.CheckConstraint(
                name="sso_policy_default_role", condition=Q(default_role__in=["manager", "expert", "learner", "support"])
            ),
        ]


class Identity(TenantModel):
    """Whom a connection means by a subject. Accounts are found by this, never by an e-mail address alone.

    ``by_person``: linked by somebody who was signed in; then the provider speaks for them whatever their domain. ``newcomer``:
    their first way into the workspace, so that they have yet to accept its terms.
    """

    PREFIX = "idn"

    organization = TenantForeignKey(Organization, related_name="sso_identities")
    connection = TenantForeignKey(Connection, related_name="identities")
    subject = models.CharField(max_length=512)
    user = TenantForeignKey(User, related_name="sso_identities")
    by_person = models.BooleanField(default=False)
    newcomer = models.BooleanField(default=False)
    custom = models.JSONField(default=dict)  # what the provider last said under the names of ``mapping["custom"]``
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="sso_identity_subject", fields=["tenant_id", "connection", "subject"])]
        indexes = [models.Index(name="sso_identity_user", fields=["tenant_id", "user"])]


class Flow(TenantModel):
    """One way to the provider and back, for ten minutes. Tokens are stored as their SHA-256.

    ``state_hash`` is what the provider hands back, ``binding_hash`` what the browser has as a cookie, ``finish_hash`` what leads
    from the provider's answer (which comes without cookies) to the session. ``proof`` is what the answer said, once it is known
    to be true. Nonce and verifier are made from the state (flows.py) and stand nowhere.
    """

    PREFIX = "sft"

    class Purpose(models.TextChoices):
        SIGN_IN = "sign_in"
        TEST = "test"
        LINK = "link"
        PROVE = "prove"

    organization = TenantForeignKey(Organization, related_name="sso_flows")
    connection = TenantForeignKey(Connection, related_name="flows")
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    user = TenantForeignKey(User, related_name="sso_flows", null=True)  # who tests, links or proves
    session_id = models.UUIDField(null=True)  # the session that proves anew
    state_hash = models.BinaryField(max_length=32)
    binding_hash = models.BinaryField(max_length=32, null=True)
    finish_hash = models.BinaryField(max_length=32, null=True)
    request_id = models.CharField(max_length=80, blank=True)
    next_path = models.CharField(max_length=400, blank=True)
    expires_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)  # when the browser was sent to the provider
    begun_real = models.DateTimeField(null=True)  # the same by the world's clock: no provider knows that of a sandbox
    answered_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    proof = models.JSONField(null=True)
    outcome = models.JSONField(null=True)  # of a test: what it showed

    class Meta:
        constraints = [
            models.UniqueConstraint(name="sso_flow_state", fields=["tenant_id", "state_hash"]),
            models.UniqueConstraint(name="sso_flow_finish", fields=["tenant_id", "finish_hash"]),
        ]
        indexes = [
            models.Index(name="sso_flow_age", fields=["tenant_id", "expires_at"]),
            models.Index(name="sso_flow_request", fields=["tenant_id", "request_id"]),
        ]


class SeenAssertion(TenantModel):
    """An assertion, or a logout token, that was used: until it would be refused for its age it is refused for this."""

    organization = TenantForeignKey(Organization, related_name="sso_seen")
    connection = TenantForeignKey(Connection, related_name="seen")
    assertion_hash = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="sso_assertion_once", fields=["tenant_id", "connection", "assertion_hash"])]
        indexes = [models.Index(name="sso_assertion_age", fields=["tenant_id", "expires_at"])]


class SingleSession(TenantModel):
    """What the provider calls one of our sessions, so that either side can end it on the other."""

    organization = TenantForeignKey(Organization, related_name="sso_sessions")
    connection = TenantForeignKey(Connection, related_name="sessions")
    session_id = models.UUIDField()
    user = TenantForeignKey(User, related_name="sso_sessions")
    subject = models.CharField(max_length=512)
    name_id_format = models.CharField(max_length=200, blank=True)
    session_index = models.CharField(max_length=300, blank=True)  # SAML's SessionIndex, OpenID's sid
    sealed_id_token = SealedField("sso_id_token", null=True)  # by which an OpenID provider knows whom to sign out; while the session lasts

    class Meta:
        constraints = [models.UniqueConstraint(name="sso_session_one", fields=["tenant_id", "session_id"])]
        indexes = [models.Index(name="sso_session_subject", fields=["tenant_id", "connection", "subject"])]


class RecoveryCode(TenantModel):
    """A code with which an owner gets in when the provider can't be reached. Once; stored as its SHA-256."""

    organization = TenantForeignKey(Organization, related_name="sso_recovery_codes")
    code_hash = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True)
    used_by = TenantForeignKey(User, related_name="sso_recovery_codes", null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="sso_recovery_code_once", fields=["tenant_id", "organization", "code_hash"])]


class BreakGlass(TenantModel):
    """A time in which owners may sign in otherwise though the provider is enforced."""

    PREFIX = "bgw"

    organization = TenantForeignKey(Organization, related_name="sso_windows")
    opened_by = TenantForeignKey(User, related_name="sso_windows", null=True)
    opened_label = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="sso_window_organization", fields=["tenant_id", "organization", "until"])]
