from django.apps import AppConfig


class Scim(AppConfig):
    name = "tenantry.scim"

    def ready(self) -> None:
        """Register what this room records and mails, and let mappings change roles."""
        from . import events, mappings, notices, roles  # noqa: F401  # importing registers

        mappings.use_recompute(roles.recompute_all)
