"""Invitations: offered, sent, answered. A pending one holds the seat that it promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

from tenantry.access.permissions import ROLES, seat_of
from tenantry.audit.services import SYSTEM, Actor, difference, record
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem, conflict, not_found
from tenantry.mail import services as mail
from tenantry.people import steps
from tenantry.people.models import User
from tenantry.people.sessions import start_session
from tenantry.people.users import ensure_user, name_if_nameless
from tenantry.tenancy.addresses import address
from tenantry.tenancy.scope import admit, current, everywhere
from tenantry.tenancy.windows import closing, refusal

from .authority import SYSTEM_AUTHORITY, Authority, known_role, require_grant
from .membership import JOIN, LIVE, settle
from .models import Invitation, Membership, Organization
from .notices import head_of

LIFETIME = timedelta(days=14)
RESEND_AFTER = timedelta(seconds=60)
PENDING = Invitation.Status.PENDING


def invite(
    *, organization: Organization, email: str, role: str, name: str = "", team: str = "", authority: Authority, actor: Actor
) -> tuple[Invitation, bool]:
    """Offer a membership; the second value is False when one was open already and is sent again instead.

    Raises Problem 422, 403 ``role_not_grantable``, 409 ``already_member``, 429 ``resend_too_soon``, 402.
    """
    address_, role = normalize(email), known_role(role)
    require_grant(authority, role)
    limits.lock(organization.id, SEATS)
    if Membership.objects.filter(organization=organization, user__email=address_, status__in=LIVE).exists():
        raise conflict("already_member", "This person is a member already.")
    pending = Invitation.objects.select_for_update().filter(organization=organization, email=address_, status=PENDING).first()
    if pending and pending.expires_at > now():
        if pending.role != role:
            _change_role(pending, role, authority, actor)
        return resend(invitation=pending, authority=authority, actor=actor), False
    if pending:
        _close(pending, Invitation.Status.EXPIRED, SYSTEM)
    limits.move(organization.id, limits.seats(None, seat_of(role)))
    invitation = new_invitation(organization=organization, email=address_, role=role, name=name, team=team, actor=actor)
    invitation.save(force_insert=True)
    record("invitation.created", actor=actor, organization_id=organization.id, target=invitation, label=address_, changes=_role(None, role))
    send_later([invitation])
    return invitation, True


def new_invitation(*, organization: Organization, email: str, role: str, name: str, team: str, actor: Actor) -> Invitation:
    """An unsaved row. Its token is nobody's: the job that mails it makes the one that works."""
    moment = now()
    return Invitation(
        organization=organization, email=email, role=role, name=name.strip()[:120], team=team.strip()[:120],
        token_hash=crypto.digest(crypto.new_token()), expires_at=moment + LIFETIME, last_sent_at=moment,
        inviter_id=actor.id, inviter_label=actor.label,
    )  # fmt: skip


def send_later(invitations: list[Invitation]) -> None:
    """Have a job mail these, all of one organization, once this transaction is committed."""
    from .tasks import mail_invitations

    if invitations:
        task = mail_invitations.configure(priority=_priority(len(invitations)))
        task.defer(
            tenant_id=str(current().tenant_id), organization_id=str(invitations[0].organization_id),
            invitation_ids=[str(invitation.id) for invitation in invitations],
        )  # fmt: skip


def _priority(count: int) -> int:
    return mail.ONE_OF_MANY if count > 1 else 0


def mail_invitation(invitation_id: UUID, *, of: int = 1) -> None:
    """Give an open invitation a fresh token and mail it; the token exists in that mail alone. ``of``: how many are mailed together."""
    invitation = Invitation.objects.select_related("organization").select_for_update(of=("self",)).filter(id=invitation_id).first()
    if invitation is None or invitation.status != PENDING or invitation.mailed_at:
        return
    if invitation.expires_at <= now() or invitation.organization.deleted_at:
        return
    token = crypto.new_token()
    invitation.token_hash, invitation.mailed_at = crypto.digest(token), now()
    invitation.save(update_fields=["token_hash", "mailed_at"])
    mail.queue(
        to=invitation.email,
        subject=f"{invitation.organization.name} invites you",
        template="invitation",
        about=invitation.public_id,
        head=head_of(invitation.organization),
        context={
            "url": address("invitation", token=token), "organization": invitation.organization.name,
            "inviter": invitation.inviter_label, "role": ROLES[invitation.role].label, "expires_at": invitation.expires_at,
        },
        priority=_priority(of),
    )  # fmt: skip


def outcomes(rows: Sequence[Invitation]) -> dict[UUID, mail.Outcome]:
    """Whether the invitees have been told, as far as is known: by what became of the latest mail, or by what would if it is to come."""
    sent = mail.outcomes([row.public_id for row in rows if row.mailed_at])
    to_come = mail.prospects([row.email for row in rows if not row.mailed_at])
    return {row.id: sent.get(row.public_id, mail.ON_ITS_WAY) if row.mailed_at else to_come[row.email] for row in rows}


