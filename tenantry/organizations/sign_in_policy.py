"""How an organization's members sign in: second factor, how long sessions last, from which networks.

Of all of a person's organizations the strictest rule counts for what is a session's (lifetime, idle time, second factor); networks
are each organization's own, asked where it is entered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.db import connection

from tenantry.access.networks import read_networks, within
from tenantry.access.principal import Principal
from tenantry.audit.services import Actor, difference, record
from tenantry.kit.clock import now
from tenantry.kit.context import request_info
from tenantry.kit.problems import Problem, conflict, invalid
from tenantry.people.rules import Rules
from tenantry.tenancy.scope import current_tenant_id, everywhere

from .models import Membership, Organization, SignInPolicy

REQUIRED: Final = SignInPolicy.SecondFactor.REQUIRED
FIELDS: Final = ("second_factor", "grace_days", "session_lifetime_hours", "idle_minutes", "allowed_networks")
# Of a session without any rule: people/sessions.py. A longer one can't be asked for.
MOST: Final = {"grace_days": (0, 90), "session_lifetime_hours": (1, 336), "idle_minutes": (5, 4320)}


def policy_of(organization: Organization) -> SignInPolicy:
    """The organization's policy; an unsaved one that asks for nothing where it has none."""
    return SignInPolicy.objects.filter(organization=organization).first() or SignInPolicy(organization=organization)


def rules_for(user_id: Any) -> list[Rules]:
    """What each of a person's organizations asks of their sessions. The grace begins with the rule, or with the membership.

    A membership begins when it was first made: whoever comes back after years gets no second grace.
    """
    policy = "organization__sign_in_policies__"
    with everywhere():  # the rules of all of them count, whichever is looked at now
        rows = Membership.objects.filter(user_id=user_id, status=Membership.Status.ACTIVE, organization__deleted_at__isnull=True)
        rows = rows.filter(**{f"{policy.rstrip('_')}__isnull": False}).exclude(organization__state=Organization.State.DEACTIVATED)
        found = rows.values_list(
            "organization_id", "organization__name", "created_at", f"{policy}required_since", f"{policy}grace_days",
            f"{policy}session_lifetime_hours", f"{policy}idle_minutes",
        )  # fmt: skip
        return [_rules(*row) for row in found]


def _rules(
    organization_id: UUID, name: str, joined: datetime, required: datetime | None, grace: int, hours: int | None, minutes: int | None
) -> Rules:
    return Rules(
        organization_id=organization_id,
        lifetime=timedelta(hours=hours) if hours else None,
        idle=timedelta(minutes=minutes) if minutes else None,
        second_factor_from=max(required, joined) + timedelta(days=grace) if required else None,
        asked_by=name if required else "",
    )


def require_network(principal: Principal, organization: Any) -> None:
    """The guard's question: is the caller in one of the organization's networks? Staff always are, so that somebody can help,
    also while they look as one of its members; and so are directories, whose tokens have lists of their own: both come from where
    no member is.

    Raises Problem 403 ``network_not_allowed``.
    """
    networks, caller = getattr(organization, "allowed_networks", None), request_info.get().ip
    unbound = principal.staff_role or principal.impersonator is not None or principal.via == "scim"
    if networks and not unbound and not within(caller, networks):
        detail = f"{organization.name} can be used from its own networks only, and {caller or 'your address'} is in none of them."
        raise Problem(HTTPStatus.FORBIDDEN, "network_not_allowed", detail)


