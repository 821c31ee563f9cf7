"""Beginning, raising and ending an impersonation, and what an organization says to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now
from tenantry.kit.paging import Page, by_id
from tenantry.kit.problems import Problem, conflict, invalid, not_found
from tenantry.mail import services as mail
from tenantry.tenancy.addresses import address

from ..models import Impersonation, ImpersonationConsent, Session, Staff, User
from ..sessions import memberships_of
from ..users import load
from .ending import close, label_of

LASTS: Final = timedelta(minutes=30)
APPROVED_FOR: Final = timedelta(hours=24)  # how long an owner's yes waits for the staff to begin
ASKED_FOR: Final = timedelta(days=7)  # how long a question waits for an owner
Answer = ImpersonationConsent.Answer
_owners: Callable[[UUID], Sequence[str]] = lambda organization_id: ()  # noqa: E731  # replaced at start-up


def use_owners(loader: Callable[[UUID], Sequence[str]]) -> None:
    """The organizations room hands in the addresses of who owns one: whom these mails go to."""
    global _owners
    _owners = loader


def consent_of(organization_id: UUID) -> str:
    """``always``, ``ask`` or ``never``."""
    row = ImpersonationConsent.objects.filter(organization_id=organization_id).first()
    return row.answer if row else Answer.ALWAYS


def _held(organization_id: UUID) -> ImpersonationConsent:
    """What an organization says, locked until the transaction ends: who begins and who says never wait for each other here."""
    unsaid = ImpersonationConsent(organization_id=organization_id, answer=Answer.ALWAYS)
    ImpersonationConsent.objects.bulk_create([unsaid], ignore_conflicts=True)
    return ImpersonationConsent.objects.select_for_update().get(organization_id=organization_id)


def decide(*, organization: Any, answer: str, actor: Actor) -> str:
    """Set what an organization says; ``never`` ends what goes on. Raises Problem 422 ``consent_unknown``."""
    if answer not in Answer.values:
        raise invalid(f"One of {', '.join(Answer.values)}.", pointer="/consent", code="consent_unknown")
    row = _held(organization.id)
    before, row.answer = row.answer, answer
    if answer == before:
        return answer
    row.save(update_fields=["answer"])
    changes = {"consent": {"before": before, "after": answer}}
    record("impersonation.consent_changed", actor=actor, organization_id=organization.id, label=organization.name, changes=changes)
    if answer == Answer.NEVER:
        rows = Impersonation.objects.select_for_update(of=("self",)).select_related("staff", "user")
        for each in rows.filter(organization_id=organization.id, ended_at__isnull=True, declined_at__isnull=True).order_by("id"):
            if state_of(each) in ("requested", "approved", "live"):
                _end(each, actor, "The organization allows it no longer.")
    return answer


def state_of(row: Impersonation) -> str:
    """``requested``, ``approved``, ``declined``, ``live``, ``ended`` or ``expired``."""
    if row.declined_at:
        return "declined"
    if row.ended_at:
        return "expired" if row.expires_at and row.ended_at >= row.expires_at else "ended"
    if row.started_at:
        return "live" if row.expires_at and row.expires_at > now() else "expired"
    if row.approved_at:
        return "approved" if row.approved_at + APPROVED_FOR > now() else "expired"
    return "requested" if row.created_at + ASKED_FOR > now() else "expired"


def begin(*, session: Session, staff: User, user_id: UUID, organization: Any, reason: str, actor: Actor) -> Impersonation:
    """Look at an organization as one of its members: at once, or, where it wants to be asked, once an owner said yes.

    ``organization``: as the guard returned it. Raises Problem 403 ``impersonation_refused``, 404, 409 ``staff_not_impersonated`` /
    ``user_suspended``, 422 ``reason_missing``.
    """
    if not reason.strip():
        raise invalid("A reason is needed; the owners read it.", pointer="/reason", code="reason_missing")
    user = load(user_id)
    if Staff.objects.filter(user=user, status=Staff.Status.ACTIVE).exists():
        raise conflict("staff_not_impersonated", "This person is staff. Nobody speaks as staff but they themselves.")
    if user.status != User.Status.ACTIVE:
        raise conflict("user_suspended", "This person is suspended in the workspace.")
    if not any(place.organization_id == organization.id for place in memberships_of(user.id)):
        raise not_found("member")
    consent = _held(organization.id).answer
    if consent == Answer.NEVER:
        raise Problem(403, "impersonation_refused", f"{organization.name} doesn't let anybody look at it as one of its members.")
    if consent == Answer.ALWAYS:
        row = Impersonation(staff=staff, user=user, organization_id=organization.id, reason=reason.strip())
        return _start(row, session=session, organization=organization, actor=actor)
    found = waiting(staff, user.id, organization.id)
    if "approved" in found:
        return _start(found["approved"], session=session, organization=organization, actor=actor)
    return found.get("requested") or _request(staff, user, organization, reason.strip(), actor)


def waiting(staff: User, user_id: UUID, organization_id: UUID) -> dict[str, Impersonation]:
    """What this member of staff asked for and hasn't begun, by its state; locked."""
    rows = Impersonation.objects.select_for_update(of=("self",)).select_related("staff", "user")
    rows = rows.filter(
        staff=staff,
        user_id=user_id,
        organization_id=organization_id,
        started_at__isnull=True,
        declined_at__isnull=True,
        ended_at__isnull=True,
    )
    return {state_of(row): row for row in rows.order_by("id")}


