"""Addresses below ``/api/v1/``: the reference for people, and the API itself."""

from __future__ import annotations

from django.urls import path

from . import views
from .root import api

urlpatterns = [
    path("docs", views.reference, name="api_reference"),
    path("", api.urls),
]
