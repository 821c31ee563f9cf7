from django.apps import AppConfig


class People(AppConfig):
    name = "tenantry.people"

    def ready(self) -> None:
        """Register what this room can record, and its mails."""
        from . import events, letters  # noqa: F401  # importing registers
