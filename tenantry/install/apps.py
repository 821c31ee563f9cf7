from django.apps import AppConfig


class Install(AppConfig):
    name = "tenantry.install"
