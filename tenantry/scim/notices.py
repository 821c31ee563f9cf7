"""The mails of this room, with samples for their previews."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from tenantry.mail import services as mail
from tenantry.mail.letters import Letterhead, register
from tenantry.organizations.models import Organization
from tenantry.organizations.notices import addresses_of, head_of
from tenantry.tenancy.addresses import address

SUBJECTS = {
    "seats": "No seat is free for somebody from your directory",
    "last_owner": "Your directory tried to remove the last owner",
}


def tell_owners(*, kind: str, organization_id: UUID, who: str) -> None:
    """Mail every active owner of an organization."""
    organization = Organization.objects.get(id=organization_id)
    if organization.deleted_at:
        return
    head = head_of(organization)
    for email in addresses_of(organization.id, "owner"):
        mail.queue(
            to=email, subject=SUBJECTS[kind], template=f"scim_{kind}", about=organization.public_id,
            head=head, context=_context(kind, organization.name, organization.slug, who),
        )  # fmt: skip


def _context(kind: str, name: str, slug: str, who: str) -> dict[str, Any]:
    return {
        "organization": name, "who": who, "url": address("members" if kind == "last_owner" else "scim_overview", slug=slug),
    }  # fmt: skip


def _sample(kind: str) -> dict[str, Any]:
    return _context(kind, "Contoso", "contoso", "mia@contoso.example")


register(
    "scim_seats",
    meaning="A directory wanted to add somebody and no seat was free; at most once a day.",
    subject=SUBJECTS["seats"],
    sample=partial(_sample, "seats"),
    head=Letterhead("Contoso", "#b3541e"),
)
register(
    "scim_last_owner",
    meaning="A directory wanted to take the last owner away; at most once a day.",
    subject=SUBJECTS["last_owner"],
    sample=partial(_sample, "last_owner"),
    head=Letterhead("Contoso", "#b3541e"),
)
