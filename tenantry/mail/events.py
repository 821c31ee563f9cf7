"""What this room records."""

from tenantry.audit.catalogue import register

register(
    "settings",
    mail_settings__changed="The mail settings were changed.",
    mail_settings__tested="A test mail was tried.",
)
register(
    "system",
    mail__retried="A mail that had failed was sent again.",
)
