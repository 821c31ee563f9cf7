"""What a held domain brings people with an address of it: joining at once, asking to, or being invited together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from tenantry.audit.services import Actor, difference, record
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.kit.clock import now
from tenantry.kit.paging import Page, by_id
from tenantry.kit.problems import Problem, conflict, invalid, not_found
from tenantry.organizations import bulk
from tenantry.organizations.authority import SYSTEM_AUTHORITY, Authority
from tenantry.organizations.membership import ADD, JOIN, LIVE, settle
from tenantry.organizations.models import Domain, Invitation, JoinRequest, Membership, Organization
from tenantry.organizations.queries import kept_out
from tenantry.people.models import Staff, User
from tenantry.tenancy.scope import admit, everywhere

from . import letters
from .names import shown
from .queries import holder

ROLE: Final = "learner"
ASK_AGAIN_AFTER: Final = timedelta(days=30)
PENDING, REFUSED = JoinRequest.Status.PENDING, JoinRequest.Status.REFUSED


@dataclass(frozen=True, slots=True)
class Offer:
    """An organization that this person may join (``how`` is ``allow``) or ask to (``ask``) by the domain of their address.

    ``request``: the one that waits, or that was refused less than 30 days ago.
    """

    organization: Organization
    domain: str
    how: str
    request: JoinRequest | None


def offers_of(user: User) -> list[Offer]:
    """What a person's proven address opens to them: at most one organization holds its domain. Empty for members and invitees."""
    if user.email_verified_at is None or (domain := holder(user.email)) is None:
        return []
    organization = domain.organization
    if domain.auto_join == Domain.AutoJoin.OFF or organization.state != Organization.State.ACTIVE:
        return []
    with everywhere():
        status = Membership.objects.filter(organization=organization, user=user).values_list("status", flat=True).first()
        invited = Invitation.objects.filter(
            organization=organization, email=user.email, status=Invitation.Status.PENDING, expires_at__gt=now()
        )
        if status in (*LIVE, Membership.Status.ERASED) or invited.exists() or kept_out(organization.id, user.email):
            return []
        request = JoinRequest.objects.filter(organization=organization, user=user).order_by("-id").first()
    if request is not None and not _stands(request):
        request = None
    # Whoever was a member once was removed, or left: an owner has a say in their coming back.
    how = Domain.AutoJoin.ASK if status else domain.auto_join
    return [Offer(organization, domain.name, how, request)]


def _offer_of(user: User, organization_id: UUID) -> Offer:
    offer = next((offer for offer in offers_of(user) if offer.organization.id == organization_id), None)
    if offer is None:
        raise not_found("organization that your address opens to you")
    return offer


def _stands(request: JoinRequest) -> bool:
    if request.status == REFUSED and request.decided_at is not None:
        return request.decided_at + ASK_AGAIN_AFTER > now()
    return request.status == PENDING


def join(*, user: User, organization_id: UUID, actor: Actor) -> Membership | JoinRequest:
    """Become a member at once where the domain allows it, else ask to. Asked twice, there is one request.

    Raises Problem 404 where nothing is offered, 409 ``join_request_refused``, and what ``settle`` raises: 402 when no seat is free.
    """
    offer = _offer_of(user, organization_id)
    if offer.how == Domain.AutoJoin.ALLOW:
        with everywhere():
            limits.lock(organization_id, SEATS)
        # Looked at again: a directory that keeps them out, whoever lets them in otherwise, or has them ask from now on, has been by then.
        offer = _offer_of(user, organization_id)
    if offer.how == Domain.AutoJoin.ALLOW:
        with everywhere():
            member = settle(
                JOIN, organization=offer.organization, user=user, role=ROLE, authority=SYSTEM_AUTHORITY, actor=actor,
                reason=f"An address of {shown(offer.domain)}",
            )  # fmt: skip
        admit(organization_id)
        return member
    if offer.request is not None and offer.request.status == PENDING:
        return offer.request
    if offer.request is not None:
        again = (offer.request.decided_at or now()) + ASK_AGAIN_AFTER
        raise conflict("join_request_refused", f"They refused your request. You can ask again from {again:%-d %B %Y} on.")
    return _ask(user, offer, actor)


def _ask(user: User, offer: Offer, actor: Actor) -> JoinRequest:
    request = JoinRequest(organization=offer.organization, user=user, domain=offer.domain)
    with everywhere():
        waiting = JoinRequest.objects.filter(organization=offer.organization, status=PENDING).exists()
        try:
            with transaction.atomic():
                request.save(force_insert=True)
        except IntegrityError:  # asked in two tabs
            return JoinRequest.objects.get(organization=offer.organization, user=user, status=PENDING)
        record("join_request.created", actor=actor, organization_id=offer.organization.id, target=request, label=user.email)
        if not waiting:  # while some wait, further ones bring no mail: a hundred colleagues are one matter
            letters.tell_of_request(request)
    return request


def own_requests(user: User) -> list[JoinRequest]:
    """A person's requests that wait, the latest first."""
    with everywhere():
        rows = JoinRequest.objects.select_related("organization").filter(user=user, status=PENDING)
        return list(rows.order_by("-id")[:50])


def withdraw(*, user: User, request_id: UUID, actor: Actor) -> None:
    """Take one's own request back. Raises Problem 404, 409 ``join_request_closed``."""
    with everywhere():
        request = JoinRequest.objects.select_for_update().filter(id=request_id, user=user).first()
        if request is None:
            raise not_found("request")
        _close(request, JoinRequest.Status.WITHDRAWN, actor)
        record("join_request.withdrawn", actor=actor, organization_id=request.organization_id, target=request, label=user.email)


