from django.apps import AppConfig


class Tenancy(AppConfig):
    name = "tenantry.tenancy"

    def ready(self) -> None:
        """Watch every connection for what row-level security refuses."""
        from django.db.backends.signals import connection_created

        from .denials import watch

        connection_created.connect(watch)
