from django.apps import AppConfig


class Access(AppConfig):
    name = "tenantry.access"

    def ready(self) -> None:
        """Register what this room can record, and the permissions; read the rate limits, which may be written wrongly."""
        from . import events, registry  # noqa: F401  # importing registers
        from .rates import rules

        rules()
