from django.apps import AppConfig


class Entitlements(AppConfig):
    name = "tenantry.entitlements"

    def ready(self) -> None:
        """Register what this room can record."""
        from . import events  # noqa: F401  # importing registers
