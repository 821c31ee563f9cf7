"""The form of a window."""

from __future__ import annotations

from django import forms

from tenantry.tenancy.windows import Mode

_WHEN = {"type": "datetime-local"}


class WindowForm(forms.Form):
    """What the API takes, with an organization by its address. Times are UTC."""

    organization = forms.CharField(
        label="Organization", max_length=60, required=False, help_text="Its address, such as contoso. Empty: the whole workspace."
    )
    mode = forms.ChoiceField(label="What is refused", choices=[(mode.value, mode.value) for mode in Mode], initial=Mode.WRITES.value)
    starts_at = forms.DateTimeField(
        label="Begins (UTC)", required=False, widget=forms.DateTimeInput(attrs=_WHEN), help_text="Empty: at once."
    )
    ends_at = forms.DateTimeField(
        label="Ends (UTC)", required=False, widget=forms.DateTimeInput(attrs=_WHEN), help_text="Empty: when you end it."
    )
    message = forms.CharField(
        label="Message", max_length=280, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the banner and in every refusal.",
    )  # fmt: skip
