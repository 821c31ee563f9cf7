"""Forms of the test provider's own page."""

from __future__ import annotations

from typing import Any

from django import forms

from .people import PersonForm


class BeginForm(PersonForm):
    """Who one is, and where to go."""

    audience = forms.CharField(label="Entity ID of the service", max_length=1024)
    field_order = ["audience"]


class LogoutForm(forms.Form):
    """Who is signed out, and where."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "end_%s"  # the form beside it has fields of the same names

    audience = forms.CharField(label="Entity ID of the service", max_length=1024)
    subject = forms.CharField(label="Subject", max_length=200)


class OidcLogoutForm(forms.Form):
    """Who is signed out by OpenID Connect's back channel, and where."""

    logout_url = forms.CharField(label="Sign-out address of the connection", max_length=1024)
    oidc_subject = forms.CharField(label="Subject", max_length=200)
