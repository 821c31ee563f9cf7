from django.apps import AppConfig


class People(AppConfig):
    name = "tenantry.people"

    def ready(self) -> None:
        """Register what this room can record, its mails, and the steps on the way in."""
        from tenantry.access.guards import use_steps

        from . import events, letters, steps  # noqa: F401  # importing registers
        from .factors import passing

        passing.register()
        use_steps(steps.unfinished_problem)
