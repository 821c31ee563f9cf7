"""Addresses of this room's pages."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("o/<slug:slug>/audit", views.audit, name="audit"),
    path("o/<slug:slug>/audit/export", views.audit_export, name="audit_export"),
    path("staff/audit", views.staff_audit, name="staff_audit"),
    path("staff/audit/export", views.staff_audit_export, name="staff_audit_export"),
    path("staff/audit/verification", views.staff_audit_verification, name="staff_audit_verification"),
]
