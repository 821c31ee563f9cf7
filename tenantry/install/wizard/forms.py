"""The wizard's steps as forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from tenantry.workspaces.forms import ProgramForm, SlugField


class YouForm(forms.Form):
    """Who becomes the admin."""

    name = forms.CharField(label="Your name", max_length=120)
    email = forms.EmailField(
        label="Your work e-mail", max_length=254, help_text="You sign in with it. We mail a link there when all is set up.",
        error_messages={"required": "Enter your e-mail address."},
    )  # fmt: skip


class WizardProgramForm(ProgramForm):
    """What the workspace says of itself, and its address where there are several."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if settings.ENVIRONMENT.multi:
            self.fields["slug"] = SlugField()
