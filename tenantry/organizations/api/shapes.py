"""How organizations, members and invitations look from outside, shaped by who asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from ninja import Field, Schema

from tenantry.kit.schemas import Strict, TypeId, moment
from tenantry.mail.services import Outcome

from ..invitations import outcomes
from ..models import BillingAccount, Invitation, Membership, Organization
from ..queries import profile_of

OrganizationRef = Annotated[UUID, TypeId("org")]
MemberRef = Annotated[UUID, TypeId("mem")]
InvitationRef = Annotated[UUID, TypeId("inv")]


class Reason(Strict):
    reason: str = Field("", max_length=500)


class OrganizationOut(Schema):
    """Fields that the caller may not see are absent: settings need ``settings:read``, billing fields ``billing:read``."""

    id: str
    name: str
    slug: str
    state: str
    state_reason: str | None = None
    created_at: str | None = None
    country: str | None = None
    time_zone: str | None = None
    default_currency: str | None = None
    legal_name: str | None = None
    size: str | None = None
    industry: str | None = None
    can_sponsor: bool | None = None
    can_host: bool | None = None
    public: bool | None = None
    plan: str | None = None
    description: str | None = None
    website: str | None = None
    brand_colour: str | None = None
    has_logo: bool | None = None
    has_banner: bool | None = None
    funding_mode: str | None = None
    billing_email: str | None = None
    billing_address: dict[str, str] | None = None
    payment_terms_days: int | None = None
    requires_purchase_order: bool | None = None
    tax_ids: dict[str, str] | None = None


def brief(organization: Organization) -> dict[str, Any]:
    """What every member may see."""
    return {"id": organization.public_id, "name": organization.name, "slug": organization.slug, "state": organization.state}


def full(organization: Organization, may: Callable[[str], bool]) -> dict[str, Any]:
    """The organization as far as the caller may see it."""
    shown = brief(organization)
    if may("settings:read"):
        profile = profile_of(organization)
        for name in (
            "country",
            "time_zone",
            "default_currency",
            "legal_name",
            "size",
            "industry",
            "can_sponsor",
            "can_host",
            "public",
            "plan",
        ):
            shown[name] = getattr(organization, name)
        shown |= {"created_at": moment(organization.created_at), "state_reason": organization.state_reason}
        shown |= {"description": profile.description, "website": profile.website, "brand_colour": profile.brand_colour}
        shown |= {"has_logo": profile.has_logo, "has_banner": profile.has_banner}
    if may("billing:read"):
        account = BillingAccount.objects.get(organization=organization)
        for name in ("funding_mode", "billing_email", "payment_terms_days", "requires_purchase_order", "tax_ids"):
            shown[name] = getattr(account, name)
        shown["billing_address"] = account.address
    return shown


class MemberOut(Schema):
    """With ``members:directory`` alone only ``id`` and ``name`` are there. ``attributes`` are the custom attributes that the organization's
    identity provider last sent, where its mapping names any; null in the answer to a change."""

    id: str
    name: str
    organization: str | None = None
    user: str | None = None
    email: str | None = None
    role: str | None = None
    status: str | None = None
    team: str | None = None
    service_account: bool | None = None
    reason: str | None = None
    seat_assigned_at: str | None = None
    joined_at: str | None = None
    last_seen_at: str | None = None
    attributes: dict[str, str] | None = None


def name_only(member: Membership) -> dict[str, Any]:
    """An entry of the directory."""
    return {"id": member.public_id, "name": member.user.display_name}


def member(row: Membership) -> dict[str, Any]:
    """A member for whoever may read members."""
    return {
        "id": row.public_id,
        "name": row.user.name,
        "organization": Organization.encode_id(row.organization_id),
        "user": row.user.public_id,
        "email": row.user.email,
        "role": row.role,
        "status": row.status,
        "team": row.team,
        "service_account": row.service,
        "reason": row.reason,
        "seat_assigned_at": moment(row.seat_assigned_at),
        "joined_at": moment(row.created_at),
        "last_seen_at": moment(row.user.last_seen_at),
    }


class InvitationOut(Schema):
    id: str
    email: str
    name: str
    role: str
    team: str
    status: str
    inviter: str
    created_at: str | None
    last_sent_at: str | None
    expires_at: str | None
    notified: bool = Field(description="Whether the mail has gone, or will as far as is known.")
    notified_reason: str | None = Field(description="Why not: address_suppressed, mail_not_configured, mail_failed or mail_bounced.")


def invitation(row: Invitation, outcome: Outcome | None = None) -> dict[str, Any]:
    """An invitation for whoever may read them; its token is in the mail alone. A list gives each ``outcome``."""
    outcome = outcome or outcomes([row])[row.id]
    return {
        **outcome.members(),
        "id": row.public_id,
        "email": row.email,
        "name": row.name,
        "role": row.role,
        "team": row.team,
        "status": row.status,
        "inviter": row.inviter_label,
        "created_at": moment(row.created_at),
        "last_sent_at": moment(row.last_sent_at),
        "expires_at": moment(row.expires_at),
    }
