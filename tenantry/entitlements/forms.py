"""Forms of the pages about limits and use."""

from __future__ import annotations

from typing import Any

from django import forms


class LimitForm(forms.Form):
    """An override of one limit. ``resource_type`` is asked for when it isn't in the address."""

    resource_type = forms.CharField(label="Resource type", max_length=60, help_text="Such as quota:project or seat:member.")
    limit = forms.IntegerField(label="Limit", min_value=0, max_value=2_000_000_000, help_text="0 allows none.")
    reason = forms.CharField(label="Reason", max_length=500, required=False, help_text="Kept in the record.")
    ends_at = forms.DateField(
        label="Until", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The last day of it. After that the plan's limit rules again.",
    )  # fmt: skip
    force = forms.BooleanField(
        label="Set it even below what is held", required=False, help_text="Nobody loses anything; nothing more can be taken."
    )

    def __init__(self, *args: Any, resource_type: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if resource_type:
            del self.fields["resource_type"]


class AcquireForm(forms.Form):
    """One resource to hold, by the vendor's own id."""

    resource_id = forms.CharField(label="Id", max_length=200, help_text="As your product calls it.")


class ReconcileForm(forms.Form):
    """The whole list of ids, one a line."""

    resource_ids = forms.CharField(
        label="Ids, one a line", required=False, widget=forms.Textarea(attrs={"rows": 12, "class": "mono", "spellcheck": "false"}),
        help_text="What is missing here is released; what is new is acquired.",
    )  # fmt: skip

    def ids(self) -> list[str]:
        """The ids, without blanks and without repetition, in their order."""
        return list(dict.fromkeys(line.strip() for line in self.cleaned_data["resource_ids"].splitlines() if line.strip()))
