"""Addresses of the test provider."""

from __future__ import annotations

from django.urls import path

from . import oidc_views, views

urlpatterns = [
    path("test-provider/", views.overview, name="test_provider"),
    path("test-provider/begin", views.begin, name="test_provider_begin"),
    path("test-provider/end", views.end, name="test_provider_end"),
    path("test-provider/saml/metadata", views.metadata, name="test_provider_metadata"),
    path("test-provider/saml/sso", views.sso, name="test_provider_sso"),
    path("test-provider/saml/sso/post", views.sso_post, name="test_provider_sso_post"),
    path("test-provider/saml/slo", views.slo, name="test_provider_slo"),
    path("test-provider/oidc/.well-known/openid-configuration", oidc_views.description, name="test_provider_oidc_description"),
    path("test-provider/oidc/keys", oidc_views.keys, name="test_provider_oidc_keys"),
    path("test-provider/oidc/authorize", oidc_views.authorize, name="test_provider_oidc_authorize"),
    path("test-provider/oidc/token", oidc_views.token, name="test_provider_oidc_token"),
    path("test-provider/oidc/userinfo", oidc_views.userinfo, name="test_provider_oidc_userinfo"),
    path("test-provider/oidc/end-session", oidc_views.end_session, name="test_provider_oidc_end_session"),
    path("test-provider/oidc/end", oidc_views.end, name="test_provider_oidc_end"),
]
