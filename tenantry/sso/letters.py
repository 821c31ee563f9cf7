"""The mails of this room, with samples for their previews."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tenantry.kit.clock import now
from tenantry.mail.letters import Letterhead, register
from tenantry.tenancy.addresses import address

_HEAD = Letterhead("Contoso", "#b3541e")


def _context(**more: Any) -> dict[str, Any]:
    return {"organization": "Contoso", "url": address("sso", slug="contoso"), "who": "ada@contoso.example", **more}


register(
    "sso_mode",
    meaning="Single sign-on is enforced in an organization, or no longer.",
    subject="Single sign-on is now enforced",
    sample=lambda: _context(mode="enforced"),
    head=_HEAD,
)
register(
    "sso_break_glass",
    meaning="A window past single sign-on is opened, or somebody came in by one or by a recovery code.",
    subject="Somebody signed in past single sign-on",
    sample=lambda: _context(what="code", left=9),
    head=_HEAD,
)
register(
    "sso_no_seat",
    meaning="Somebody signed in by the organization's identity provider, and no seat was free.",
    subject="Somebody found no free seat",
    sample=lambda: _context(who="grace@contoso.example", detail="All 25 member seats are taken."),
    head=_HEAD,
)
register(
    "sso_certificate",
    meaning="A certificate of an identity provider ends within 30 or 7 days, or its metadata can't be read.",
    subject="A certificate of your identity provider ends soon",
    sample=lambda: _context(connection="Okta", days=7, ends=now() + timedelta(days=7), error=""),
    head=_HEAD,
)
