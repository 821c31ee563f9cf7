"""What this room records, each in the tenant that it is about."""

from tenantry.audit.catalogue import register

register("system", tenant__created="The workspace was made, with its first admin.")
register("settings", tenant__program_changed="Name, support address or colour of the workspace were changed.")
