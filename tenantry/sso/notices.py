"""What owners are told by mail: each who is active, in the organization's letterhead, with the act that it is about."""

from __future__ import annotations

from typing import Any

from tenantry.mail import services as mail
from tenantry.organizations.models import Organization
from tenantry.organizations.notices import addresses_of, head_of
from tenantry.tenancy.addresses import address


def tell_owners(organization: Organization, template: str, *, subject: str, **context: Any) -> None:
    """Mail every active owner. The context also has ``organization`` and ``url``, the page of single sign-on."""
    if organization.deleted_at:
        return
    head = head_of(organization)
    given = {"organization": organization.name, "url": address("sso", slug=organization.slug), **context}
    for email in addresses_of(organization.id, "owner"):
        mail.queue(to=email, subject=subject, template=template, about=organization.public_id, head=head, context=given)
