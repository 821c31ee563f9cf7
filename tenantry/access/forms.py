"""Forms of the pages about keys. What is allowed is the services' to say; these only name the fields."""

from __future__ import annotations

from typing import Any

from django import forms

OVERLAPS = {1: "1 hour", 4: "4 hours", 12: "12 hours", 24: "24 hours", 48: "2 days", 72: "3 days"}


class LimitedForm(forms.Form):
    """What a key and a directory's token have in common: a name, an end, and from where they work."""

    name = forms.CharField(label="Name", max_length=120, help_text="What the key is for. It stands in lists and in the audit log.")
    last_day = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="The key ends with this day. Without one it works until somebody revokes it.",
    )  # fmt: skip
    allowed_ips = forms.CharField(
        label="Only from these networks", required=False, widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text="Addresses or CIDR networks, one a line, such as 198.51.100.7 or 2001:db8::/32. None: from anywhere.",
    )  # fmt: skip

    def networks(self) -> list[str]:
        """The lines, without blank ones."""
        return [line.strip() for line in self.cleaned_data["allowed_ips"].splitlines() if line.strip()]


class KeyForm(LimitedForm):
    """A new key. Scopes are checkboxes that the page draws by itself, with what each means."""

    scopes = forms.MultipleChoiceField(required=False)

    def __init__(self, *args: Any, scopes: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [(name, name) for name in scopes]  # type: ignore[attr-defined]  # a choice field


class RotateForm(forms.Form):
    """How long the old key works on."""

    overlap_hours = forms.TypedChoiceField(
        label="The old key works for another", choices=list(OVERLAPS.items()), coerce=int, initial=24,
        help_text="Long enough to put the new key everywhere the old one is used.",
    )  # fmt: skip


class RevokeForm(forms.Form):
    """Why."""

    reason = forms.CharField(label="Reason", max_length=500, required=False, help_text="Kept in the record.")
