from django.apps import AppConfig


class Tenancy(AppConfig):
    name = "tenantry.tenancy"
