"""Domains over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from tenantry.access.guards import actor_of, guard, require_recent, signed_in
from tenantry.access.limits import count, told
from tenantry.kit.etags import expected_version, set_etag
from tenantry.kit.ids import encode
from tenantry.kit.operations import needs
from tenantry.kit.paging import by_id
from tenantry.kit.schemas import Listing, Paging, Strict, TypeId, listing, moment
from tenantry.organizations import bulk
from tenantry.organizations.api.invitations import BulkReport
from tenantry.organizations.api.shapes import OrganizationRef
from tenantry.organizations.authority import authority_of
from tenantry.organizations.models import Domain
from tenantry.people.models import User

from . import joining, proofs, queries, services
from .names import shown

router = Router()
DomainRef = Annotated[UUID, TypeId("dom")]


class DnsRecord(Schema):
    type: str
    name: str
    value: str


class ProofFile(Schema):
    url: str
    content: str


class DomainOut(Schema):
    """``domain`` is the ASCII form, ``name`` as people read it. ``state``: ``pending``, ``verified``, ``lapsing`` (the proof is
    gone; it counts until ``lapses_at``) or ``lapsed``. ``failure`` says why the last check found nothing."""

    id: str
    organization: str
    domain: str
    name: str
    state: str
    method: str | None
    auto_join: str
    dns_record: DnsRecord
    file: ProofFile
    failure: str | None
    reason: str
    claimed_by: str
    claimed_at: str | None
    checked_at: str | None
    verified_at: str | None
    lapses_at: str | None


class DomainIn(Strict):
    domain: str = Field(max_length=300, examples=["contoso.com"])


class DomainChange(Strict):
    auto_join: Literal["ask", "allow", "off"] = Field(description="What people with a proven address of the domain may do.")


class DomainDecision(Strict):
    """``verify`` gives the organization the domain without a proof; ``revoke`` takes it back."""

    decision: Literal["verify", "revoke"]
    reason: str = Field("", max_length=500)


class Stranger(Schema):
    id: str
    email: str
    name: str


class Chosen(Strict):
    """Without ``emails``: all of them."""

    emails: list[str] | None = Field(None, max_length=bulk.MAX_ROWS)


def _ends(domain: Domain) -> datetime | None:
    return domain.lapsing_since + services.GRACE if domain.state == Domain.State.LAPSING and domain.lapsing_since else None


def shape(domain: Domain) -> dict[str, Any]:
    """A domain for whoever may read identity settings."""
    text = proofs.text_of(domain.token)
    return {
        "id": domain.public_id, "organization": encode("org", domain.organization_id), "domain": domain.name,
        "name": shown(domain.name), "state": domain.state, "method": domain.method or None, "auto_join": domain.auto_join,
        "dns_record": {"type": "TXT", "name": domain.name, "value": text}, "file": {"url": proofs.url_of(domain.name), "content": text},
        "failure": domain.failure or None, "reason": domain.reason, "claimed_by": domain.claimed_by_label,
        "claimed_at": moment(domain.created_at), "checked_at": moment(domain.checked_at), "verified_at": moment(domain.verified_at),
        "lapses_at": moment(_ends(domain)),
    }  # fmt: skip


@router.get("/organizations/{organization_id}/domains", response=Listing[DomainOut], summary="Domains", **needs("identity:read"))
def list_domains(request: HttpRequest, organization_id: OrganizationRef, paging: Query[Paging]) -> dict[str, Any]:
    """Claimed, proven and lapsed ones."""
    organization = guard(request, "identity:read", organization_id)
    return listing(queries.list_domains(organization, cursor=paging.cursor, limit=paging.limit), shape)


@router.post("/organizations/{organization_id}/domains", response={201: DomainOut}, summary="Claim a domain", **needs("identity:write"))
def claim_domain(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, body: DomainIn
) -> tuple[int, dict[str, Any]]:
    """Set ``dns_record``, or serve ``file``; then have it verified."""
    organization = guard(request, "identity:write", organization_id)
    made = services.claim(organization=organization, domain=body.domain, actor=actor_of(request))
    set_etag(response, made.version)
    return 201, shape(made)


@router.get("/organizations/{organization_id}/domains/{domain_id}", response=DomainOut, summary="One domain", **needs("identity:read"))
def get_domain(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, domain_id: DomainRef) -> dict[str, Any]:
    """Its state, and the proof to set."""
    found = queries.load(domain_id, organization=guard(request, "identity:read", organization_id))
    set_etag(response, found.version)
    return shape(found)


@router.patch("/organizations/{organization_id}/domains/{domain_id}", response=DomainOut, summary="Choose who may join by a domain",
              **needs("identity:write", versioned=True))  # fmt: skip
def change_domain(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, domain_id: DomainRef, body: DomainChange
) -> dict[str, Any]:
    """``allow``: they join at once as learners; ``ask``: owners and maintainers decide; ``off``: neither."""
    found = queries.load(domain_id, organization=guard(request, "identity:write", organization_id))
    changed = services.set_auto_join(
        domain=found, auto_join=body.auto_join, expected_version=expected_version(request), actor=actor_of(request)
    )
    set_etag(response, changed.version)
    return shape(changed)


@router.delete("/organizations/{organization_id}/domains/{domain_id}", response={204: None}, summary="Give a domain up",
               **needs("identity:write", versioned=True))  # fmt: skip
def remove_domain(request: HttpRequest, organization_id: OrganizationRef, domain_id: DomainRef) -> tuple[int, None]:
    """Members stay members. Others may prove it from now on."""
    found = queries.load(domain_id, organization=guard(request, "identity:write", organization_id))
    services.remove(domain=found, expected_version=expected_version(request), actor=actor_of(request))
    return 204, None


@router.post("/organizations/{organization_id}/domains/{domain_id}/verification", response=DomainOut, summary="Look for the proof now",
             **needs("identity:write", attempts=told("domain_verification")))  # fmt: skip
def verify_domain(request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, domain_id: DomainRef) -> dict[str, Any]:
    """Takes up to 13 seconds. Whatever was found is the answer: ``state``, and ``failure`` when there is no proof.

    409 ``domain_taken`` when the proof is there and another organization holds the domain.
    """
    organization = guard(request, "identity:write", organization_id)
    found = queries.load(domain_id, organization=organization)
    count("domain_verification", organization.id)
    checked = services.verify_now(organization=organization, domain=found, actor=actor_of(request))
    set_etag(response, checked.version)
    return shape(checked)


@router.post("/organizations/{organization_id}/domains/{domain_id}/decision", response=DomainOut, summary="Decide without a proof",
             **needs("domains:decide"))  # fmt: skip
def decide_domain(
    request: HttpRequest, response: HttpResponse, organization_id: OrganizationRef, domain_id: DomainRef, body: DomainDecision
) -> dict[str, Any]:
    """For staff, with a reason. A domain confirmed so isn't checked again."""
    found = queries.load(domain_id, organization=guard(request, "domains:decide", organization_id))
    require_recent(request)
    decided = services.decide(domain=found, verify=body.decision == "verify", reason=body.reason, actor=actor_of(request))
    set_etag(response, decided.version)
    return shape(decided)


