from django.apps import AppConfig

from tenantry.kit import attention


class Organizations(AppConfig):
    name = "tenantry.organizations"

    def ready(self) -> None:
        """Hand the rooms below what only this one knows."""
        from tenantry.access import guards
        from tenantry.audit import names
        from tenantry.entitlements import bars
        from tenantry.people import rules, sessions
        from tenantry.people.impersonation import services as impersonation
        from tenantry.webhooks import services as webhooks

        from . import events, letters, notices, published, queries  # noqa: F401  # events, letters, published: register what they say
        from . import sign_in_policy as policies
        from .domains import letters as domain_letters  # noqa: F401  # likewise

        guards.use_organizations(queries.load, queries.require_state)
        guards.use_networks(policies.require_network)
        rules.use_rules(policies.rules_for)
        sessions.use_memberships(queries.belongings)
        bars.use_pending_seats(queries.pending_seats)
        impersonation.use_owners(lambda organization_id: notices.addresses_of(organization_id, "owner"))
        names.use_organization_names(queries.names_of)
        attention.watch(
            "organizations:verify",
            queries.awaiting_verification,
            one="An organization waits for verification",
            many="{count} organizations wait for verification",
            text="Until somebody approves it, it can configure and invite, but touches no money and nobody's identity.",
            url_name="staff_organizations",
            query="state=pending_verification",
            urgent=False,
        )
        webhooks.use_notifier(notices.tell_of_pause)
