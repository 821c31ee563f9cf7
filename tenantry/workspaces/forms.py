"""Forms of this room's pages. What is allowed is the services' to say; these only name the fields."""

from __future__ import annotations

from django import forms

from .program import NAME_LENGTH


class ProgramForm(forms.Form):
    """What the workspace says of itself."""

    name = forms.CharField(label="Name", max_length=NAME_LENGTH, help_text="What people see on every page and in every mail.")
    support_email = forms.EmailField(
        label="Support address", max_length=254, required=False, help_text="Shown where somebody is stuck: on error pages and at sign-in."
    )
    colour = forms.CharField(label="Colour", max_length=7, required=False)


class ProgramSettingsForm(ProgramForm):
    """The same, and the terms, under the version that the reader saw."""

    terms_url = forms.CharField(
        label="Terms of use",
        max_length=500,
        required=False,
        help_text="Where they are. Whoever comes in by single sign-on accepts them once.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class SlugField(forms.CharField):
    """A tenant's part of the address."""

    def __init__(self) -> None:
        super().__init__(label="Address", max_length=30, required=False)


class SignUpForm(forms.Form):
    """A workspace, and who runs it."""

    workspace = forms.CharField(label="Name of the workspace", max_length=NAME_LENGTH)
    slug = SlugField()
    name = forms.CharField(label="Your name", max_length=120, required=False)
    email = forms.EmailField(label="Your work e-mail", max_length=254, error_messages={"required": "Enter your e-mail address."})


class AddressForm(forms.Form):
    """Whose workspaces."""

    email = forms.EmailField(label="E-mail", max_length=254, error_messages={"required": "Enter your e-mail address."})
