"""The mails about domains and about joining through one, with samples for their previews."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tenantry.kit.clock import now
from tenantry.mail import services as mail
from tenantry.mail.letters import Letterhead, register
from tenantry.organizations.models import Domain, JoinRequest
from tenantry.organizations.notices import addresses_of, head_of
from tenantry.tenancy.addresses import address

from .names import shown


def tell_owners(domain: Domain, template: str, subject: str) -> None:
    """Mail the owners that a domain is about to lapse, or has."""
    organization = domain.organization
    context = {
        "url": address("domain", slug=organization.slug, domain_id=domain.id), "domain": shown(domain.name),
        "organization": organization.name, "why": domain.failure, "until": (domain.lapsing_since or now()) + timedelta(days=14),
    }  # fmt: skip
    for to in addresses_of(organization.id, "owner"):
        mail.queue(to=to, subject=subject, template=template, about=domain.public_id, head=head_of(organization), context=context)


def tell_of_request(request: JoinRequest) -> None:
    """Mail owners and maintainers that somebody asks to join."""
    organization = request.organization
    context = {
        "url": address("join_requests", slug=organization.slug), "organization": organization.name, "who": request.user.display_name,
        "email": request.user.email, "domain": shown(request.domain),
    }  # fmt: skip
    for to in addresses_of(organization.id, "owner", "maintainer"):
        mail.queue(
            to=to, subject=f"{request.user.display_name} asks to join {organization.name}", template="join_request",
            about=request.public_id, head=head_of(organization), context=context,
        )  # fmt: skip


def tell_of_answer(request: JoinRequest) -> None:
    """Mail whoever asked what was decided."""
    organization, approved = request.organization, request.status == JoinRequest.Status.APPROVED
    subject = f"Welcome to {organization.name}" if approved else f"{organization.name} did not take you in"
    url = address("organization_home", slug=organization.slug) if approved else address("home")
    context = {"url": url, "organization": organization.name, "approved": approved, "reason": request.reason}
    mail.queue(
        to=request.user.email, subject=subject, template="join_answer", about=request.public_id, head=head_of(organization), context=context
    )


def _domain() -> dict[str, Any]:
    return {
        "url": address("domains", slug="contoso"), "domain": "contoso.example", "organization": "Contoso",
        "why": "contoso.example has no TXT record.", "until": now() + timedelta(days=14),
    }  # fmt: skip


def _request() -> dict[str, Any]:
    return {
        "url": address("join_requests", slug="contoso"), "organization": "Contoso", "who": "Lena Fischer",
        "email": "lena@contoso.example", "domain": "contoso.example",
    }  # fmt: skip


def _answer() -> dict[str, Any]:
    return {"url": address("home"), "organization": "Contoso", "approved": True, "reason": ""}


_CONTOSO = Letterhead("Contoso", "#b3541e")
register(
    "domain_lapsing", meaning="The proof of a domain wasn't found again; 14 days remain.",
    subject="contoso.example needs to be confirmed again", sample=_domain, head=_CONTOSO,
)  # fmt: skip
register(
    "domain_lapsed", meaning="The proof of a domain wasn't found for 14 days; it brings nothing any more.",
    subject="contoso.example is no longer confirmed", sample=_domain, head=_CONTOSO,
)  # fmt: skip
register(
    "join_request", meaning="Somebody with an address of an organization's domain asks to join.",
    subject="Lena Fischer asks to join Contoso", sample=_request, head=_CONTOSO,
)  # fmt: skip
register(
    "join_answer", meaning="Whoever asked to join is told what was decided.", subject="Welcome to Contoso", sample=_answer, head=_CONTOSO
)
