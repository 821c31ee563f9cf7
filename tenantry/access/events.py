"""What this room records."""

from tenantry.audit.catalogue import register

register(
    "access",
    key__created="An API key was made.",
    key__revoked="An API key was revoked.",
    key__refused="A key was refused that was revoked or has expired, or that came from an address outside its networks.",
    permission__registered="The vendor's product registered or changed a permission.",
    permission__withdrawn="The vendor's product withdrew a permission.",
)
