from django.apps import AppConfig


class Scim(AppConfig):
    name = "tenantry.scim"

    def ready(self) -> None:
        """Register what this room records and mails."""
        from . import events, notices  # noqa: F401  # importing registers
