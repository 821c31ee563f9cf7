from django.apps import AppConfig


class Scim(AppConfig):
    name = "tenantry.scim"

    def ready(self) -> None:
        """Register what this room records and mails, and what other rooms ask or tell it."""
        from tenantry.access import bearer
        from tenantry.organizations import membership, queries

        from . import accounts, errors, events, mappings, notices, roles  # noqa: F401  # importing registers

        mappings.use_recompute(roles.recompute_all)
        bearer.use_refusals(errors.note_token)
        queries.use_directory(accounts.inactive)
        membership.use_suspended(accounts.forget_suspensions)
