"""Addresses of the portal itself."""

from __future__ import annotations

from django.conf import settings
from django.urls import path

from . import reports, staff, views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("staff/", staff.staff_home, name="staff_home"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("csp-report", reports.csp_report, name="csp_report"),
]
if settings.ENVIRONMENT.developing:
    urlpatterns += [
        path("dev/components", views.components, name="dev_components"),
        path("dev/components/sign-in", views.components_plain, name="dev_components_plain"),
        path("dev/components/dialog", views.components_dialog, name="dev_components_dialog"),
        path("dev/mailbox", views.mailbox, name="dev_mailbox"),
        path("dev/mailbox/<str:message_id>", views.mail, name="dev_mail"),
    ]
