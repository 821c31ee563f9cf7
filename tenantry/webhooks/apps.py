from django.apps import AppConfig

from tenantry.kit import attention


class Webhooks(AppConfig):
    name = "tenantry.webhooks"

    def ready(self) -> None:
        """Register what this room records, and hear of what every room records."""
        from tenantry.audit.services import use_publisher

        from . import events  # noqa: F401  # importing registers
        from .publishing import deliver_later
        from .queries import failing_endpoints

        use_publisher(deliver_later)
        attention.watch(
            "webhooks:read",
            failing_endpoints,
            one="A webhook endpoint doesn't take its deliveries",
            many="{count} webhook endpoints don't take their deliveries",
            text="Nothing has arrived there for an hour or more. See what it answers; its owner can mend it and have the rest sent again.",
            url_name="staff_webhooks",
        )
