"""Addresses of this room's pages, and the one address of all of SCIM: that is no page and has no name (views.py)."""

from __future__ import annotations

from django.urls import path, re_path

from tenantry.kit.converters import register_identifiers

from . import pages, views

register_identifiers()
_HERE = "o/<slug:slug>/directory-sync"
urlpatterns = [
    re_path(r"^scim/(?P<rest>.*)$", views.scim),
    path(_HERE, pages.overview, name="scim_overview"),
    path(f"{_HERE}/guide", pages.guide, name="scim_guide"),
    path(f"{_HERE}/settings", pages.settings, name="scim_settings"),
    path(f"{_HERE}/groups", pages.mappings, name="scim_mappings"),
    path(f"{_HERE}/errors", pages.errors, name="scim_errors"),
    path(f"{_HERE}/tokens/new", pages.token_new, name="scim_token_new"),
    path(f"{_HERE}/tokens/<sct:token_id>/revocation", pages.token_revoke, name="scim_token_revoke"),
]
