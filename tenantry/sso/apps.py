from django.apps import AppConfig


class SingleSignOn(AppConfig):
    name = "tenantry.sso"
