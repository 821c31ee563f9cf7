"""What may be set on an organization: by whom, and what is valid. One table for API, forms and the wizard."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import pycountry
import stdnum.eu.vat
import stdnum.in_.gstin
import stdnum.in_.pan
from django.conf import settings
from stdnum.exceptions import ValidationError

from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem, invalid

SIZES: Final = ("1-10", "11-50", "51-200", "201-1000", "1001-5000", "5001+")
FUNDING_MODES: Final = ("personal", "wallet", "invoice", "license")
ADDRESS_PARTS: Final = ("line1", "line2", "city", "region", "postal_code", "country")
_EU = set("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
_UDYAM = re.compile(r"^UDYAM-[A-Z]{2}-\d{2}-\d{7}$")  # Ministry of MSME: UDYAM-<state>-<district>-<serial>
_SLUG = re.compile(r"^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$")
RESERVED_SLUGS: Final = frozenset({"new", "api", "static", "admin", "staff", "account", "sign-in", "directory", "invitations"})


def text(pointer: str, value: Any, *, limit: int, required: bool = False) -> str:
    """A trimmed line of text. Raises Problem 422."""
    cleaned = str(value or "").strip()
    if required and not cleaned:
        raise invalid("This is needed.", pointer=pointer, code="missing")
    if len(cleaned) > limit or any(ord(character) < 32 and character not in "\n\t" for character in cleaned):
        raise invalid(f"At most {limit} characters, none of them control characters.", pointer=pointer)
    return cleaned


def slug(value: Any) -> str:
    """An organization's address: up to 60 of a-z, 0-9 and the hyphen. Raises Problem 422 ``slug_invalid``."""
    cleaned = str(value or "").strip()
    if not _SLUG.fullmatch(cleaned) or cleaned in RESERVED_SLUGS:
        raise invalid("A slug is up to 60 of a-z, 0-9 and the hyphen, and not a reserved word.", pointer="/slug", code="slug_invalid")
    return cleaned


def country(value: Any, pointer: str = "/country") -> str:
    """The two capital letters of ISO 3166-1. Raises Problem 422 ``country_unknown``."""
    code = str(value or "").strip().upper()
    if not pycountry.countries.get(alpha_2=code):
        raise invalid("A country is given by its two letters, such as IN.", pointer=pointer, code="country_unknown")
    return code


def currency(value: Any) -> str:
    """The three capital letters of ISO 4217. Raises Problem 422 ``currency_unknown``."""
    code = str(value or "").strip().upper()
    if not pycountry.currencies.get(alpha_3=code):
        raise invalid(
            "A currency is given by its three letters (ISO 4217), such as INR.", pointer="/default_currency", code="currency_unknown"
        )
    return code


def time_zone(value: Any) -> str:
    """A name of the IANA database; UTC for none. Raises Problem 422 ``time_zone_unknown``."""
    name = str(value or "").strip() or "UTC"
    if name not in available_timezones():
        raise invalid("A time zone is named as in Asia/Kolkata.", pointer="/time_zone", code="time_zone_unknown")
    return name


def one_of(pointer: str, value: Any, allowed: tuple[str, ...], *, blank: bool = True) -> str:
    """One of a few words, or none where ``blank``. Raises Problem 422."""
    cleaned = str(value or "").strip()
    if cleaned not in allowed and not (blank and not cleaned):
        raise invalid(f"One of {', '.join(allowed)}.", pointer=pointer)
    return cleaned


def website(value: Any) -> str:
    """An http or https address, or none. Raises Problem 422 ``website_invalid``."""
    cleaned = text("/website", value, limit=200)
    if cleaned and (urlsplit(cleaned).scheme not in ("http", "https") or not urlsplit(cleaned).hostname):
        raise invalid("A website begins with https://.", pointer="/website", code="website_invalid")
    return cleaned


def colour(value: Any) -> str:
    """``#rrggbb`` in lower case, or none. Raises Problem 422 ``colour_invalid``."""
    cleaned = str(value or "").strip().lower()
    if cleaned and not re.fullmatch(r"#[0-9a-f]{6}", cleaned):
        raise invalid("A colour looks like #3b5bdb.", pointer="/brand_colour", code="colour_invalid")
    return cleaned


def optional_email(value: Any) -> str:
    """A normalized address, or none. Raises Problem 422 ``email_invalid``."""
    return normalize(str(value), pointer="/billing_email") if str(value or "").strip() else ""


def can_host(value: Any) -> bool:
    """Hosting is opened by the installation, not by a page. Raises Problem 400 ``host_orgs_gated``."""
    if value and settings.ENVIRONMENT.host_orgs != "on":
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "host_orgs_gated",
            "Hosting organizations are not enabled here. The operator sets TENANTRY_HOST_ORGS=on.",
        )
    return bool(value)


def tax_ids(value: Any, home: str) -> dict[str, str]:
    """GSTIN, PAN and Udyam in India, VAT elsewhere; check digits verified by python-stdnum. Raises Problem 422."""
    given = {str(k).lower(): str(v).strip().upper() for k, v in dict(value or {}).items() if str(v or "").strip()}
    allowed = {"gstin", "pan", "udyam"} if home == "IN" else {"vat"}
    for kind, number in given.items():
        pointer = f"/tax_ids/{kind}"
        if kind not in allowed:
            raise invalid(f"In {home} there are: {', '.join(sorted(allowed))}.", pointer=pointer, code="tax_id_unknown")
        given[kind] = _tax_id(kind, number, home, pointer)
    if "gstin" in given and "pan" in given and given["gstin"][2:12] != given["pan"]:
        raise invalid("The GSTIN belongs to another PAN.", pointer="/tax_ids/gstin", code="tax_id_invalid")
    return given


