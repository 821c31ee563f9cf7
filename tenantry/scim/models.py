"""What an organization has set for its directory, and what went wrong of late."""

from __future__ import annotations

from .sync_models import ScimError, ScimGroupMapping, ScimSettings

__all__ = ["ScimError", "ScimGroupMapping", "ScimSettings"]
