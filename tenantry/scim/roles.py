"""From groups to roles: the highest role that is mapped to any of a person's groups."""

from __future__ import annotations

from uuid import UUID

from .mappings import role_for
from .models import ScimGroupMember, ScimUser


def role_of(organization_id: UUID, row: ScimUser) -> str | None:
    """What a person's groups give, or None when none of them is mapped."""
    names = ScimGroupMember.objects.filter(member=row).values_list("group__display_name", flat=True)
    return role_for(organization_id, list(names))
