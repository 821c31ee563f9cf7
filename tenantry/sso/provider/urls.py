"""Addresses of the test provider."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("test-provider/", views.overview, name="test_provider"),
    path("test-provider/begin", views.begin, name="test_provider_begin"),
    path("test-provider/end", views.end, name="test_provider_end"),
    path("test-provider/saml/metadata", views.metadata, name="test_provider_metadata"),
    path("test-provider/saml/sso", views.sso, name="test_provider_sso"),
    path("test-provider/saml/slo", views.slo, name="test_provider_slo"),
]
