from django.apps import AppConfig


class Maintenance(AppConfig):
    name = "tenantry.maintenance"

    def ready(self) -> None:
        """Register what this room records, and hand the guard below what a window refuses."""
        from tenantry.access import guards

        from . import events  # noqa: F401  # importing registers
        from .door import require_open

        guards.use_maintenance(require_open)
