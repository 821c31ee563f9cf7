from django.apps import AppConfig


class Organizations(AppConfig):
    name = "tenantry.organizations"

    def ready(self) -> None:
        """Hand the rooms below what only this one knows."""
        from tenantry.access import guards
        from tenantry.audit import names
        from tenantry.entitlements import bars
        from tenantry.people import sessions

        from . import events, letters, published, queries  # noqa: F401  # all but queries: register what they say

        guards.use_organizations(queries.load, queries.require_state)
        sessions.use_memberships(queries.belongings)
        bars.use_pending_seats(queries.pending_seats)
        names.use_organization_names(queries.names_of)
