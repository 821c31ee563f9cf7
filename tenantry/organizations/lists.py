"""Countries, currencies and the like, as selects show them."""

from __future__ import annotations

from functools import cache
from typing import Any
from zoneinfo import available_timezones

import pycountry
from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from .fields import SIZES

Choices = list[tuple[str, str]]
SIZE_CHOICES: Choices = [("", "–"), *((size, f"{size.replace('-', '–')} people") for size in SIZES)]
ADDRESS_LABELS = {
    "line1": "Street and number", "line2": "Further line", "city": "City", "region": "State or region", "postal_code": "Postal code",
    "country": "Country",
}  # fmt: skip
FUNDING = {
    "personal": ("Each member pays", "Everybody buys for themself; the organization pays nothing."),
    "wallet": ("Wallet", "The organization pays in advance and its members draw from that."),
    "invoice": ("Invoice", "The organization pays later, on the agreed terms."),
    "license": ("License", "A fixed price for a term, whatever is used."),
}
TERMS: Choices = [("0", "At once"), *((str(days), f"Net {days}") for days in (7, 15, 30, 45, 60, 90))]
TAX_IDS = {"gstin": "GSTIN", "pan": "PAN", "udyam": "Udyam (MSME)", "vat": "VAT number"}
_PLACES = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
_MONEY_WITH_X = ("XAF", "XCD", "XOF", "XPF")


class LongSelect(forms.Select):
    """A select of hundreds of options, drawn in one go: Django renders a template for each of them."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        chosen = self.format_value(value)
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, mark_safe(" selected") if str(key) in chosen else "", word) for key, word in self.choices),
        )
        return format_html("<select{}>{}</select>", flatatt(self.build_attrs(self.attrs, {"name": name, **(attrs or {})})), options)


@cache
def countries() -> Choices:
    """ISO 3166, by name."""
    return sorted(((found.alpha_2, getattr(found, "common_name", found.name)) for found in pycountry.countries), key=lambda pair: pair[1])


@cache
def currencies() -> Choices:
    """ISO 4217, by code. Of those that begin with X only money is left: no metals, no units of account, none for testing."""
    found = (
        (one.alpha_3, f"{one.alpha_3} · {one.name}")
        for one in pycountry.currencies
        if one.alpha_3[0] != "X" or one.alpha_3 in _MONEY_WITH_X
    )
    return sorted(found)


@cache
def time_zones() -> Choices:
    """IANA's zones that are named by a place, and UTC."""
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in sorted(available_timezones()) if name.startswith(_PLACES))]


def tax_ids_of(country: str) -> list[str]:
    """Which tax identifiers there are in a country."""
    return ["gstin", "pan", "udyam"] if country == "IN" else ["vat"]