def save(
    *, organization: Organization, values: Mapping[str, Any], exempt: bool, expected_version: int | None = None, actor: Actor
) -> SignInPolicy:
    """Change what is in ``values`` (``FIELDS``). Sessions that exist follow from their next request on.

    ``exempt``: the caller is staff, whom no network binds. Raises Problem 412 ``version_stale``, 422 ``network_invalid``,
    ``would_lock_you_out``, ``validation_failed``.
    """
    cleaned = _cleaned(values)
    Organization.objects.select_for_update(of=("self",)).get(id=organization.id)  # two who make the first one at once
    policy = SignInPolicy.objects.select_for_update().filter(organization=organization).first()
    policy = policy or SignInPolicy(organization=organization)
    if expected_version is not None and policy.version != expected_version:
        raise Problem(HTTPStatus.PRECONDITION_FAILED, "version_stale", "Somebody changed this meanwhile. Load it again.")
    caller, networks = request_info.get().ip, cleaned.get("allowed_networks")
    if networks and not exempt and not within(caller, networks):
        detail = f"You come from {caller or 'an unknown address'}, which this list leaves out. Add it first, or you couldn't come back."
        raise invalid(detail, pointer="/allowed_networks", code="would_lock_you_out")
    changes = difference({name: getattr(policy, name) for name in cleaned}, cleaned)
    if not changes:
        return policy
    for name, value in cleaned.items():
        setattr(policy, name, value)
    if policy.second_factor != REQUIRED:
        policy.required_since = None
    elif policy.required_since is None:
        policy.required_since = now()
    policy.version += 1
    policy.save()
    if changes.keys() - {"allowed_networks"}:
        _bind_sessions(organization)
    record("sign_in_policy.changed", actor=actor, organization_id=organization.id, target=organization, label=organization.name,
           changes=changes)  # fmt: skip
    return policy


def _cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = {name: value for name, value in values.items() if name in FIELDS}
    for name, (least, most) in MOST.items():
        value = cleaned.get(name)
        if value is not None and not least <= value <= most:
            raise invalid(f"A number from {least} to {most:,}.", pointer=f"/{name}")
    if "grace_days" in cleaned and cleaned["grace_days"] is None:
        raise invalid("A number of days is needed; 0 is at once.", pointer="/grace_days")
    if "allowed_networks" in cleaned:
        try:
            cleaned["allowed_networks"] = read_networks(cleaned["allowed_networks"] or []) or []
        except Problem as problem:
            raise problem.pointing(lambda name: name.replace("allowed_ips", "allowed_networks")) from problem
    return cleaned


def lift(*, organization: Organization, reason: str, actor: Actor) -> SignInPolicy:
    """Staff's way out for an organization whose networks keep everybody away. Raises Problem 422 ``reason_missing``, 409."""
    reason = reason.strip()
    if not reason:
        raise invalid("A reason is needed; it is kept and shown.", pointer="/reason", code="reason_missing")
    policy = SignInPolicy.objects.select_for_update().filter(organization=organization).first()
    if policy is None or not policy.allowed_networks:
        raise conflict("state_conflict", "This organization has no list of networks.")
    changes = difference({"allowed_networks": policy.allowed_networks}, {"allowed_networks": []})
    policy.allowed_networks, policy.version = [], policy.version + 1
    policy.save(update_fields=["allowed_networks", "version"])
    record("sign_in_policy.lifted", actor=actor, organization_id=organization.id, target=organization, label=organization.name,
           changes=changes, reason=reason)  # fmt: skip
    return policy


# What all of their organizations together allow each member of this one, onto the sessions that they have. Generation 0
# (people/sessions.py) has the next request ask whether a second factor is missing.
_BIND = """
update people_session s set lifetime_seconds = r.lifetime, idle_seconds = r.idle, generation = 0
  from (select m.user_id, min(p.session_lifetime_hours) * 3600 as lifetime, min(p.idle_minutes) * 60 as idle
          from organizations_membership m
          join organizations_organization o on (o.tenant_id, o.id) = (m.tenant_id, m.organization_id)
           and o.deleted_at is null and o.state <> 'deactivated'
          left join organizations_signinpolicy p on (p.tenant_id, p.organization_id) = (m.tenant_id, m.organization_id)
         where m.tenant_id = %(tenant)s and m.status = 'active' and m.user_id in (
               select user_id from organizations_membership
                where tenant_id = %(tenant)s and organization_id = %(organization)s and status = 'active')
         group by m.user_id) r
 where s.tenant_id = %(tenant)s and s.user_id = r.user_id and s.ended_at is null
"""


def _bind_sessions(organization: Organization) -> None:
    with everywhere(), connection.cursor() as cursor:
        cursor.execute(_BIND, {"tenant": current_tenant_id(), "organization": organization.id})
