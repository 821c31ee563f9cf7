"""Whom an organization's mails go to and how they look; and what the rooms below, who know nobody in it, have told."""

from __future__ import annotations

from uuid import UUID

from tenantry.mail import services as mail
from tenantry.mail.letters import Letterhead
from tenantry.people.models import Staff, User
from tenantry.tenancy.addresses import address
from tenantry.webhooks.models import PAUSED_BECAUSE, Endpoint

from .models import Membership, Organization, Profile


def addresses_of(organization_id: UUID, *roles: str) -> list[str]:
    """The addresses of active members with one of these roles; machines, and who is suspended in the whole workspace, are told nothing."""
    members = Membership.objects.filter(organization_id=organization_id, role__in=roles, status=Membership.Status.ACTIVE, service=False)
    return list(members.filter(user__status=User.Status.ACTIVE).order_by("id").values_list("user__email", flat=True))


def head_of(organization: Organization) -> Letterhead:
    """An organization's name and colour."""
    colour = Profile.objects.filter(organization=organization).values_list("brand_colour", flat=True).first()
    return Letterhead(organization.name, colour or "")


def tell_of_pause(endpoint: Endpoint) -> None:
    """Mail those who look after a webhook endpoint that Tenantry paused it: owners and maintainers, or the workspace's admins."""
    head, whose, url = None, "", ""
    if endpoint.organization_id is None:
        admins = Staff.objects.filter(role="admin", status=Staff.Status.ACTIVE, user__status=User.Status.ACTIVE)
        people = list(admins.order_by("user_id").values_list("user__email", flat=True))
        url = address("staff_webhook", endpoint_id=endpoint.id)
    else:
        organization = Organization.objects.get(id=endpoint.organization_id)
        if organization.deleted_at:
            return
        head, whose = head_of(organization), organization.name
        people = addresses_of(organization.id, "owner", "maintainer")
        url = address("webhook", slug=organization.slug, endpoint_id=endpoint.id)
    context = {"url": url, "endpoint": endpoint.url, "whose": whose, "why": PAUSED_BECAUSE[endpoint.pause_reason]}
    for email in people:
        mail.queue(
            to=email, subject="A webhook was paused", template="webhook_paused", about=endpoint.public_id, head=head, context=context
        )
