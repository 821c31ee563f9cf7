from django.apps import AppConfig


class Audit(AppConfig):
    name = "tenantry.audit"

    def ready(self) -> None:
        """Register what this room can record."""
        from . import events  # noqa: F401  # importing registers
