"""How the sync of one organization stands: for its page and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Max, QuerySet

from tenantry.access.models import ApiKey
from tenantry.kit.clock import now
from tenantry.tenancy.addresses import address

from . import tokens
from .mappings import MOST
from .models import ScimError, ScimGroup, ScimGroupMapping, ScimUser

RECENT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Status:
    """``last_sync_at``: the directory's last request with a token that worked, to the minute. ``errors``: of the last 24 hours."""

    base_url: str
    last_sync_at: datetime | None
    tokens: int
    users_active: int
    users_inactive: int
    groups: int
    mappings: int
    errors: int


def base_url() -> str:
    """What a directory is told to call."""
    return address("sign_in").removesuffix("/sign-in") + "/scim/v2"


def group_names(organization_id: UUID) -> list[str]:
    """The groups that the directory has sent, by name."""
    return list(
        ScimGroup.objects.filter(organization_id=organization_id).order_by("name_key").values_list("display_name", flat=True)[:MOST]
    )


def of(organization_id: UUID) -> Status:
    """Five small queries."""
    active = dict(_people(organization_id).values_list("active").annotate(count=Count("id")))
    used = ApiKey.objects.filter(kind=ApiKey.Kind.SCIM, organization_id=organization_id).aggregate(at=Max("last_used_at"))["at"]
    return Status(
        base_url=base_url(), last_sync_at=used, tokens=tokens.working(organization_id).count(), users_active=active.get(True, 0),
        users_inactive=active.get(False, 0),
        groups=ScimGroup.objects.filter(organization_id=organization_id).count(),
        mappings=ScimGroupMapping.objects.filter(organization_id=organization_id).count(),
        errors=ScimError.objects.filter(organization_id=organization_id, created_at__gt=now() - RECENT).count(),
    )  # fmt: skip


def _people(organization_id: UUID) -> QuerySet[ScimUser]:
    return ScimUser.objects.filter(organization_id=organization_id, deleted_at__isnull=True)
