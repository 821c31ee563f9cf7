from django.apps import AppConfig


class Install(AppConfig):
    name = "tenantry.install"

    def ready(self) -> None:
        """Add the first run to the API, which stands below this room and can't know it."""
        from tenantry.api.root import api

        from .wizard.api import router

        api.add_router("", router, tags=["The installation"])
