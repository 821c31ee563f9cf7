"""Forms of the pages about people. They read what was typed; what is valid is the services' to say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from tenantry.access.permissions import ROLES
from tenantry.entitlements.plans import PLANS

from .choices import RoleChoice
from .lists import LongSelect, countries, currencies

ROLE_NAMES = [(role.name, role.label) for role in ROLES.values()]
DEFAULT_ROLE = "learner"


def first_open(choices: Iterable[RoleChoice]) -> str:
    """The role a form starts with: the usual one where it is open, else the lowest that is."""
    open_ = [choice.value for choice in choices if not choice.closed]
    return DEFAULT_ROLE if DEFAULT_ROLE in open_ else (open_[-1] if open_ else "")


class RoleForm(forms.Form):
    """A member's new role. ``version`` keeps two editors from undoing each other."""

    role = forms.ChoiceField(label="New role", choices=ROLE_NAMES)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class InviteForm(forms.Form):
    """One invitation."""

    email = forms.CharField(label="E-mail", max_length=254, widget=forms.EmailInput)
    name = forms.CharField(label="Name", max_length=120, required=False)
    team = forms.CharField(label="Team", max_length=120, required=False)
    role = forms.ChoiceField(label="Role", choices=ROLE_NAMES)


class AddForm(InviteForm):
    """A member without an invitation."""

    service_account = forms.BooleanField(
        label="A service account", required=False, help_text="A machine's membership. It holds no seat and never signs in."
    )


class ReasonForm(forms.Form):
    """A reason for the record."""

    reason = forms.CharField(label="Reason", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, needed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = needed
        self.fields["reason"].error_messages["required"] = "A reason is needed; it is kept and shown."


class BulkForm(forms.Form):
    """A list of people: pasted, or as a file."""

    rows = forms.CharField(
        label="Paste a list", required=False, strip=False, widget=forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false"})
    )
    file = forms.FileField(
        label="Or upload a CSV file", required=False, widget=forms.FileInput(attrs={"accept": ".csv,text/csv,text/plain"})
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not values.get("file") and not str(values.get("rows") or "").strip() and not self.errors:
            self.add_error("rows", "Paste a list, or choose a file.")
        return values

    def data_bytes(self) -> bytes:
        """What was sent, as the bytes of a CSV file."""
        upload = self.cleaned_data.get("file")
        if not upload:
            return str(self.cleaned_data["rows"]).encode()
        # A little more than allowed is enough to be refused for its size; the rest needn't be read.
        return bytes(upload.read(3 * 1024 * 1024))


class DeleteForm(ReasonForm):
    """The question before an organization is deleted: its slug must be typed."""

    slug = forms.CharField(label="Type its slug to confirm", max_length=60)

    def __init__(self, *args: Any, slug: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = slug

    def clean_slug(self) -> str:
        given = str(self.cleaned_data["slug"]).strip()
        if given != self.expected:
            raise forms.ValidationError(f"That is not its slug. It is {self.expected}.")
        return given


class FoundForm(forms.Form):
    """An organization that staff found for a customer."""

    name = forms.CharField(label="Name", max_length=120)
    slug = forms.CharField(label="Slug", max_length=60, required=False, help_text="Made from the name when left empty.")
    country = forms.ChoiceField(label="Country", choices=lambda: [("", "Choose a country"), *countries()], widget=LongSelect)
    default_currency = forms.ChoiceField(label="Currency", choices=lambda: [("", "Choose a currency"), *currencies()], widget=LongSelect)
    plan = forms.ChoiceField(
        label="Plan", required=False, choices=[("", "No plan: no limits"), *((name, name.capitalize()) for name in PLANS)]
    )
    owner_email = forms.CharField(
        label="Owner's e-mail", max_length=254, required=False, widget=forms.EmailInput,
        help_text="They are the owner at once. Without one, invite an owner later.",
    )  # fmt: skip