@router.get("/organizations/{organization_id}/domains/{domain_id}/people", response=Listing[Stranger],
            summary="People of a domain who are no members", **needs("identity:write"))  # fmt: skip
def list_strangers(request: HttpRequest, organization_id: OrganizationRef, domain_id: DomainRef, paging: Query[Paging]) -> dict[str, Any]:
    """People of the workspace with a proven address of the domain: neither members nor invited. 409 until it is verified."""
    found = queries.load(domain_id, organization=guard(request, "identity:write", organization_id))
    joining.require_held(found)
    page = by_id(joining.strangers(found), cursor=paging.cursor, limit=paging.limit)
    return listing(page, _stranger)


def _stranger(user: User) -> dict[str, Any]:
    return {"id": user.public_id, "email": user.email, "name": user.name}


@router.post("/organizations/{organization_id}/domains/{domain_id}/invitations", response=BulkReport,
             summary="Invite the people of a domain",
             **needs("identity:write", entitlement="seat:member, seat:total"))  # fmt: skip
def invite_strangers(request: HttpRequest, organization_id: OrganizationRef, domain_id: DomainRef, body: Chosen) -> dict[str, Any]:
    """All, or the named ones, as learners; each gets a mail and decides. Every row has its outcome, as in a bulk invitation."""
    organization = guard(request, "identity:write", organization_id)
    guard(request, "invitations:write", organization_id)
    count("invitation_create", organization.id)
    rows = joining.invite_strangers(
        domain=queries.load(domain_id, organization=organization), emails=body.emails,
        authority=authority_of(signed_in(request), organization.id), actor=actor_of(request),
    )  # fmt: skip
    return bulk.report(rows)
