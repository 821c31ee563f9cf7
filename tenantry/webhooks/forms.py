"""Forms of the pages about webhooks. What is allowed is the services' to say; these only name the fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict

from tenantry.audit.catalogue import PublicEvent, public_events
from tenantry.kit.problems import invalid

from .models import ALL, Endpoint
from .services import MOST_HEADERS

EMPTY_ROWS = 2


def grouped() -> list[tuple[str, list[PublicEvent]]]:
    """The public events under what they are about: the word before the dot."""
    found: dict[str, list[PublicEvent]] = {}
    for name, public in public_events().items():
        found.setdefault(name.partition(".")[0].replace("_", " ").capitalize(), []).append(public)
    return list(found.items())


class EndpointForm(forms.Form):
    """An address and what it hears of. Events are checkboxes and headers are rows, which the page draws by itself."""

    url = forms.CharField(
        label="Address", max_length=2000, widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "class": "mono"})
    )
    description = forms.CharField(
        label="Description", max_length=300, required=False, help_text="What listens there, for whoever reads this later."
    )
    everything = forms.BooleanField(
        label="All events", required=False, help_text="Also those that are still to come; the choice below then doesn't count."
    )
    events = forms.MultipleChoiceField(required=False, choices=lambda: [(name, name) for name in public_events()])
    headers = forms.Field(required=False, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def chosen(self) -> list[str]:
        """The events as the services take them."""
        return [ALL] if self.cleaned_data["everything"] else self.cleaned_data["events"]


class HeaderRows:
    """The rows of headers as somebody typed them. An empty value keeps what the endpoint has."""

    def __init__(self, names: list[str], values: list[str], *, kept: list[str]) -> None:
        self.given = [(name.strip(), value) for name, value in zip(names, values, strict=False)]
        self.kept = kept

    @classmethod
    def of(cls, data: QueryDict | None, endpoint: Endpoint | None) -> HeaderRows:
        """From a sent form, or from the endpoint whose values nobody sees."""
        kept = endpoint.header_names if endpoint else []
        if data:
            return cls(data.getlist("header_name"), data.getlist("header_value"), kept=kept)
        return cls(kept, [""] * len(kept), kept=kept)

    def rows(self, *, more: bool = False) -> list[dict[str, Any]]:
        """What the page draws: what was given, and some empty rows."""
        filled = [row for row in self.given if row[0] or row[1]]
        empty = [("", "")] * (EMPTY_ROWS * (2 if more else 1))
        return [
            {"name": name, "value": value, "kept": name in self.kept, "number": number}
            for number, (name, value) in enumerate([*filled, *empty][: max(MOST_HEADERS, len(filled))], start=1)
        ]

    def headers(self) -> dict[str, str | None]:
        """The headers as the services take them: None keeps a value. Raises Problem 422 ``header_invalid``."""
        found: dict[str, str | None] = {}
        for name, value in self.given:
            if not name and not value:
                continue
            if not name or name in found:
                detail = f"The header {name} is there twice." if name else "A header needs a name."
                raise invalid(detail, pointer="/headers", code="header_invalid")
            found[name] = None if not value and name in self.kept else value
        return found


class Question(forms.Form):
    """Nothing to fill in: a yes, and a place for a refusal."""


class TestForm(forms.Form):
    """Which event to try."""

    event_type = forms.ChoiceField(label="Event", choices=lambda: [(name, name) for name in public_events()], initial="webhook.test")


class ReplayForm(forms.Form):
    """From when on, and whether what arrived is sent once more too."""

    since = forms.DateTimeField(
        label="Since", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )  # fmt: skip
    everything = forms.BooleanField(
        label="Also what was delivered", required=False, help_text="Receivers that tell duplicates by webhook-id take no harm."
    )

    def moment(self, time_zone: str) -> datetime:
        """The instant that was meant where the reader is."""
        given: datetime = self.cleaned_data["since"]
        return given.replace(tzinfo=ZoneInfo(time_zone))
