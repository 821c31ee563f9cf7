from django.apps import AppConfig

from tenantry.kit import attention


class Jobs(AppConfig):
    name = "tenantry.jobs"

    def ready(self) -> None:
        """Register what this room records, and what staff should look at."""
        from . import events  # noqa: F401  # importing registers
        from .queries import dead_jobs

        attention.watch(
            "jobs:read",
            dead_jobs,
            one="A background job has given up",
            many="{count} background jobs have given up",
            text="It was tried as often as it may be. See why, then try it again or cancel it.",
            url_name="staff_jobs",
            query="state=dead",
        )
