"""Addresses of this room's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from tenantry.kit.converters import register_identifiers

from . import views

register_identifiers()


def _webhooks(base: str, plane: str) -> list[URLPattern]:
    """The same pages for an organization and for the staff console."""
    one = f"{base}/webhooks/<whe:endpoint_id>"
    return [
        path(f"{base}/webhooks", views.webhooks, name=f"{plane}webhooks"),
        path(f"{base}/webhooks/new", views.webhook_new, name=f"{plane}webhook_new"),
        path(one, views.webhook, name=f"{plane}webhook"),
        path(f"{one}/edit", views.webhook_edit, name=f"{plane}webhook_edit"),
        path(f"{one}/rotation", views.webhook_rotate, name=f"{plane}webhook_rotate"),
        path(f"{one}/pause", views.webhook_pause, name=f"{plane}webhook_pause"),
        path(f"{one}/resumption", views.webhook_resume, name=f"{plane}webhook_resume"),
        path(f"{one}/deletion", views.webhook_delete, name=f"{plane}webhook_delete"),
        path(f"{one}/test", views.webhook_test, name=f"{plane}webhook_test"),
        path(f"{one}/replay", views.webhook_replay, name=f"{plane}webhook_replay"),
        path(f"{one}/deliveries/<whd:delivery_id>", views.webhook_delivery, name=f"{plane}webhook_delivery"),
        path(f"{one}/deliveries/<whd:delivery_id>/redelivery", views.webhook_redeliver, name=f"{plane}webhook_redeliver"),
    ]


urlpatterns = [*_webhooks("o/<slug:slug>", ""), *_webhooks("staff", "staff_")]
