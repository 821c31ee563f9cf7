"""Whether the members of an organization may, or must, sign in by its identity provider."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest

from tenantry.access.guards import require_recent
from tenantry.access.permissions import ADMIN_ROLES, ROLES
from tenantry.audit.services import Actor, difference, record
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem, conflict, invalid
from tenantry.organizations import domains
from tenantry.organizations.domains.names import shown
from tenantry.organizations.models import Domain, Organization
from tenantry.people.models import Session, Staff, User
from tenantry.people.sessions import end_all

from . import notices
from .connections import load, lock
from .models import Connection, Policy, RecoveryCode

TEST_COUNTS: Final = timedelta(hours=24)
DEFAULT_ROLES: Final = tuple(name for name in ROLES if name not in ADMIN_ROLES)
UNMET: Final = {
    "organization_active": "The organization has to be verified and active.",
    "connection_ready": "A connection has to be completely set up.",
    "domain_verified": "A domain of the organization has to be verified: the policy is for the people who have an address in it.",
    "owner_tested": "An owner has to have signed in through a test of the connection to which people are sent, within the last 24 hours.",
    "recovery_codes": "Recovery codes have to be made, so that owners get in when the provider can't be reached.",
}


def of(organization_id: UUID) -> Policy:
    """The policy of an organization; one that was never changed isn't saved and says ``off``."""
    return Policy.objects.filter(organization_id=organization_id).first() or Policy(organization_id=organization_id, version=0)


def require_recent_where_on(request: HttpRequest, organization: Organization) -> None:
    """A provider that people sign in by decides who is who: whoever adds or changes one then proves lately who they are themselves.

    Raises Problem 403 ``reauthentication_required``.
    """
    if of(organization.id).mode != Policy.Mode.OFF:
        require_recent(request)


def saved(organization: Organization) -> Policy:
    """The policy's row, locked, made when there is none. The caller holds ``connections.lock``."""
    Policy.objects.bulk_create([Policy(organization=organization, version=0)], ignore_conflicts=True)
    return Policy.objects.select_for_update(of=("self",)).get(organization=organization)


def primary_of(policy: Policy) -> Connection | None:
    """The connection to which people are sent: the chosen one, else of those that are set up one that was tested, the oldest.

    Tested once, not as it is now: whoever changes a connection, or tries another, doesn't send everybody elsewhere by that.
    """
    ready = Connection.objects.filter(organization_id=policy.organization_id, state=Connection.State.READY)
    chosen = ready.filter(id=policy.primary_id).first() if policy.primary_id else None
    return chosen or ready.filter(last_test__isnull=False).order_by("id").first() or ready.order_by("id").first()


def unmet(organization: Organization, policy: Policy | None = None) -> list[str]:
    """What enforcing still needs, by the saved policy or by one that is about to be: names out of ``UNMET``."""
    sent_to = primary_of(policy or of(organization.id))
    ready = Connection.objects.filter(organization=organization, state=Connection.State.READY)
    checks = {
        "organization_active": organization.state == Organization.State.ACTIVE,
        "connection_ready": ready.exists(),
        "domain_verified": bool(domains.verified(organization.id)),
        "owner_tested": bool(sent_to and sent_to.tested_at and sent_to.tested_at > now() - TEST_COUNTS),
        "recovery_codes": RecoveryCode.objects.filter(organization=organization, used_at__isnull=True).exists(),
    }
    return [name for name, met in checks.items() if not met]


def change(
    *,
    organization: Organization,
    values: Mapping[str, Any],
    keep_session: UUID | None = None,
    expected_version: int | None = None,
    actor: Actor,
) -> Policy:
    """Change ``mode``, ``default_role``, ``jit``, ``primary``. Enforcing ends the other sessions of the people it is for, all but
    ``keep_session`` and those by the provider.

    Raises Problem 409 ``sso_enforcement_unmet`` (with ``unmet``), ``sso_no_connection``, ``sso_connection_incomplete``; 412,
    422 ``role_not_allowed``.
    """
    lock(organization)
    policy = saved(organization)
    if expected_version is not None and policy.version != expected_version:
        raise Problem(412, "version_stale", "Somebody changed this policy meanwhile. Load it again.")
    before, mode_before = _told(policy), policy.mode
    if "default_role" in values:
        policy.default_role = _default_role(values["default_role"])
    if "jit" in values:
        policy.jit = bool(values["jit"])
    if "primary" in values:
        policy.primary = _ready(load(organization, values["primary"])) if values["primary"] else None
    if "mode" in values:
        policy.mode = values["mode"]
    _judge(organization, policy, before)
    changes = difference(before, _told(policy))
    if not changes and policy.version:
        return policy
    policy.enforced_at = (policy.enforced_at or now()) if policy.mode == Policy.Mode.ENFORCED else None
    policy.version += 1
    policy.save()
    if policy.mode == Policy.Mode.ENFORCED != mode_before:
        changes["sessions_ended"] = {
            "before": None,
            "after": _end_sessions(organization.id, domains.verified(organization.id), keep=keep_session),
        }
    record("sso.policy_changed", actor=actor, organization_id=organization.id, target=policy, label=organization.name, changes=changes)
    if Policy.Mode.ENFORCED in (policy.mode, mode_before) and policy.mode != mode_before:
        notices.tell_owners(
            organization, "sso_mode", subject=_SUBJECTS[policy.mode == Policy.Mode.ENFORCED], who=actor.label, mode=policy.mode
        )
    return policy


