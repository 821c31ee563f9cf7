"""What this room records."""

from tenantry.audit.catalogue import register

register(
    "access",
    key__created="An API key was made.",
    key__revoked="An API key was revoked.",
    permission__registered="The vendor's product registered or changed a permission.",
    permission__withdrawn="The vendor's product withdrew a permission.",
)
