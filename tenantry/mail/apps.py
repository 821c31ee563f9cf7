from django.apps import AppConfig

from tenantry.kit import attention


class Mail(AppConfig):
    name = "tenantry.mail"

    def ready(self) -> None:
        """Register what this room can record, and its own mail."""
        from . import (
            events,  # noqa: F401  # importing registers
            letters,
            queries,
        )

        attention.watch(
            "tenant:read",
            queries.failed_lately,
            one="A mail could not be sent this week",
            many="{count} mails could not be sent this week",
            text="Somebody waits for it. See what the server said, then try again.",
            url_name="staff_mail_messages",
            query="status=failed",
        )
        letters.register(
            "test",
            meaning="Somebody tries the mail settings out.",
            subject="Test mail of Northwind",
            sample=lambda: {"transport": "SMTP, smtp.example.com", "who": "admin@northwind.example"},
        )
