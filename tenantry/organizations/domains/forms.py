"""Forms of the pages about domains. What is valid is the services' to say."""

from __future__ import annotations

from django import forms

from tenantry.organizations.models import Domain


class ClaimForm(forms.Form):
    """A domain to claim."""

    domain = forms.CharField(label="Domain", max_length=300)


class JoiningForm(forms.Form):
    """What people with an address of the domain may do. ``version`` keeps two editors from undoing each other."""

    auto_join = forms.ChoiceField(label="Who may join", choices=Domain.AutoJoin.choices)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class DecisionForm(forms.Form):
    """Staff's word on a domain."""

    reason = forms.CharField(
        label="Reason", max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "A reason is needed; it is kept and shown."},
    )  # fmt: skip
