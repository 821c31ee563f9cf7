from django.apps import AppConfig


class Scim(AppConfig):
    name = "tenantry.scim"

    def ready(self) -> None:
        """Register what this room records and mails, let mappings change roles, and keep refusals of tokens."""
        from tenantry.access import bearer

        from . import errors, events, mappings, notices, roles  # noqa: F401  # importing registers

        mappings.use_recompute(roles.recompute_all)
        bearer.use_refusals(errors.note_token)
