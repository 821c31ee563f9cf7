from django.apps import AppConfig


class Scim(AppConfig):
    name = "tenantry.scim"

    def ready(self) -> None:
        """Register what this room records and mails, let mappings change roles, keep refusals of tokens, and say who is inactive."""
        from tenantry.access import bearer
        from tenantry.organizations import queries

        from . import accounts, errors, events, mappings, notices, roles  # noqa: F401  # importing registers

        mappings.use_recompute(roles.recompute_all)
        bearer.use_refusals(errors.note_token)
        queries.use_directory(accounts.inactive)
