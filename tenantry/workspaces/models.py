"""What belongs to no tenant: who has proven an address to the installation.

These tables have no tenant, so they stand outside the wall; the role ``tenantry_platform`` alone can reach them, and
everything in this room says ``using("platform")``. They hold no more than an address and digests of tokens.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from tenantry.kit.clock import now
from tenantry.kit.ids import new_id


class Visit(models.Model):
    """One person's way through ``/workspaces``: a mailed link, and once that was used, a cookie's session.

    Both tokens are stored as their SHA-256. A visit without ``token_hash`` is a link that nobody has used yet.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.CharField(max_length=254)
    link_hash = models.BinaryField(max_length=32, unique=True)
    link_expires_at = models.DateTimeField()
    token_hash = models.BinaryField(max_length=32, null=True, unique=True)
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="workspaces_visit_email_lower", condition=Q(email=Lower("email"))),
            models.CheckConstraint(name="workspaces_visit_proven", condition=Q(token_hash__isnull=True) | Q(expires_at__isnull=False)),
        ]


class Entry(models.Model):
    """A session that a visit has started in a tenant, so that signing out there can end it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, related_name="entries")
    tenant_id = models.UUIDField()
    session_id = models.UUIDField()
