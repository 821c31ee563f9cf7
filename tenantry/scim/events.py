"""What this room records."""

from __future__ import annotations

from tenantry.audit.catalogue import register

register(
    "scim",
    scim_token__created="A token for a directory was made.",  # noqa: S106  # an event's name, no password
    scim_token__revoked="A directory's token was revoked.",  # noqa: S106  # as above
    scim__settings_changed="What a directory may do, or the role that it gives, was changed.",
    scim__mappings_changed="Which role a directory's groups give was changed.",
    scim_user__created="A directory made a person known.",
    scim_user__changed="A directory changed what it says of a person.",
    scim_user__deleted="A person left a directory; nothing of them was erased.",
    scim_group__created="A directory made a group.",
    scim_group__changed="A directory changed a group's name or members.",
    scim_group__deleted="A directory deleted a group.",
)
