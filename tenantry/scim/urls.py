"""Addresses of this room's pages."""

from __future__ import annotations

from django.urls import path

from tenantry.kit.converters import register_identifiers

from . import views

register_identifiers()
_HERE = "o/<slug:slug>/directory-sync"
urlpatterns = [
    path(_HERE, views.scim, name="scim"),
    path(f"{_HERE}/guide", views.guide, name="scim_guide"),
    path(f"{_HERE}/settings", views.settings, name="scim_settings"),
    path(f"{_HERE}/groups", views.mappings, name="scim_mappings"),
    path(f"{_HERE}/errors", views.errors, name="scim_errors"),
    path(f"{_HERE}/tokens/new", views.token_new, name="scim_token_new"),
    path(f"{_HERE}/tokens/<sct:token_id>/revocation", views.token_revoke, name="scim_token_revoke"),
]
