"""What owners are told by mail: each who is active, in the organization's letterhead, with the act that it is about."""

from __future__ import annotations

from typing import Any

from tenantry.mail import services as mail
from tenantry.mail.letters import Letterhead
from tenantry.organizations.models import Membership, Organization, Profile
from tenantry.people.models import User
from tenantry.tenancy.addresses import address


def tell_owners(organization: Organization, template: str, *, subject: str, **context: Any) -> int:
    """Mail every active owner; returns how many. The context also has ``organization`` and ``url``, the page of single sign-on."""
    if organization.deleted_at:
        return 0
    colour = Profile.objects.filter(organization=organization).values_list("brand_colour", flat=True).first()
    head = Letterhead(organization.name, colour or "")
    owners = Membership.objects.filter(organization=organization, role="owner", status=Membership.Status.ACTIVE)
    people = User.objects.filter(id__in=owners.values("user_id"), status=User.Status.ACTIVE).order_by("id")
    given = {"organization": organization.name, "url": address("sso", slug=organization.slug), **context}
    addresses = list(people.values_list("email", flat=True))
    for email in addresses:
        mail.queue(to=email, subject=subject, template=template, about=organization.public_id, head=head, context=given)
    return len(addresses)
