"""The short way into an organization writes what ``settle`` writes, and nothing where ``settle`` would refuse."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenantry.audit.models import Event
from tenantry.audit.services import CLI, Actor
from tenantry.entitlements.models import Tally
from tenantry.entitlements.services import set_limit
from tenantry.kit.clock import now
from tenantry.kit.ids import new_id
from tenantry.kit.problems import Problem
from tenantry.organizations import services
from tenantry.organizations.authority import SYSTEM_AUTHORITY
from tenantry.organizations.membership import ADD, REMOVE, SUSPEND, settle
from tenantry.organizations.models import Membership, Organization
from tenantry.people.models import User
from tenantry.people.users import ensure_user, suspend_user
from tenantry.scim.making import Fresh, make_all
from tenantry.scim.models import ScimUser

from .. import factories
from ..people import Tenant

ACTOR = Actor("scim_token", new_id(), "Okta", "scim")
_numbers = itertools.count()
WORLDS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["pending", "active", "active", "suspended"]),
        "limit": st.sampled_from([None, 0, 1, 2, 3, 9]),
        "others": st.integers(0, 2),
        "known": st.sampled_from([None, None, "active", "suspended", "member", "removed", "put_aside"]),
        "role": st.sampled_from(["learner", "manager", "maintainer"]),
    }
)


def _world(given_: dict[str, Any]) -> tuple[Organization, str]:
    number = next(_numbers)
    made, _ = factories.organization(f"World {number}", {"owner": f"owner{number}@world.example"}, active=given_["state"] != "pending")
    address = f"who{number}@world.example"
    for other in range(given_["others"]):
        factories.member(made, f"other{number}-{other}@world.example")
    if given_["limit"] is not None:
        set_limit(organization_id=made.id, resource_type="seat:total", limit=given_["limit"], force=True, actor=CLI)
    if given_["known"]:
        user, _ = ensure_user(email=address, actor=CLI)
        if given_["known"] == "suspended":
            suspend_user(user_id=user.id, reason="Test.", actor=CLI)
        if given_["known"] in ("member", "removed", "put_aside"):
            try:
                settle(ADD, organization=made, user=user, role="learner", authority=SYSTEM_AUTHORITY, actor=CLI)
                act = {"removed": REMOVE, "put_aside": SUSPEND}.get(given_["known"])
                if act:
                    settle(act, organization=made, user=user, authority=SYSTEM_AUTHORITY, actor=CLI)
            except Problem:
                pass
    if given_["state"] == "suspended":
        services.transition(organization=made, act="suspend", reason="Test.", actor=CLI)
    return made, address


def _told(organization_id: UUID, address: str) -> dict[str, Any]:
    """All that the two ways could write differently."""
    members = Membership.objects.filter(organization_id=organization_id, user__email=address)
    columns = ("role", "status", "service", "team", "reason", "version", "user__status", "user__generation", "user__name")
    events = Event.objects.filter(organization_id=organization_id, action="member.added", target_label=address, actor_kind="scim_token")
    made = Event.objects.filter(action="user.created", target_label=address, actor_kind="scim_token")
    fields = ("category", "action", "actor_id", "actor_label", "target_kind", "changes", "reason", "source")
    return {
        "members": list(members.values(*columns)),
        "seats": members.filter(seat_assigned_at__isnull=False).count(),
        "tallies": dict(Tally.objects.filter(organization_id=organization_id).values_list("resource_type", "used")),
        "events": list(events.values(*fields)),
        "made": list(made.values(*fields)),
        "reached": Event.objects.filter(organization_id=organization_id, action="entitlement.limit_reached").count(),
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORLDS)
def test_the_short_way_agrees_with_settle(tenant: Tenant, world: dict[str, Any]) -> None:
    with tenant.scope():
        short, address = _world(world)
        before = _told(short.id, address)
        row = ScimUser(organization_id=short.id, user_name=address, user_name_key=address, data={})
        admitted = make_all([Fresh(row, address, "Mia")], role=world["role"], moment=now(), actor=ACTOR) == [True]
        after = _told(short.id, address)
        long, other = _world(world)
        try:
            user, _ = ensure_user(email=other, name="Mia", actor=ACTOR)
            settle(ADD, organization=long, user=user, role=world["role"], authority=SYSTEM_AUTHORITY, actor=ACTOR)
            refused = False
        except Problem:
            refused = True
        if admitted:
            assert not refused
            assert after == _told(long.id, other)
            assert ScimUser.objects.filter(id=row.id, user__email=address, made_user=not world["known"]).exists()
        else:
            assert after == before
            assert not User.objects.filter(email=address).exists() or world["known"]
        plain = world["state"] != "suspended" and world["known"] in (None, "active") and world["limit"] in (None, 9)
        assert admitted or not plain
