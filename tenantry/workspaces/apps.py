from django.apps import AppConfig


class Workspaces(AppConfig):
    name = "tenantry.workspaces"

    def ready(self) -> None:
        """Register what this room can record."""
        from . import events, letters  # noqa: F401  # importing registers
