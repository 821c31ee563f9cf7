from django.apps import AppConfig


class Webhooks(AppConfig):
    name = "tenantry.webhooks"

    def ready(self) -> None:
        """Register what this room records, and hear of what every room records."""
        from tenantry.audit.services import use_publisher

        from . import events  # noqa: F401  # importing registers
        from .publishing import deliver_later

        use_publisher(deliver_later)
