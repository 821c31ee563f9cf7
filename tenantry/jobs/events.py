"""What this room records."""

from tenantry.audit.catalogue import register

register(
    "system",
    job__retried="Somebody had a background job tried again.",
    job__cancelled="Somebody cancelled a background job.",
)