def _start(row: Impersonation, *, session: Session, organization: Any, actor: Actor) -> Impersonation:
    close(Impersonation.objects.filter(session_id=session.id), reason="The same session began another one.")
    Impersonation.objects.filter(session_id=session.id, untold=True).update(untold=False)
    moment = now()
    row.session_id, row.started_at, row.expires_at = session.id, moment, moment + LASTS
    row.save()
    record("impersonation.started", actor=actor, organization_id=organization.id, target=row, label=label_of(row), reason=row.reason)
    _tell_owners(row, organization, "impersonation_started", f"{row.staff.display_name} looks at {organization.name} as a member")
    return row


def _request(staff: User, user: User, organization: Any, reason: str, actor: Actor) -> Impersonation:
    row = Impersonation(staff=staff, user=user, organization_id=organization.id, reason=reason)
    row.save(force_insert=True)
    record("impersonation.requested", actor=actor, organization_id=organization.id, target=row, label=label_of(row), reason=reason)
    _tell_owners(row, organization, "impersonation_requested", f"{staff.display_name} asks to look at {organization.name} as a member")
    return row


def _tell_owners(row: Impersonation, place: Any, template: str, subject: str, reason: str = "") -> None:
    """``place``: the organization, or how its member belongs to it."""
    context = {
        "staff": row.staff, "member": row.user, "organization": place.name, "reason": reason or row.reason, "until": row.expires_at,
        "url": address("support_access", slug=place.slug),
    }  # fmt: skip
    for owner in _owners(row.organization_id):
        mail.queue(to=owner, subject=subject, template=template, context=context, about=row.public_id)


def load_of(organization: Any, impersonation_id: UUID, *, lock: bool = False) -> Impersonation:
    """One of an organization's. Raises Problem 404."""
    rows = Impersonation.objects.select_for_update(of=("self",)) if lock else Impersonation.objects
    row = rows.select_related("staff", "user").filter(id=impersonation_id, organization_id=organization.id).first()
    if row is None:
        raise not_found("impersonation")
    return row


def approve(*, organization: Any, impersonation_id: UUID, actor: Actor) -> Impersonation:
    """An owner says yes; the staff has a day to begin. Raises Problem 404, 409 ``state_conflict``."""
    row = load_of(organization, impersonation_id, lock=True)
    _must_be(row, "requested")
    row.approved_at, row.approved_by = now(), actor.label[:254]
    row.save(update_fields=["approved_at", "approved_by"])
    record("impersonation.approved", actor=actor, organization_id=organization.id, target=row, label=label_of(row))
    url = f"{address('staff_impersonation_new')}?user={row.user.public_id}&organization={organization.public_id}"
    context = {"staff": row.staff, "member": row.user, "organization": organization.name, "url": url}
    mail.queue(to=row.staff.email, subject=f"{organization.name} lets you look", template="impersonation_approved", context=context)
    return row


def refuse(*, organization: Any, impersonation_id: UUID, actor: Actor) -> Impersonation:
    """An owner says no, or ends what goes on. Raises Problem 404, 409 ``state_conflict``."""
    row = load_of(organization, impersonation_id, lock=True)
    state = state_of(row)
    if state == "live":
        return _end(row, actor, "Ended by the organization.")
    if state not in ("requested", "approved"):
        _must_be(row, "requested")
    row.declined_at = now()
    row.save(update_fields=["declined_at"])
    record("impersonation.declined", actor=actor, organization_id=organization.id, target=row, label=label_of(row))
    return row


def _must_be(row: Impersonation, wanted: str) -> None:
    if (state := state_of(row)) != wanted:
        raise conflict("state_conflict", f"This is {state} already.", state=state)


def raise_it(*, impersonation_id: UUID, reason: str, actor: Actor) -> Impersonation:
    """From now on changes are possible, too: an act of its own, with a reason. Raises Problem 404, 409, 422 ``reason_missing``."""
    row = _load(impersonation_id)
    _must_be(row, "live")
    if not reason.strip():
        raise invalid("A reason is needed; the owners read it.", pointer="/reason", code="reason_missing")
    if row.raised_at is None:
        row.raised_at = now()
        row.save(update_fields=["raised_at"])
        record("impersonation.raised", actor=actor, organization_id=row.organization_id, target=row, label=label_of(row),
               reason=reason.strip())  # fmt: skip
        _told_of_raising(row, reason.strip())
    return row


def _told_of_raising(row: Impersonation, reason: str) -> None:
    place = next((found for found in memberships_of(row.user_id) if found.organization_id == row.organization_id), None)
    if place is not None:  # who is looked as belongs there, or it would be over
        subject = f"{row.staff.display_name} makes changes at {place.name} as a member"
        _tell_owners(row, place, "impersonation_raised", subject, reason)


def stop(*, impersonation_id: UUID, actor: Actor) -> None:
    """Speak for oneself again, or withdraw the question. What is over already stays so. Raises Problem 404."""
    row = _load(impersonation_id)
    if state_of(row) in ("live", "requested", "approved"):
        _end(row, actor, "", untold=actor.impersonator_id is None)


def _load(impersonation_id: UUID) -> Impersonation:
    row = Impersonation.objects.select_for_update(of=("self",)).select_related("staff", "user").filter(id=impersonation_id).first()
    if row is None:
        raise not_found("impersonation")
    return row


def _end(row: Impersonation, actor: Actor, reason: str, *, untold: bool = True) -> Impersonation:
    row.ended_at, row.untold = now(), untold
    row.save(update_fields=["ended_at", "untold"])
    record("impersonation.ended", actor=actor, organization_id=row.organization_id, target=row, label=label_of(row), reason=reason)
    return row


def listed(*, organization_id: UUID | None = None, cursor: str | None, limit: int) -> Page[Impersonation]:
    """The latest first: of one organization, or of all."""
    rows = Impersonation.objects.select_related("staff", "user")
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    return by_id(rows, cursor=cursor, limit=limit, newest_first=True)
