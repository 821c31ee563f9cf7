"""Addresses of this room's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from tenantry.kit.converters import register_identifiers

from . import keys_views, rates_views, views

register_identifiers()


def _keys(base: str, plane: str) -> list[URLPattern]:
    """The same pages for an organization and for the staff console."""
    return [
        path(f"{base}/keys", keys_views.keys, name=f"{plane}keys"),
        path(f"{base}/keys/new", keys_views.key_new, name=f"{plane}key_new"),
        path(f"{base}/keys/<key:key_id>", keys_views.key, name=f"{plane}key"),
        path(f"{base}/keys/<key:key_id>/rotation", keys_views.key_rotate, name=f"{plane}key_rotate"),
        path(f"{base}/keys/<key:key_id>/revocation", keys_views.key_revoke, name=f"{plane}key_revoke"),
    ]


urlpatterns = [
    path("o/<slug:slug>/roles", views.roles, name="roles"),
    path("o/<slug:slug>/settings/rate-limits", rates_views.rate_limits, name="rate_limits"),
    *_keys("o/<slug:slug>", ""),
    *_keys("staff", "staff_"),
]
