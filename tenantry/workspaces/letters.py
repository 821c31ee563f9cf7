"""The mails of this room, with samples for their previews."""

from __future__ import annotations

from typing import Any

from tenantry.mail.letters import register
from tenantry.tenancy.addresses import address, address_in


def _welcome() -> dict[str, Any]:
    from tenantry.people.models import User

    url = address("sign_in_link", token="preview")  # noqa: S106  # opens nothing
    return {"user": User(name="Nora Lindqvist", email="nora@northwind.example"), "url": url, "address": address("home")}


register(
    "welcome", meaning="Somebody set up the installation, or signed up, and is the admin now.", subject="Northwind Learning is ready",
    sample=_welcome,
)  # fmt: skip
register(
    "workspaces", meaning="Somebody asks for a link that shows all their workspaces; the installation sends it, no tenant.",
    subject="Your workspaces", sample=lambda: {"url": address_in("", "workspaces_link", token="preview")},  # noqa: S106  # opens nothing
)  # fmt: skip
