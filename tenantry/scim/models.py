"""What an organization has set for its directory and what went wrong of late, and the people and groups that it has sent."""

from __future__ import annotations

from .store_models import ScimAddress, ScimGroup, ScimGroupMember, ScimUser
from .sync_models import ScimError, ScimGroupMapping, ScimSettings

__all__ = ["ScimAddress", "ScimError", "ScimGroup", "ScimGroupMapping", "ScimGroupMember", "ScimSettings", "ScimUser"]
