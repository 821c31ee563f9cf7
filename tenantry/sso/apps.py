from django.apps import AppConfig


class SingleSignOn(AppConfig):
    name = "tenantry.sso"

    def ready(self) -> None:
        """Register what this room can record."""
        from .provider import events  # noqa: F401  # importing registers
