from django.apps import AppConfig


class People(AppConfig):
    name = "tenantry.people"

    def ready(self) -> None:
        """Register what this room can record."""
        from . import events  # noqa: F401  # importing registers
