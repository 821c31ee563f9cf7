from django.apps import AppConfig


class People(AppConfig):
    name = "tenantry.people"

    def ready(self) -> None:
        """Register what this room can record, its mails, and the steps on the way in."""
        from tenantry.access.guards import use_steps
        from tenantry.audit.names import use_people_names

        from . import events, letters, queries, steps  # noqa: F401  # importing registers
        from .factors import passing

        passing.register()
        use_people_names(queries.addresses_of)
        use_steps(steps.unfinished_problem)
