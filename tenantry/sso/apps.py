from django.apps import AppConfig


class SingleSignOn(AppConfig):
    name = "tenantry.sso"

    def ready(self) -> None:
        """Register what this room records and mails; hand the rooms below the veto, the way to a provider and the way out."""
        from tenantry.people import entry, proof, sessions

        from . import ending, enforcing, events, letters, routing, terms  # noqa: F401  # importing events and letters registers
        from .provider import events as of_test_provider  # noqa: F401  # importing registers

        sessions.add_veto(enforcing.veto)
        entry.use_router(routing.route)
        entry.use_farewell(ending.farewell_of)
        proof.use_provider(routing.proving)
        terms.register()