def load(organization: Organization, invitation_id: UUID) -> Invitation:
    """An invitation of this organization. Raises Problem 404."""
    found = Invitation.objects.filter(organization=organization, id=invitation_id).first()
    if found is None:
        raise not_found("invitation")
    return found


def _again(invitation: Invitation) -> Invitation:
    """The row as it is now, locked. Where the seats are locked too, they come first, or two acts would wait in a circle."""
    return Invitation.objects.select_for_update().get(id=invitation.id)


def resend(*, invitation: Invitation, authority: Authority, actor: Actor) -> Invitation:
    """Send it again with a new token, which ends the old one: as much as inviting. Raises Problem 403, 409, 429 ``resend_too_soon``."""
    invitation = _again(invitation)
    require_grant(authority, invitation.role)
    _open(invitation)
    wait = (invitation.last_sent_at + RESEND_AFTER - now()).total_seconds()
    if wait > 0:
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS, "resend_too_soon", f"It was sent a moment ago. Try again in {int(wait) + 1} seconds.",
            headers={"Retry-After": str(int(wait) + 1)}, retry_after=int(wait) + 1,
        )  # fmt: skip
    invitation.token_hash = crypto.digest(crypto.new_token())
    invitation.last_sent_at, invitation.expires_at, invitation.mailed_at = now(), now() + LIFETIME, None
    invitation.save(update_fields=["token_hash", "last_sent_at", "expires_at", "mailed_at"])
    record("invitation.resent", actor=actor, organization_id=invitation.organization_id, target=invitation, label=invitation.email)
    send_later([invitation])
    return invitation


def revoke(*, invitation: Invitation, authority: Authority, actor: Actor) -> Invitation:
    """Take the offer back; its seat is free. Raises Problem 409 ``invitation_closed``, 403."""
    limits.lock(invitation.organization_id, SEATS)
    invitation = _again(invitation)
    require_grant(authority, invitation.role)
    _open(invitation, even_expired=True)
    _close(invitation, Invitation.Status.REVOKED, actor)
    return invitation


def by_token(token: str | UUID) -> Invitation:
    """The invitation of a token, whoever asks, while it is open. Raises Problem 404, 410 ``invitation_closed``.

    Call it within ``everywhere()``: the invitee isn't inside yet.
    """
    invitation = _find(token)
    _open(invitation, status=HTTPStatus.GONE)
    return invitation


def whatever_became(token: str) -> Invitation:
    """The invitation of a token, open or not. Raises Problem 404. Call it within ``everywhere()``."""
    return _find(token)


def of_person(user: User) -> list[Invitation]:
    """The open invitations of a signed-in person's address, the latest first."""
    with everywhere():
        rows = Invitation.objects.select_related("organization").filter(email=user.email, status=PENDING, expires_at__gt=now())
        return list(rows.filter(organization__deleted_at__isnull=True).order_by("-id")[:50])


def require_own(user: User, invitation_id: UUID) -> None:
    """Raises Problem 404 unless the invitation is for this person's address: it is then theirs to answer without its token."""
    with everywhere():
        if not Invitation.objects.filter(id=invitation_id, email=user.email).exists():
            raise not_found("invitation")


def _find(token: str | UUID, *, lock: bool = False) -> Invitation:
    rows = Invitation.objects.select_related("organization")
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(id=token) if isinstance(token, UUID) else rows.filter(token_hash=crypto.digest(token))
    invitation = found.first()
    if invitation is None or invitation.organization.deleted_at:
        raise Problem(HTTPStatus.NOT_FOUND, "invitation_unknown", "This invitation link is not valid, or was replaced by a newer one.")
    return invitation


def accept(*, token: str | UUID, user: User, actor: Actor) -> Membership:
    """Become a member. Two tabs, a double click: one membership, the same answer. An id in place of the token: after ``require_own``.

    Raises Problem 403 ``invitation_for_another``, 404, 410 ``invitation_closed``, 402, 409.
    """
    with everywhere():
        invitation = _find(token)
        _not_in_maintenance(invitation.organization_id)
        limits.lock(invitation.organization_id, SEATS)
        invitation = _find(token, lock=True)
        if invitation.email != user.email:
            raise Problem(
                HTTPStatus.FORBIDDEN, "invitation_for_another",
                f"This invitation is for {invitation.email}; you are signed in as {user.email}. Sign in with that address to accept.",
            )  # fmt: skip
        member = None
        if invitation.status == Invitation.Status.ACCEPTED:
            members = Membership.objects.select_related("organization", "user")
            member = members.filter(organization=invitation.organization, user=user, status__in=LIVE).first()
        if member is None:
            _open(invitation, status=HTTPStatus.GONE)
            name_if_nameless(user=user, name=invitation.name, actor=actor)
            member = settle(
                JOIN, organization=invitation.organization, user=user, role=invitation.role, team=invitation.team,
                authority=SYSTEM_AUTHORITY, actor=actor,
            )  # fmt: skip
            invitation.status = Invitation.Status.ACCEPTED
            organization_id = invitation.organization_id
            record("invitation.accepted", actor=actor, organization_id=organization_id, target=invitation, label=invitation.email)
    admit(member.organization_id)  # after everywhere(), which gives the scope back as it was
    return member


