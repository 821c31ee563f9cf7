"""Addresses of the wizard: the installation's, never below a tenant's."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("install", views.install, name="install"),
    path("install/<slug:step>", views.install_step, name="install_step"),
]
