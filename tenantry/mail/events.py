"""What this room records."""

from tenantry.audit.catalogue import register

register(
    "settings",
    mail_settings__changed="The mail settings were changed.",
    mail_settings__tested="A test mail was tried.",
    mail_settings__reports_opened="A new secret for the mail provider's reports was made.",
)
register(
    "system",
    mail__bounced="A mail came back: its address gets none any more.",
    mail__complained="A mail was called unwanted: its address gets none any more.",
    suppression__lifted="An address gets mail again.",
    mail__retried="A mail that had failed was sent again.",
)
