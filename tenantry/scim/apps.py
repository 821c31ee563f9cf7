from django.apps import AppConfig


class Scim(AppConfig):
    name = "tenantry.scim"
