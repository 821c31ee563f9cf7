"""Addresses of this room's pages."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [path("o/<slug:slug>/roles", views.roles, name="roles")]
