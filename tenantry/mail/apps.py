from django.apps import AppConfig


class Mail(AppConfig):
    name = "tenantry.mail"

    def ready(self) -> None:
        """Register what this room can record, and its own mail."""
        from . import (
            events,  # noqa: F401  # importing registers
            letters,
        )

        letters.register(
            "test",
            meaning="Somebody tries the mail settings out.",
            subject="Test mail of Northwind",
            sample=lambda: {"transport": "SMTP, smtp.example.com", "who": "admin@northwind.example"},
        )
