"""Domains: claimed, proven, decided on by staff, given up. Of two who prove one at the same moment, one gets it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from tenantry.audit.services import SYSTEM, Actor, difference, record
from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem, conflict, invalid
from tenantry.organizations.models import Domain, Organization
from tenantry.organizations.queries import require_state
from tenantry.tenancy.scope import everywhere, outside

from . import letters, names, proofs, public
from .queries import HELD, holder, load

GRACE: Final = timedelta(days=14)
MOST: Final = 100
TOKEN: Final = 24  # characters: 144 bits, and the whole value fits on a page
VERIFIED, LAPSING, LAPSED, PENDING = Domain.State.VERIFIED, Domain.State.LAPSING, Domain.State.LAPSED, Domain.State.PENDING


_watchers: list[Callable[[Domain, Actor], None]] = []


def when_held(watcher: Callable[[Domain, Actor], None]) -> None:
    """Let a room above act in the transaction in which an organization comes to hold a domain: (domain, who had it confirmed)."""
    _watchers.append(watcher)


def claim(*, organization: Organization, domain: str, actor: Actor) -> Domain:
    """Say that a domain is the organization's. It brings nothing until it is proven; others may claim it, too.

    Raises Problem 422 ``domain_invalid``, ``domain_public``, 409 ``domain_claimed``, ``domain_taken``, ``too_many``.
    """
    name = names.ascii_of(domain)
    if name is None:
        raise invalid("That is no domain. One looks like contoso.com, without www or https.", pointer="/domain", code="domain_invalid")
    if why := public.refusal(name):
        raise invalid(why, pointer="/domain", code="domain_public")
    own = Domain.objects.filter(organization=organization)
    if own.count() >= MOST:
        raise invalid(f"An organization has at most {MOST} domains.", pointer="/domain", code="too_many")
    held = holder(name)
    if held is not None and held.organization_id != organization.id:
        raise _taken(name)
    made = Domain(organization=organization, name=name, token=crypto.new_token()[:TOKEN], claimed_by_label=actor.label)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        raise conflict("domain_claimed", f"{names.shown(name)} is in your list already.") from error
    record("domain.claimed", actor=actor, organization_id=organization.id, target=made, label=names.shown(name))
    return made


def _taken(name: str) -> Problem:
    detail = f"Another organization holds {names.shown(name)}. If it is yours, ask the people who run this workspace."
    return conflict("domain_taken", detail, errors=[{"pointer": "/domain", "detail": detail}])


def verify_now(*, organization: Organization, domain: Domain, actor: Actor) -> Domain:
    """Look for the proof while the caller waits, with no transaction open; then note what came of it.

    Raises Problem 409 ``domain_taken`` when the proof is there and another organization has it.
    """
    name, token = domain.name, domain.token
    with outside():
        outcome = proofs.look(name, token)
    return settle_check(domain_id=domain.id, token=token, outcome=outcome, actor=actor)


def settle_check(*, domain_id: UUID, token: str, outcome: proofs.Outcome, actor: Actor) -> Domain:
    """Note what a check found. A proof makes the domain the organization's; none begins or ends the 14 days of grace.

    Raises Problem 404 when it was given up meanwhile, 409 ``domain_taken``.
    """
    domain = load(domain_id, lock=True, token=token)
    moment = now()
    if outcome.method:
        return _hold(domain, method=outcome.method, reason="", actor=actor, moment=moment)
    before, twice = domain.state, bool(domain.failure)
    domain.checked_at, domain.failure = moment, outcome.failure[:300]
    # Who can't be asked once hasn't lost the domain: it is asked again tomorrow.
    if domain.state == VERIFIED and domain.method != Domain.Method.STAFF and (twice or not outcome.undecided):
        domain.state, domain.lapsing_since = LAPSING, moment
    elif domain.state == LAPSING and domain.lapsing_since and domain.lapsing_since + GRACE <= moment:
        domain.state = LAPSED
    domain.version += 1
    domain.save()
    changes = difference({"state": before}, {"state": domain.state})
    told: dict[str, Any] = {"actor": actor, "organization_id": domain.organization_id, "target": domain, "label": names.shown(domain.name)}
    if domain.state == before:
        record("domain.check_failed", **told, reason=domain.failure)
    elif domain.state == LAPSED:
        record("domain.lapsed", **told, changes=changes, reason=domain.failure)
        letters.tell_owners(domain, "domain_lapsed", f"{names.shown(domain.name)} is no longer confirmed")
    else:
        record("domain.lapsing", **told, changes=changes, reason=domain.failure)
        letters.tell_owners(domain, "domain_lapsing", f"{names.shown(domain.name)} needs to be confirmed again")
    return domain


def decide(*, domain: Domain, verify: bool, reason: str, actor: Actor) -> Domain:
    """Staff's word in place of a proof, or against one. A domain confirmed so isn't checked again.

    Raises Problem 422 ``reason_missing``, 409 ``domain_taken``, ``state_conflict``, 403 for the organization's state.
    """
    reason = reason.strip()
    if not reason:
        raise invalid("A reason is needed; it is kept and shown.", pointer="/reason", code="reason_missing")
    domain = load(domain.id, lock=True)
    require_state(domain.organization, "domains:decide", True)
    if verify:
        return _hold(domain, method=Domain.Method.STAFF, reason=reason, actor=actor, moment=now())
    if domain.state not in HELD:
        raise conflict("state_conflict", f"{names.shown(domain.name)} is {domain.state}; there is nothing to take back.")
    before, domain.state = domain.state, PENDING
    domain.method, domain.reason, domain.failure, domain.version = "", reason, "", domain.version + 1
    domain.verified_at, domain.lapsing_since = None, None
    domain.save()
    record(
        "domain.revoked", actor=actor, organization_id=domain.organization_id, target=domain, label=names.shown(domain.name),
        changes=difference({"state": before}, {"state": PENDING.value}), reason=reason,
    )  # fmt: skip
    return domain


def _hold(domain: Domain, *, method: str, reason: str, actor: Actor, moment: datetime) -> Domain:
    """Give the organization the domain, unless another has it. The row is locked."""
    _release(domain.name, actor)
    before = {"state": domain.state, "method": domain.method or None}
    domain.state, domain.method, domain.reason, domain.failure = VERIFIED, method, reason, ""
    domain.checked_at, domain.lapsing_since, domain.verified_at = moment, None, domain.verified_at or moment
    domain.version += 1
    try:
        with transaction.atomic():  # a second one waits here for the first, and then finds the domain taken
            domain.save()
    except IntegrityError as error:
        raise _taken(domain.name) from error
    changes = difference(before, {"state": domain.state, "method": method})
    if changes:
        record(
            "domain.verified", actor=actor, organization_id=domain.organization_id, target=domain, label=names.shown(domain.name),
            changes=changes, reason=reason,
        )  # fmt: skip
    else:
        record("domain.confirmed", actor=actor, organization_id=domain.organization_id, target=domain, label=names.shown(domain.name))
    if before["state"] not in HELD:
        for watcher in _watchers:
            watcher(domain, actor)
    return domain


def _release(name: str, actor: Actor) -> None:
    """An organization that is deleted or deactivated holds no domain against one that proves it now."""
    with everywhere():
        gone = Q(organization__deleted_at__isnull=False) | Q(organization__state=Organization.State.DEACTIVATED)
        for row in Domain.objects.select_for_update(of=("self",)).filter(gone, name=name, state__in=HELD):
            before, row.state, row.lapsing_since = row.state, LAPSED, row.lapsing_since or now()
            row.version += 1
            row.save()
            record(
                "domain.lapsed", actor=SYSTEM, organization_id=row.organization_id, target=row, label=names.shown(name),
                changes=difference({"state": before}, {"state": LAPSED.value}), reason="The organization is gone, and another proved it.",
            )  # fmt: skip


def set_auto_join(*, domain: Domain, auto_join: str, expected_version: int | None = None, actor: Actor) -> Domain:
    """Choose what people with an address of the domain may do: ``ask``, ``allow`` or ``off``. Raises Problem 412, 422."""
    if auto_join not in Domain.AutoJoin.values:
        raise invalid("One of ask, allow, off.", pointer="/auto_join", code="auto_join_unknown")
    domain = load(domain.id, lock=True)
    if expected_version is not None and domain.version != expected_version:
        raise Problem(HTTPStatus.PRECONDITION_FAILED, "version_stale", "Somebody changed this meanwhile. Load it again.")
    changes = difference({"auto_join": domain.auto_join}, {"auto_join": auto_join})
    if changes:
        domain.auto_join, domain.version = auto_join, domain.version + 1
        domain.save(update_fields=["auto_join", "version"])
        record("domain.changed", actor=actor, organization_id=domain.organization_id, target=domain, label=names.shown(domain.name),
               changes=changes)  # fmt: skip
    return domain


def remove(*, domain: Domain, expected_version: int | None = None, actor: Actor) -> None:
    """Give a domain up, or take a claim back: it brings nothing from now on, and others may prove it. Raises Problem 404, 412."""
    domain = load(domain.id, lock=True)
    if expected_version is not None and domain.version != expected_version:
        raise Problem(HTTPStatus.PRECONDITION_FAILED, "version_stale", "Somebody changed this meanwhile. Load it again.")
    changes: dict[str, Any] = difference({"state": domain.state}, {"state": None})
    record("domain.removed", actor=actor, organization_id=domain.organization_id, target=domain, label=names.shown(domain.name),
           changes=changes)  # fmt: skip
    domain.delete()


def due(limit: int = 200) -> list[tuple[UUID, str, str]]:
    """Domains whose proof is to be looked for again: ``(id, name, token)``. Weekly; daily once a check has failed."""
    moment = now()
    weekly = Q(failure="", checked_at__lte=moment - timedelta(days=7))
    daily = Q(checked_at__lte=moment - timedelta(days=1)) & ~Q(failure="")
    rows = Domain.objects.filter(weekly | daily, state__in=HELD, organization__deleted_at__isnull=True)
    rows = rows.exclude(method=Domain.Method.STAFF).exclude(organization__state=Organization.State.DEACTIVATED)
    return list(rows.order_by(F("checked_at").asc()).values_list("id", "name", "token")[:limit])
