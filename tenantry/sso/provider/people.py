"""Whom somebody pretends to be at the test provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django import forms

# What can be wrong with the answer, so that one sees how it is refused. OpenID Connect knows those that it can tell.
FAULTS = {
    "": "Nothing, answer properly",
    "expired": "It has expired",
    "audience": "It is meant for another service",
    "unsigned": "It isn't signed",
    "stranger": "It is signed with another key",
    "changed": "It was changed after signing",
    "request": "It answers another request",
}


@dataclass(frozen=True, slots=True)
class Person:
    """Who signs in. ``subject`` is what the provider calls them for ever; ``more`` are further attributes by name."""

    subject: str
    email: str
    name: str = ""
    groups: list[str] = field(default_factory=list)
    more: dict[str, list[str]] = field(default_factory=dict)


class PersonForm(forms.Form):
    """Who one is today."""

    email = forms.EmailField(label="E-mail", max_length=254, error_messages={"required": "Enter the e-mail address of the person to be."})
    name = forms.CharField(label="Name", max_length=120, required=False)
    groups = forms.CharField(label="Groups", max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    subject = forms.CharField(label="Subject", max_length=200, required=False)
    more = forms.CharField(label="Further attributes", max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    fault = forms.ChoiceField(label="What is wrong with the answer", choices=list(FAULTS.items()), required=False)

    def clean_more(self) -> dict[str, list[str]]:
        """``name = value`` on each line; a name may come several times."""
        found: dict[str, list[str]] = {}
        for line in self.cleaned_data["more"].splitlines():
            name, equals, value = (part.strip() for part in line.partition("="))
            if line.strip() and not (name and equals):
                raise forms.ValidationError("Write one attribute per line, as name = value.")
            if line.strip():
                found.setdefault(name, []).append(value)
        return found

    def person(self) -> Person:
        """Whom the valid form describes."""
        given: dict[str, Any] = self.cleaned_data
        groups = [line.strip() for line in given["groups"].splitlines() if line.strip()]
        return Person(given["subject"].strip() or given["email"].lower(), given["email"], given["name"], groups, given["more"])
