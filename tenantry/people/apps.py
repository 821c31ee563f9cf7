from django.apps import AppConfig


class People(AppConfig):
    name = "tenantry.people"
