"""Countries, currencies and the like, as selects show them."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

import pycountry

from .fields import SIZES

Choices = list[tuple[str, str]]
SIZE_CHOICES: Choices = [("", "–"), *((size, f"{size.replace('-', '–')} people") for size in SIZES)]
FUNDING = {
    "personal": ("Each member pays", "Everybody buys for themself; the organization pays nothing."),
    "wallet": ("Wallet", "The organization pays in advance and its members draw from that."),
    "invoice": ("Invoice", "The organization pays later, on the agreed terms."),
    "license": ("License", "A fixed price for a term, whatever is used."),
}
TERMS: Choices = [("0", "At once"), *((str(days), f"Net {days}") for days in (7, 15, 30, 45, 60, 90))]
TAX_IDS = {"gstin": "GSTIN", "pan": "PAN", "udyam": "Udyam (MSME)", "vat": "VAT number"}


@cache
def countries() -> Choices:
    """ISO 3166, by name."""
    return sorted(((found.alpha_2, getattr(found, "common_name", found.name)) for found in pycountry.countries), key=lambda pair: pair[1])


@cache
def currencies() -> Choices:
    """ISO 4217, by code; those for testing and for no currency are left out."""
    return sorted(
        (found.alpha_3, f"{found.alpha_3} · {found.name}") for found in pycountry.currencies if found.alpha_3 not in ("XTS", "XXX")
    )


@cache
def time_zones() -> Choices:
    """IANA's zones that are named by a place, and UTC."""
    return [
        ("UTC", "UTC"),
        *((name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name and name[:3] != "Etc"),
    ]


def tax_ids_of(country: str) -> list[str]:
    """Which tax identifiers there are in a country."""
    return ["gstin", "pan", "udyam"] if country == "IN" else ["vat"]
