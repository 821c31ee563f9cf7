"""How the sync of one organization stands: for its page and the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max

from tenantry.access.models import ApiKey
from tenantry.kit.clock import now
from tenantry.tenancy.addresses import address

from . import tokens
from .models import ScimError, ScimGroupMapping

RECENT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Counts:
    """What a directory has sent: its people by whether they are active, and the names of its groups."""

    active: int = 0
    inactive: int = 0
    groups: int = 0


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


_counts: Callable[[UUID], Counts] = lambda organization_id: Counts()  # noqa: E731  # replaced at start-up
_group_names: Callable[[UUID], list[str]] = lambda organization_id: []  # noqa: E731  # replaced at start-up


def use_store(counts: Callable[[UUID], Counts], group_names: Callable[[UUID], list[str]]) -> None:
    """The store of users and groups says what there is."""
    global _counts, _group_names
    _counts, _group_names = counts, group_names


def base_url() -> str:
    """What a directory is told to call."""
    return address("sign_in").removesuffix("/sign-in") + "/scim/v2"


def group_names(organization_id: UUID) -> list[str]:
    """The groups that the directory has sent, by name."""
    return _group_names(organization_id)


def of(organization_id: UUID) -> Status:
    """Five small queries."""
    counts = _counts(organization_id)
    used = ApiKey.objects.filter(kind=ApiKey.Kind.SCIM, organization_id=organization_id).aggregate(at=Max("last_used_at"))["at"]
    return Status(
        base_url=base_url(), last_sync_at=used, tokens=tokens.working(organization_id).count(), users_active=counts.active,
        users_inactive=counts.inactive, groups=counts.groups,
        mappings=ScimGroupMapping.objects.filter(organization_id=organization_id).count(),
        errors=ScimError.objects.filter(organization_id=organization_id, created_at__gt=now() - RECENT).count(),
    )  # fmt: skip