_SUBJECTS = {True: "Single sign-on is now enforced", False: "Single sign-on is no longer enforced"}


def lift(*, organization: Organization, reason: str, actor: Actor) -> Policy:
    """Staff let an organization's people sign in otherwise again. Raises Problem 409 ``sso_not_enforced``, 422 ``reason_missing``."""
    if not reason.strip():
        raise invalid("A reason is needed; it is kept and shown.", pointer="/reason", code="reason_missing")
    lock(organization)
    policy = saved(organization)
    if policy.mode != Policy.Mode.ENFORCED:
        raise conflict("sso_not_enforced", "Single sign-on isn't enforced here.")
    policy.mode, policy.enforced_at = Policy.Mode.TEST, None
    policy.version += 1
    policy.save()
    changes = difference({"mode": "enforced"}, {"mode": "test"})
    record(
        "sso.enforcement_lifted",
        actor=actor,
        organization_id=organization.id,
        target=policy,
        label=organization.name,
        changes=changes,
        reason=reason,
    )
    notices.tell_owners(organization, "sso_mode", subject=_SUBJECTS[False], who=actor.label, mode=policy.mode, reason=reason.strip())
    return policy


def _judge(organization: Organization, policy: Policy, before: Mapping[str, Any]) -> None:
    """Whether people can be sent as the policy says. One that is enforced already isn't held to yesterday's test again, unless it
    would send them elsewhere."""
    if policy.mode == Policy.Mode.TEST and not Connection.objects.filter(organization=organization, state=Connection.State.READY).exists():
        raise conflict("sso_no_connection", "There is no connection yet that is completely set up.")
    if policy.mode != Policy.Mode.ENFORCED:
        return
    begins, told = before["mode"] != Policy.Mode.ENFORCED, _told(policy)
    lacking = unmet(organization, policy) if begins or told["primary"] != before["primary"] else []
    if not begins:
        lacking = [name for name in lacking if name == "owner_tested"]
    if lacking:
        sentences = " ".join(UNMET[name] for name in lacking)
        what = "It can't be enforced yet." if begins else "People can't be sent there while single sign-on is enforced."
        raise conflict("sso_enforcement_unmet", f"{what} {sentences}", unmet=lacking)


def _ready(connection: Connection) -> Connection:
    if connection.state != Connection.State.READY:
        raise conflict("sso_connection_incomplete", f"{connection.name} isn't completely set up, so nobody can be sent there.")
    return connection


def _default_role(role: str) -> str:
    if role not in DEFAULT_ROLES:
        detail = f"Somebody who joins by signing in gets one of the roles {', '.join(DEFAULT_ROLES)}; others are given by hand."
        raise invalid(detail, pointer="/default_role", code="role_not_allowed")
    return role


def _told(policy: Policy) -> dict[str, Any]:
    primary = Connection.encode_id(policy.primary_id) if policy.primary_id else None
    return {"mode": policy.mode, "default_role": policy.default_role, "jit": policy.jit, "primary": primary}


def bound(names: Iterable[str]) -> Q:
    """Users whose address is in one of these domains."""
    found = Q(pk__in=())
    for name in names:  # an address may be written with the domain's letters as people read them
        found |= Q(email__endswith=f"@{name}") | Q(email__endswith=f"@{shown(name)}")
    return found


def domain_held(domain: Domain, actor: Actor) -> None:
    """A domain more, while single sign-on is enforced: it is for the people of that one, too, from now on. But whoever had it confirmed
    stays signed in."""
    lock(domain.organization)  # or who enforces it at this moment would not see the domain, nor this that it is enforced
    if of(domain.organization_id).mode != Policy.Mode.ENFORCED:
        return
    ended = _end_sessions(domain.organization_id, [domain.name], but=actor.id)
    record("sso.sessions_ended", actor=actor, organization_id=domain.organization_id, target=domain, label=shown(domain.name),
           changes={"sessions": {"before": None, "after": ended}})  # fmt: skip


def _end_sessions(organization_id: UUID, names: Iterable[str], *, keep: UUID | None = None, but: UUID | None = None) -> int:
    """End what the veto would now refuse to begin for people of these domains, but for one session or one person; returns how many
    sessions that were."""
    people = User.objects.filter(bound(names))
    staff = Staff.objects.filter(status=Staff.Status.ACTIVE).values("user_id")
    own = Connection.objects.filter(organization_id=organization_id).values_list("id", flat=True)
    rows = Session.objects.filter(user__in=people).exclude(user__in=staff).exclude(connection_id__in=list(own))
    if keep:
        rows = rows.exclude(id=keep)
    if but:
        rows = rows.exclude(user_id=but)
    return end_all(rows)
