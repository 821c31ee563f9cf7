"""Forms of the pages about a directory. What is allowed is the services' to say; these only name the fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from tenantry.access.forms import LimitedForm
from tenantry.access.permissions import ADMIN_ROLES, ROLES

from .mappings import Mapping
from .settings import DEFAULT_ROLES, Settings

EMPTY_ROWS = 2


class TokenForm(LimitedForm):
    """A new token."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "What your directory is called. It stands in lists and in the audit log."
        self.fields["last_day"].help_text = "The token ends with this day. Without one it works until somebody revokes it."


class SettingsForm(forms.Form):
    """What a directory may do."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    enabled = forms.BooleanField(
        label="Directory sync is on", required=False, help_text="Off: every request of your directory is refused, and nobody changes."
    )
    provision = forms.BooleanField(
        label="Add people", required=False, help_text="Whoever is assigned to the application becomes a member, or comes back."
    )
    deprovision = forms.BooleanField(
        label="Take people away", required=False,
        help_text="Whoever is deactivated or unassigned is suspended at once. Nothing of theirs is erased.",
    )  # fmt: skip
    update_profile = forms.BooleanField(
        label="Keep names up to date", required=False, help_text="For people in your verified domains, and those whom your directory added."
    )
    default_role = forms.ChoiceField(
        label="Role of whoever is in no mapped group", choices=[(name, ROLES[name].label) for name in DEFAULT_ROLES],
        help_text="Owner, maintainer and billing admin are given by a person, or by a group that an owner has mapped.",
    )  # fmt: skip

    @classmethod
    def of(cls, data: Any, held: Settings) -> SettingsForm:
        """With what is set now, or what somebody sends."""
        names = ("version", "enabled", "provision", "deprovision", "update_profile", "default_role")
        return cls(data or None, initial={name: getattr(held, name) for name in names})


class MappingsForm(forms.Form):
    """As many rows as there are mappings, and a few more; a row without a group is none."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, held: Sequence[Mapping], version: int, rows: int, governance: bool) -> None:
        super().__init__(data, initial={"version": version})
        self.rows = rows or len(held) + EMPTY_ROWS
        choices = [(name, role.label) for name, role in ROLES.items()]
        for index in range(self.rows):
            given = held[index] if index < len(held) else None
            offered = [(n, label) for n, label in choices if governance or n not in ADMIN_ROLES or (given and n == given.role)]
            self.fields[f"{index}_group"] = forms.CharField(
                required=False, max_length=255, initial=given.group if given else "",
                widget=forms.TextInput(
                    attrs={"list": "known-groups", "autocomplete": "off", "class": "input", "aria-label": f"Group {index + 1}"}
                ),
            )  # fmt: skip
            self.fields[f"{index}_role"] = forms.ChoiceField(
                choices=offered,
                initial=given.role if given else "learner",
                widget=forms.Select(attrs={"class": "input", "aria-label": f"Role of group {index + 1}"}),
            )

    def lines(self) -> Iterator[tuple[BoundField, BoundField]]:
        """Group and role, row by row."""
        for index in range(self.rows):
            yield self[f"{index}_group"], self[f"{index}_role"]

    def given(self) -> list[Mapping]:
        """The rows that have a group."""
        sent = self.cleaned_data
        return [
            Mapping(sent[f"{index}_group"], sent.get(f"{index}_role", "learner"))
            for index in range(self.rows)
            if str(sent.get(f"{index}_group", "")).strip()
        ]

    def named(self, pointer: str) -> str:
        """The name of the field that a problem's pointer means: the service numbers only rows that have a group."""
        place, _, member = pointer.strip("/").partition("/")
        if not place.isdigit() or not member:
            return pointer
        full = [index for index in range(self.rows) if str(self.cleaned_data.get(f"{index}_group", "")).strip()]
        return f"/{full[int(place)]}_{member}" if int(place) < len(full) else pointer