def join(*, token: str) -> tuple[Membership, str]:
    """Accept without an account: make it, sign it in, accept; all or nothing. Returns the session's token too.

    The link was mailed to the address and nowhere else, so holding it proves the address once. Somebody who has an account
    signs in instead: a link that lies in a mailbox for 14 days is no key to one. Raises Problem 401 ``sign_in_to_accept`` and
    whatever ``accept`` raises.
    """
    with everywhere():
        invitation = by_token(token)
        limits.lock(invitation.organization_id, SEATS)  # before the person: whoever adds them otherwise at this moment has done so
    if User.objects.filter(email=invitation.email).exists():
        with everywhere():
            by_token(token)  # another click may have made the account, and answered, a moment ago
        raise Problem(HTTPStatus.UNAUTHORIZED, "sign_in_to_accept", f"Sign in as {invitation.email} to accept.")
    invitee = Actor("user", None, invitation.email, "portal")
    user, _ = ensure_user(email=invitation.email, name=invitation.name, actor=invitee)
    session, session_token = start_session(user=user, method="invitation")
    member = accept(token=token, user=user, actor=Actor("user", user.id, user.email, "portal"))
    steps.advance(session, user)  # now that they belong to it, the organization may ask something of them
    return member, session_token


def decline(*, token: str | UUID, actor: Actor | None = None) -> Invitation:
    """Say no; the seat is free. The token alone suffices (an id: after ``require_own``). Raises Problem 404, 410."""
    with everywhere():
        organization_id = by_token(token).organization_id
        _not_in_maintenance(organization_id)
        limits.lock(organization_id, SEATS)
        invitation = _find(token, lock=True)
        _open(invitation, status=HTTPStatus.GONE)
        _close(invitation, Invitation.Status.DECLINED, actor or Actor("user", None, invitation.email, "portal"))
    return invitation


def expire_due() -> int:
    """Close what has run out, organization by organization; returns how many. For the sweep."""
    held = [window.organization_id for window in current().windows if window.organization_id and window.under_way()]
    rows = Invitation.objects.filter(status=PENDING, expires_at__lte=now()).exclude(organization_id__in=held)
    due = list(rows.values_list("organization_id", "id")[:1000])
    for organization_id, invitation_id in due:
        limits.lock(organization_id, SEATS)
        invitation = Invitation.objects.select_for_update().get(id=invitation_id)
        if invitation.status == PENDING and invitation.expires_at <= now():
            _close(invitation, Invitation.Status.EXPIRED, SYSTEM)
    return len(due)


def _not_in_maintenance(organization_id: UUID) -> None:
    """An invitee isn't inside yet, so no guard has asked. Raises Problem 503 ``maintenance``."""
    window = closing((window for window in current().windows if window.organization_id), organization_id, writing=True)
    if window is not None:
        raise refusal(window)


def _open(invitation: Invitation, *, even_expired: bool = False, status: HTTPStatus = HTTPStatus.CONFLICT) -> None:
    if invitation.status != PENDING or (invitation.expires_at <= now() and not even_expired):
        shown = invitation.status if invitation.status != PENDING else Invitation.Status.EXPIRED.value
        raise Problem(status, "invitation_closed", f"This invitation is {shown}. Ask for a new one.", invitation_status=shown)


_ENDED = {
    Invitation.Status.REVOKED: "invitation.revoked",
    Invitation.Status.DECLINED: "invitation.declined",
    Invitation.Status.EXPIRED: "invitation.expired",
}


def _close(invitation: Invitation, status: Invitation.Status, actor: Actor) -> None:
    """End an open invitation, give its seat back, and record it. The seat lock is held."""
    limits.move(invitation.organization_id, limits.seats(seat_of(invitation.role), None))
    before, invitation.status, invitation.answered_at = invitation.status, status, now()
    invitation.save(update_fields=["status", "answered_at"])
    record(
        _ENDED[status], actor=actor, organization_id=invitation.organization_id, target=invitation, label=invitation.email,
        changes=difference({"status": before}, {"status": status.value}),
    )  # fmt: skip


def _change_role(invitation: Invitation, role: str, authority: Authority, actor: Actor) -> None:
    require_grant(authority, invitation.role)
    limits.move(invitation.organization_id, limits.seats(seat_of(invitation.role), seat_of(role)))
    before, invitation.role = invitation.role, role
    invitation.save(update_fields=["role"])
    record(
        "invitation.changed", actor=actor, organization_id=invitation.organization_id, target=invitation, label=invitation.email,
        changes=_role(before, role),
    )  # fmt: skip


def _role(before: str | None, after: str) -> dict[str, dict[str, str | None]]:
    return {"role": {"before": before, "after": after}}
