"""Addresses of this room's pages."""

from __future__ import annotations

from django.urls import path

from tenantry.kit.converters import register_identifiers

from . import views

register_identifiers()

urlpatterns = [
    path("staff/maintenance", views.staff_maintenance, name="staff_maintenance"),
    path("staff/maintenance/new", views.staff_maintenance_new, name="staff_maintenance_new"),
    path("staff/maintenance/<mtw:window_id>/end", views.staff_maintenance_end, name="staff_maintenance_end"),
]