def _tax_id(kind: str, number: str, home: str, pointer: str) -> str:
    try:
        if kind == "gstin":
            return str(stdnum.in_.gstin.validate(number))
        if kind == "pan":
            return str(stdnum.in_.pan.validate(number))
        if kind == "udyam":
            if not _UDYAM.fullmatch(number):
                raise invalid("An Udyam number looks like UDYAM-MH-01-0012345.", pointer=pointer, code="tax_id_invalid")
            return number
        if home in _EU:
            return str(stdnum.eu.vat.validate(number))
    except ValidationError as error:
        raise invalid(f"That is no valid {kind.upper()}: {str(error).rstrip('.')}.", pointer=pointer, code="tax_id_invalid") from error
    if not re.fullmatch(r"[A-Z0-9 .-]{4,20}", number):
        raise invalid("A VAT number has 4 to 20 letters and digits.", pointer=pointer, code="tax_id_invalid")
    return number


def billing_address(value: Any) -> dict[str, str]:
    """The parts of a postal address that are given. Raises Problem 422."""
    given = dict(value or {})
    for part in given:
        if part not in ADDRESS_PARTS:
            raise invalid(f"An address has {', '.join(ADDRESS_PARTS)}.", pointer=f"/billing_address/{part}")
    cleaned = {part: text(f"/billing_address/{part}", given.get(part), limit=120) for part in ADDRESS_PARTS}
    if cleaned["country"]:
        cleaned["country"] = country(cleaned["country"], "/billing_address/country")
    return {part: words for part, words in cleaned.items() if words}


def terms(value: Any) -> int:
    """Days until an invoice is due. Raises Problem 422."""
    if str(value) not in ("0", "7", "15", "30", "45", "60", "90"):
        raise invalid("Payment terms are 0, 7, 15, 30, 45, 60 or 90 days.", pointer="/payment_terms_days")
    return int(value)


def _line(name: str, limit: int, required: bool = False) -> Callable[[Any], str]:
    return lambda value: text(f"/{name}", value, limit=limit, required=required)


# field: (the row it lives in, the permission it needs, how it is checked). ``tax_ids`` also needs the country.
FIELDS: Final[dict[str, tuple[str, str, Callable[..., Any]]]] = {
    "name": ("organization", "settings:write", _line("name", 120, True)),
    "legal_name": ("organization", "settings:write", _line("legal_name", 200)),
    "size": ("organization", "settings:write", lambda value: one_of("/size", value, SIZES)),
    "industry": ("organization", "settings:write", _line("industry", 60)),
    "description": ("profile", "settings:write", _line("description", 2000)),
    "website": ("profile", "settings:write", website),
    "brand_colour": ("profile", "settings:write", colour),
    "slug": ("organization", "settings:write_owner_fields", slug),
    "country": ("organization", "settings:write_owner_fields", country),
    "time_zone": ("organization", "settings:write_owner_fields", time_zone),
    "default_currency": ("organization", "settings:write_owner_fields", currency),
    "can_sponsor": ("organization", "settings:write_owner_fields", bool),
    "can_host": ("organization", "settings:write_owner_fields", can_host),
    "public": ("organization", "settings:write_owner_fields", bool),
    "tax_ids": ("billing", "settings:write_owner_fields", tax_ids),
    "requires_purchase_order": ("billing", "settings:write_owner_fields", bool),
    "billing_email": ("billing", "settings:write_billing_fields", optional_email),
    "billing_address": ("billing", "settings:write_billing_fields", billing_address),
    "payment_terms_days": ("billing", "settings:write_billing_fields", terms),
    "funding_mode": ("billing", "billing:funding", lambda value: one_of("/funding_mode", value, FUNDING_MODES, blank=False)),
}
COLUMN: Final = {"billing_address": "address"}


def clean(values: Mapping[str, Any], *, home: str) -> dict[str, Any]:
    """All values checked; every wrong one is named in one 422 (``errors[]`` with JSON pointers)."""
    cleaned: dict[str, Any] = {}
    errors: list[Problem] = []
    for name, value in values.items():
        check = FIELDS[name][2]
        try:
            cleaned[name] = check(value, cleaned.get("country", home)) if name == "tax_ids" else check(value)
        except Problem as problem:
            if problem.status != HTTPStatus.UNPROCESSABLE_ENTITY:
                raise
            errors.append(problem)
    if errors:
        raise Problem(
            422, errors[0].code, errors[0].detail, errors=[entry for problem in errors for entry in problem.members.get("errors", [])]
        )
    return cleaned


def require_fields(values: Mapping[str, Any], may: Callable[[str], bool]) -> None:
    """Raises Problem 403 ``field_forbidden`` naming each field that the caller may not touch."""
    closed = sorted(name for name in values if not may(FIELDS[name][1]))
    if closed:
        raise Problem(HTTPStatus.FORBIDDEN, "field_forbidden", f"You may not change: {', '.join(closed)}.", fields=closed)
