"""Whom the rooms below have told by mail: they know an organization by its id, and nobody in it."""

from __future__ import annotations

from tenantry.mail import services as mail
from tenantry.mail.letters import Letterhead
from tenantry.people.models import Staff, User
from tenantry.tenancy.addresses import address
from tenantry.webhooks.models import PAUSED_BECAUSE, Endpoint

from .models import Membership, Organization, Profile


def tell_of_pause(endpoint: Endpoint) -> None:
    """Mail those who look after a webhook endpoint that Tenantry paused it: owners and maintainers, or the workspace's admins."""
    head, whose, url = None, "", ""
    if endpoint.organization_id is None:
        people = User.objects.filter(id__in=Staff.objects.filter(role="admin", status=Staff.Status.ACTIVE).values("user_id"))
        url = address("staff_webhook", endpoint_id=endpoint.id)
    else:
        organization = Organization.objects.get(id=endpoint.organization_id)
        if organization.deleted_at:
            return
        colour = Profile.objects.filter(organization=organization).values_list("brand_colour", flat=True).first()
        head, whose = Letterhead(organization.name, colour or ""), organization.name
        members = Membership.objects.filter(organization=organization, role__in=["owner", "maintainer"], status=Membership.Status.ACTIVE)
        people = User.objects.filter(id__in=members.values("user_id"))
        url = address("webhook", slug=organization.slug, endpoint_id=endpoint.id)
    context = {"url": url, "endpoint": endpoint.url, "whose": whose, "why": PAUSED_BECAUSE[endpoint.pause_reason]}
    for email in people.filter(status=User.Status.ACTIVE).order_by("id").values_list("email", flat=True):
        mail.queue(
            to=email, subject="A webhook was paused", template="webhook_paused", about=endpoint.public_id, head=head, context=context
        )
