from django.apps import AppConfig


class Access(AppConfig):
    name = "tenantry.access"

    def ready(self) -> None:
        """Register what this room can record, and the permissions."""
        from . import events, registry  # noqa: F401  # importing registers
