from django.apps import AppConfig


class SingleSignOn(AppConfig):
    name = "tenantry.sso"

    def ready(self) -> None:
        """Register what this room records and mails; hand the rooms below the veto, the way to a provider and the way out."""
        from tenantry.kit import attention
        from tenantry.organizations import queries
        from tenantry.organizations.domains import services as domains
        from tenantry.people import entry, proof, rules, sessions

        from . import attributes, ending, enforcing, events, letters, policies, published, routing, terms, upkeep  # noqa: F401  # importing events, letters and published registers
        from .provider import events as of_test_provider  # noqa: F401  # importing registers

        queries.use_attributes(attributes.of_members)
        sessions.add_veto(enforcing.veto)
        domains.when_held(policies.domain_held)
        entry.use_router(routing.route)
        entry.use_farewell(ending.farewell_of)
        proof.use_provider(routing.proving)
        rules.use_providers(routing.organization_of)
        terms.register()
        attention.watch(
            "identity:read",
            upkeep.critical,
            one="An identity provider's certificate ends within days",
            many="{count} identity providers' certificates end within days",
            text="After that nobody of that organization can sign in by it. Its owners have been told by mail; ask them.",
            url_name="staff_sso",
        )
