"""Forms of the test provider's own page."""

from __future__ import annotations

from django import forms

from .people import PersonForm


class BeginForm(PersonForm):
    """Who one is, and where to go."""

    audience = forms.CharField(label="Entity ID of the service", max_length=1024)
    field_order = ["audience"]


class LogoutForm(forms.Form):
    """Who is signed out, and where."""

    audience = forms.CharField(label="Entity ID of the service", max_length=1024)
    subject = forms.CharField(label="Subject", max_length=200)
