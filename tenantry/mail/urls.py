"""Addresses of the staff console's pages about mail."""

from __future__ import annotations

from django.urls import path

from tenantry.kit.converters import register_identifiers

from . import views

register_identifiers()

urlpatterns = [
    path("staff/settings/mail", views.staff_mail, name="staff_mail"),
    path("staff/settings/mail/test", views.staff_mail_test, name="staff_mail_test"),
    path("staff/settings/mail/reports", views.staff_mail_reports, name="staff_mail_reports"),
    path("staff/settings/mail/messages", views.staff_mail_messages, name="staff_mail_messages"),
    path("staff/settings/mail/messages/<msg:message_id>/retry", views.staff_mail_retry, name="staff_mail_retry"),
    path("staff/settings/mail/suppressions", views.staff_mail_suppressions, name="staff_mail_suppressions"),
    path("staff/settings/mail/suppressions/<sup:suppression_id>/lift", views.staff_mail_lift, name="staff_mail_lift"),
    path("operator/mail", views.staff_mail_previews, name="staff_mail_previews"),
    path("operator/mail/<slug:name>", views.staff_mail_preview, name="staff_mail_preview"),
    path("operator/mail/<slug:name>/html", views.staff_mail_preview_html, name="staff_mail_preview_html"),
]