def waiting(organization_id: UUID) -> int:
    """How many ask to join now."""
    return JoinRequest.objects.filter(organization_id=organization_id, status=PENDING).count()


def list_requests(organization: Organization, *, cursor: str | None, limit: int, status: str = "") -> Page[JoinRequest]:
    """Requests, the latest first. Raises Problem 422 ``status_unknown``."""
    rows = JoinRequest.objects.select_related("user", "organization").filter(organization=organization)
    if status:
        if status not in JoinRequest.Status.values:
            raise invalid(f"A status is one of {', '.join(JoinRequest.Status.values)}.", pointer="/status", code="status_unknown")
        rows = rows.filter(status=status)
    return by_id(rows, cursor=cursor, limit=limit, newest_first=True)


def load_request(organization: Organization, request_id: UUID, *, lock: bool = False) -> JoinRequest:
    """A request of this organization. Raises Problem 404."""
    rows = JoinRequest.objects.select_related("user", "organization").filter(organization=organization, id=request_id)
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise not_found("request")
    return found


def approve(*, organization: Organization, request_id: UUID, authority: Authority, actor: Actor) -> JoinRequest:
    """Take somebody in who asked, as a learner. Who became a member meanwhile stays as they are.

    Raises Problem 409 ``join_request_closed``, 403, 402 when no seat is free.
    """
    user = load_request(organization, request_id).user
    if not Membership.objects.filter(organization=organization, user=user, status__in=LIVE).exists():
        # The seats before the request: whoever accepts an invitation meanwhile takes them in that order, too.
        settle(ADD, organization=organization, user=user, role=ROLE, authority=authority, actor=actor, reason="Asked to join")
    request = load_request(organization, request_id, lock=True)
    _close(request, JoinRequest.Status.APPROVED, actor)
    record(
        "join_request.approved", actor=actor, organization_id=organization.id, target=request, label=request.user.email,
        changes=difference({"status": PENDING.value}, {"status": request.status}),
    )  # fmt: skip
    letters.tell_of_answer(request)
    return request


def refuse(*, organization: Organization, request_id: UUID, reason: str, actor: Actor) -> JoinRequest:
    """Say no; the person is told, with the reason. Raises Problem 409 ``join_request_closed``."""
    request = load_request(organization, request_id, lock=True)
    _close(request, REFUSED, actor, reason)
    record(
        "join_request.refused", actor=actor, organization_id=organization.id, target=request, label=request.user.email,
        changes=difference({"status": PENDING.value}, {"status": request.status}), reason=request.reason,
    )  # fmt: skip
    letters.tell_of_answer(request)
    return request


def _close(request: JoinRequest, status: JoinRequest.Status, actor: Actor, reason: str = "") -> None:
    if request.status != PENDING:
        raise conflict("join_request_closed", f"This request is {request.status} already.", request_status=request.status)
    request.status, request.reason, request.decided_at, request.decided_by_label = status.value, reason.strip(), now(), actor.label
    request.save(update_fields=["status", "reason", "decided_at", "decided_by_label"])


def strangers(domain: Domain) -> QuerySet[User]:
    """People of the workspace with a proven address of a held domain who are no members, not invited, and no staff."""
    ours = Q(email__endswith=f"@{domain.name}") | Q(email__endswith=f"@{shown(domain.name)}")
    rows = User.objects.filter(ours, status=User.Status.ACTIVE, email_verified_at__isnull=False)
    members = Membership.objects.filter(organization_id=domain.organization_id, status__in=[*LIVE, Membership.Status.ERASED])
    invited = Invitation.objects.filter(
        organization_id=domain.organization_id, status=Invitation.Status.PENDING, expires_at__gt=now()
    ).values("email")
    staff = Staff.objects.filter(status=Staff.Status.ACTIVE)
    rows = rows.exclude(id__in=members.values("user_id")).exclude(email__in=invited)
    return rows.exclude(id__in=staff.values("user_id")).order_by("id")


def require_held(domain: Domain) -> None:
    """Raises Problem 409 ``domain_not_verified``: an unproven domain tells nothing of anybody."""
    if domain.state not in (Domain.State.VERIFIED, Domain.State.LAPSING):
        raise conflict("domain_not_verified", f"{shown(domain.name)} is not confirmed, so it tells you nothing about anybody.")


def invite_strangers(*, domain: Domain, emails: list[str] | None, authority: Authority, actor: Actor) -> list[bulk.Row]:
    """Invite those people as learners, all or the named ones; each gets a mail and decides. Raises Problem 409, 422."""
    require_held(domain)
    found = list(strangers(domain).values_list("email", "name")[: bulk.MAX_ROWS])
    if emails is not None:
        wanted = {email.strip().lower() for email in emails}
        found = [row for row in found if row[0] in wanted]
        if unknown := wanted - {email for email, _ in found}:
            raise Problem(
                422, "person_unknown", "Some of these are nobody whom this domain would let you invite.",
                errors=[{"pointer": "/emails", "detail": email} for email in sorted(unknown)[:20]],
            )  # fmt: skip
    rows = bulk.checked([{"email": email, "name": name, "role": ROLE} for email, name in found])
    bulk.invite_many(organization=domain.organization, rows=rows, authority=authority, actor=actor)
    created = sum(row.outcome == "created" for row in rows)
    record(
        "domain.people_invited", actor=actor, organization_id=domain.organization_id, target=domain, label=shown(domain.name),
        changes=difference({"invited": None}, {"invited": created}),
    )  # fmt: skip
    return rows
