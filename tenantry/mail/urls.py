"""Addresses of the staff console's pages about mail."""

from __future__ import annotations

from django.urls import path, register_converter

from tenantry.kit.converters import typeid_converter

from . import views
