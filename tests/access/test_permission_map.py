"""The map against the agreed table, and what states and questions decide by it: pure functions over all their inputs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from tenantry.access.permissions import ASSIGNABLE_BY, INCLUDES, ROLES, STAFF_ROLES, registered, role_holds, seat_of, staff_holds
from tenantry.access.principal import Belonging, Principal
from tenantry.kit.problems import Problem
from tenantry.organizations import states
from tenantry.organizations.authority import authority_of, require_grant
from tenantry.organizations.questions import Answer, Question, decide

from .test_permissions import _agreed

STATES = (states.PENDING, states.ACTIVE, states.SUSPENDED, states.DEACTIVATED)
STATUSES = ("active", "suspended", "removed", "erased")
VENDORS = st.from_regex(r"(project|report):(create|view|read|list|export|delete_all)", fullmatch=True)
NAMES = st.sampled_from(sorted(registered())) | VENDORS | st.sampled_from(["", "members", "no:such", "members:read ", "MEMBERS:READ"])
ROLE = st.sampled_from([*ROLES, None])
ROWS = st.none() | st.tuples(
    st.sampled_from([*STATES, None]),
    st.sampled_from(["active", "suspended", "erased", None]),
    ROLE,
    st.sampled_from([*STATUSES, None]),
    st.none() | st.lists(st.sampled_from(list(ROLES)), unique=True),
)


def _decide(permission: str, row: tuple[Any, ...] | None) -> Answer:
    return decide(Question(UUID(int=1), None, UUID(int=2), permission), row)


def test_what_both_know_is_held_alike() -> None:
    """Also what only staff use today: the table says which members hold it once there is a door."""
    agreed, known = _agreed(), registered()
    assert {name: set(known[name].roles) for name in known.keys() & agreed.keys()} == {
        name: set(agreed[name]) for name in known.keys() & agreed.keys()
    }
    assert {name for name, found in known.items() if found.roles} <= agreed.keys()


def test_ranks_and_seats_are_those_agreed() -> None:
    assert {role.name: (role.rank, seat_of(role.name)) for role in ROLES.values()} == {
        "owner": (100, "seat:admin"), "maintainer": (80, "seat:admin"), "billing_admin": (70, "seat:admin"), "manager": (60, "seat:member"),
        "expert": (40, "seat:member"), "learner": (20, "seat:member"), "support": (10, "seat:member"),
    }  # fmt: skip
    assert list(ROLES) == sorted(ROLES, key=lambda name: -ROLES[name].rank), "lists of roles come in the order of rank"
    assert len({role.letter for role in ROLES.values()}) == len(ROLES)


def test_an_owner_holds_what_any_member_holds() -> None:
    assert [name for name, found in registered().items() if found.roles and "owner" not in found.roles] == []


def test_money_is_for_owner_and_billing_admin() -> None:
    """Looking at it is for more, changing it is not; and support sees none of it, on either side."""
    changing = [name for name in registered() if name.startswith(("billing:", "settings:write_billing")) and not name.endswith(":read")]
    assert len(changing) >= 3
    for name in changing:
        assert registered()[name].roles == {"owner", "billing_admin"}
        assert registered()[name].staff == {"admin", "finance"}
    for name in ("billing:read", "audit:read_money", *changing):
        assert not role_holds("support", name)
        assert not staff_holds("support", name)


def test_staff_roles_hold_nothing_beyond_the_admin() -> None:
    for name, found in registered().items():
        assert found.staff <= STAFF_ROLES.keys()
        assert not found.staff or "admin" in found.staff, name


def test_a_scope_includes_only_what_each_of_its_holders_holds() -> None:
    """Otherwise whoever makes a key could give more than they have."""
    for name, smaller in INCLUDES.items():
        for other in smaller:
            assert registered()[name].roles <= registered()[other].roles, (name, other)
            assert registered()[name].staff <= registered()[other].staff, (name, other)
            assert not set(INCLUDES.get(other, ())) - set(smaller), "one step reaches all of it"


def test_every_role_is_granted_by_exactly_one_permission() -> None:
    granted = [role for roles in ASSIGNABLE_BY.values() for role in roles]
    assert sorted(granted) == sorted(ROLES)
    assert set(ASSIGNABLE_BY) <= registered().keys()


@given(st.sampled_from(list(ROLES)), st.sampled_from(list(ROLES)))
def test_nobody_grants_beyond_their_rank(giver: str, role: str) -> None:
    here = Belonging(UUID(int=2), "Contoso", "contoso", giver, states.ACTIVE)
    authority = authority_of(Principal(via="session", memberships=[here]), here.organization_id)
    try:
        require_grant(authority, role)
    except Problem as problem:
        assert (problem.status, problem.code) == (403, "role_not_grantable")
        assert giver != "owner"
    else:
        assert ROLES[role].rank <= ROLES[giver].rank
        assert giver in ("owner", "maintainer")
    assert not authority_of(Principal(via="session", memberships=[here]), UUID(int=3)).grants


@given(st.sampled_from(STATES), NAMES, st.booleans())
def test_a_state_never_allows_more_than_active(state: str, permission: str, staff: bool) -> None:
    assert states.refusal(states.ACTIVE, permission, staff=staff) is None
    code = states.refusal(state, permission, staff=staff)
    assert code in (None, "organization_pending", "organization_suspended", "organization_deactivated")
    if state == states.SUSPENDED and code is None:
        assert states.is_reading(permission) or (staff and permission == "entitlements:write")
    if state == states.DEACTIVATED and code is None:
        assert staff
        assert states.is_reading(permission)
    if staff is False and code is None:  # staff may at least what members may
        assert states.refusal(state, permission, staff=True) is None


def test_reading_is_told_from_writing_for_every_permission() -> None:
    """A new permission whose action is in neither list would be open or closed in a suspended organization by accident."""
    writing = {
        "write",
        "delete",
        "create",
        "resubmit",
        "suspend",
        "verify",
        "deactivate",
        "restore",
        "check",
        "force_remove",
        "funding",
        "lift",
        "decide",
    }
    writing |= {"grant_governance", "grant_operational", "write_owner_fields", "write_billing_fields", "member_events", "rotate"}
    for name in registered():
        assert states.is_reading(name) != (name.partition(":")[2] in writing), name


def test_transitions_start_from_somewhere_else_and_lead_on() -> None:
    for act, (before, after) in states.TRANSITIONS.items():
        assert before <= set(STATES)
        assert after in STATES
        assert states.DEACTIVATED not in before, f"{act} leads back from an end"
        assert after not in before or act in ("reject", "resubmit")


@given(NAMES, ROWS)
@example("members:write", (states.SUSPENDED, "active", "owner", "active", None))
@example("project:create", (states.SUSPENDED, "active", "owner", "active", ["owner"]))
@example("members:read", (states.DEACTIVATED, "active", "owner", "active", None))
@example("members:read", (states.ACTIVE, "active", "owner", "suspended", None))
@example("members:read", (states.ACTIVE, "suspended", "owner", "active", None))
@example("members:read", None)
def test_yes_needs_everything_to_be_right(permission: str, row: tuple[Any, ...] | None) -> None:
    answer = _decide(permission, row)
    assert answer.allowed == (answer.reason == "role_grants")
    if answer.allowed:
        assert row is not None
        state, user_status, role, status, vendor_roles = row
        assert (user_status, status) == ("active", "active")
        assert state in (states.PENDING, states.ACTIVE, states.SUSPENDED)
        assert state != states.SUSPENDED or states.is_reading(permission)
        assert role in vendor_roles if vendor_roles is not None else role_holds(role, permission)
        assert answer.role == role
        assert answer.source == ("built_in" if vendor_roles is None else "vendor")
    assert answer.role is None or (row is not None and answer.role == row[2])


@given(NAMES, st.sampled_from(list(ROLES)), st.none() | st.lists(st.sampled_from(list(ROLES)), unique=True))
def test_an_active_member_of_an_active_organization_has_what_the_role_has(permission: str, role: str, vendor: list[str] | None) -> None:
    wanted = role in vendor if vendor is not None else role_holds(role, permission)
    answer = _decide(permission, (states.ACTIVE, "active", role, "active", vendor))
    assert answer.allowed == wanted
    if not wanted and vendor is None and permission not in registered():
        assert answer.reason == "permission_unknown"


def test_the_reason_is_the_first_that_fits() -> None:
    """In the order of docs/access.md: each is told only when nothing before it is."""
    everything_wrong: list[Any] = [None, None, None, None, None]
    steps: list[tuple[str, dict[int, Any]]] = [
        ("organization_unknown", {0: states.SUSPENDED}),
        ("user_unknown", {1: "suspended"}),
        ("not_a_member", {2: "learner", 3: "removed"}),
        ("not_a_member", {3: "suspended"}),
        ("user_suspended", {1: "active"}),
        ("membership_suspended", {3: "active"}),
        ("organization_suspended", {0: states.ACTIVE}),
        ("role_lacks_permission", {2: "owner"}),
        ("role_grants", {}),
    ]
    row = everything_wrong
    for reason, mended in steps:
        assert _decide("members:write", tuple(row)).reason == reason
        for index, value in mended.items():
            row[index] = value
    assert _decide("no:such", tuple(row)).reason == "permission_unknown"
