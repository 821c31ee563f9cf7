"""Every page, asked for and posted to by people who have no business there: nothing is shown, nothing is changed.

The addresses are those of ``config/urls.py``; a new room's pages are covered when they are included there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import SlugConverter, StringConverter

from tenantry.people.sessions import COOKIE

from ..people import Cast, Client, ok
from . import rows
from .document import WORDS
from .test_every_operation import SECRET, _ids, victim

__all__ = ["victim"]  # the fixture
# Who may be anybody: pages to sign in with, what is public, and what shows how the house is built.
OPEN = (
    "sign-in",
    "sign-out",
    "sso/",
    "test-provider/",
    "directory",
    "dev/",
    "health",
    "favicon.ico",
    "invitations/",
    "static/",
    "program.css",
)


def _patterns(found: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in (found or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            if not str(entry.pattern).startswith("api/"):
                yield from _patterns(entry, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern), entry


def _addresses(cast: Cast, ids: dict[str, str]) -> dict[str, list[str]]:
    """``{route: addresses}``: with the victim's slug and identifiers, and with every word that a part of a route may be."""
    found: dict[str, list[str]] = {}
    for route, pattern in _patterns():
        made = [route]
        for name, converter in pattern.pattern.converters.items():
            prefix = getattr(converter, "regex", "")[:3]
            if prefix in ids and not isinstance(converter, SlugConverter | StringConverter):
                values = [ids[prefix]]
            elif name == "slug":
                values = [cast.contoso.slug]
            elif isinstance(converter, SlugConverter):
                values = [
                    "details",
                    "billing",
                    "owner",
                    "logo",
                    "approve",
                    "reject",
                    "suspend",
                    "deactivate",
                    "delete",
                    "restore",
                    "verify",
                ]
            elif name == "resource_type":
                values = ["quota:project"]
            else:
                values = [next((ids[p] for p in ids if p in name), "A" * 43)]
            kind = next(part for part in route.split("<")[1:] if part.split(">")[0].endswith(name)).split(">")[0]
            made = [address.replace(f"<{kind}>", value) for address in made for value in values]
        found[route] = made
    return found


def _intruders(cast: Cast) -> list[tuple[str, Client, str]]:
    stolen = Client(cast.tenant.api, session=cast.other_owner.cookies[COOKIE])
    return [
        ("outsider", cast.outsider, cast.tenant.url),
        ("nobody", cast.tenant.nobody(), cast.tenant.url),
        ("other tenant's owner", stolen, cast.tenant.url),
        ("other tenant's owner, at home", cast.other_owner, cast.other_tenant.url),
        ("plain member", cast.learner, cast.tenant.url),
    ]


def _faults(name: str, route: str, answer: httpx.Response, cast: Cast) -> list[str]:
    said = f"{name}: {answer.request.method} {route} → {answer.status_code}"
    if answer.status_code >= 500:
        return [said]
    is_open = route.startswith(OPEN) or route == ""
    text = answer.text.replace(cast.learner.email, "") if name == "plain member" else answer.text
    faults = [f"shows an address: {said}"] if SECRET in text and not route.startswith("dev/") else []
    if name != "plain member" and route.startswith("o/") and answer.status_code not in (302, 401, 404, 405):
        faults.append(f"tells that the organization exists: {said}")
    if name in ("nobody", "other tenant's owner") and not is_open and answer.status_code == 200:
        faults.append(f"opens to nobody: {said}")
    if name != "nobody" and route.startswith("staff") and answer.status_code not in (302, 401, 403, 404, 405):
        faults.append(f"opens to no staff: {said}")
    return faults


def test_no_page_serves_anybody_who_has_no_business_there(victim: Cast) -> None:
    addresses = _addresses(victim, _ids(victim))
    assert len(addresses) > 30
    before, faults = rows.snapshot(victim.tenant), []
    for name, client, base in _intruders(victim):
        for route, made in addresses.items():
            if route.startswith(("sign-out", "account/sessions")) or (name == "plain member" and route.endswith("/leave")):
                continue  # what ends the intruder's own session or membership
            for address in made:
                faults += _faults(name, route, client.get(f"{base}/{address}"), victim)
                faults += _faults(name, route, client.post(f"{base}/{address}", data=_form()), victim)
    assert not faults, "\n".join(faults)
    own = [victim.outsider.me.id, victim.learner.me.id]
    changed = rows.touched(before, rows.snapshot(victim.tenant), organizations=[victim.contoso.id], own=own)
    assert not changed, "\n".join(changed)


def _form() -> dict[str, Any]:
    """What the forms ask for, all at once."""
    return {name: value for name, value in WORDS.items() if isinstance(value, str)} | {"confirm": "Contoso", "confirmation": "contoso"}


def test_the_pages_of_an_organization_open_to_its_owner(cast: Cast) -> None:
    """Otherwise the refusals above could be about addresses that lead nowhere."""
    opened = [
        route
        for route, pattern in _patterns()
        if set(pattern.pattern.converters) == {"slug"}
        and cast.owner.get(f"{cast.tenant.url}/{route.replace('<slug:slug>', 'contoso')}").status_code == 200
    ]
    assert len(opened) >= 6, opened
    ok(cast.owner.get("/me"))
