"""Addresses of this room's pages."""

from __future__ import annotations

from django.urls import path

from . import views

_BILLING = "o/<slug:slug>/billing"

urlpatterns = [
    path(_BILLING, views.billing, name="billing"),
    path(f"{_BILLING}/raise", views.raise_limit, name="billing_raise"),
    path(f"{_BILLING}/limits/new", views.set_limit, name="billing_limit_new"),
    path(f"{_BILLING}/limits/<str:resource_type>", views.set_limit, name="billing_limit"),
    path(f"{_BILLING}/limits/<str:resource_type>/lifting", views.lift_override, name="billing_limit_lift"),
    path(f"{_BILLING}/usage/<str:resource_type>", views.usage, name="billing_usage"),
    path(f"{_BILLING}/usage/<str:resource_type>/release", views.release, name="billing_usage_release"),
    path(f"{_BILLING}/usage/<str:resource_type>/list", views.reconcile, name="billing_usage_list"),
]
