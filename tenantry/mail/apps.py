from django.apps import AppConfig


class Mail(AppConfig):
    name = "tenantry.mail"
