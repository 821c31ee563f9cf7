from django.apps import AppConfig


class Entitlements(AppConfig):
    name = "tenantry.entitlements"
