"""The public directory of verified organizations that opted in."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from tenantry.kit.paging import Page
from tenantry.kit.problems import not_found
from tenantry.tenancy.scope import everywhere

from .models import Organization, Profile
from .queries import list_directory


def page(*, cursor: str | None, limit: int, search: str = "") -> Page[dict[str, Any]]:
    """Entries as anybody may see them. Raises Problem 404 where the directory is off."""
    if settings.ENVIRONMENT.directory != "on":
        raise not_found("directory")
    with everywhere():
        found = list_directory(cursor=cursor, limit=limit, search=search)
        shown = Profile.objects.filter(organization__in=[row.id for row in found.rows])
        pictures = {
            kind: set(shown.exclude(**{f"{kind}__isnull": True}).values_list("organization_id", flat=True)) for kind in ("logo", "banner")
        }
        return Page(
            [entry_of(row) | {f"has_{kind}": row.id in having for kind, having in pictures.items()} for row in found.rows],
            found.next_cursor,
        )


def entry_of(organization: Organization) -> dict[str, Any]:
    """The few things that are public."""
    profile = next(iter(organization.profile_rows.all()))
    return {
        "name": organization.name,
        "slug": organization.slug,
        "industry": organization.industry,
        "country": organization.country,
        "website": profile.website,
        "description": profile.description,
    }
