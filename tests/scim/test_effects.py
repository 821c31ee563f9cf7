"""What a directory's word sets off beyond its own room: webhooks, sessions, keys, and the roles of whole groups."""

from __future__ import annotations

import httpx

from tenantry.audit.services import CLI
from tenantry.entitlements.services import set_limit
from tenantry.organizations.authority import SYSTEM_AUTHORITY
from tenantry.organizations.membership import CHANGE_ROLE, settle
from tenantry.organizations.models import Membership
from tenantry.people.models import User
from tenantry.people.staff import add_staff
from tenantry.people.users import suspend_user
from tenantry.scim import mappings
from tenantry.webhooks.services import create_endpoint

from .. import factories
from ..people import Cast, Client, ok, problem, queries
from ..receivers import Receiver
from ..threads import Threads, until_waited_for
from .directory import BULK, Directory, refused


def _map(cast: Cast, **roles: str) -> httpx.Response:
    answer = cast.owner.put(f"{cast.org}/scim-group-mappings", json=[{"group": group, "role": role} for group, role in roles.items()])
    ok(answer)
    return answer


def test_endpoints_hear_of_a_directorys_people_as_of_all_others(cast: Cast, directory: Directory) -> None:
    with Receiver() as receiver:
        with cast.tenant.scope():
            create_endpoint(url=receiver.url, events=["member.added"], organization_id=cast.contoso.id, actor=CLI)
        ok(cast.owner.post(f"{cast.org}/members", json={"email": "by-hand@contoso.example", "role": "learner", "name": "H"}), 201)
        directory.user("one@contoso.example")  # the short way
        both = [
            {"method": "POST", "path": "/Users", "bulkId": name, "data": {"userName": f"{name}@contoso.example"}}
            for name in ("two", "three")
        ]
        assert ok(directory.post("/Bulk", json={"schemas": [BULK], "Operations": both}))["Operations"][1]["status"] == "201"
        directory.user("owner@contoso.example")  # a member before: nobody is added
        told = {each.event["data"]["email"]: each.event for each in receiver.wait(4)}
    by_hand = told.pop("by-hand@contoso.example")
    assert set(told) == {"one@contoso.example", "two@contoso.example", "three@contoso.example"}
    for address, event in told.items():
        member = directory.member(address)
        assert member is not None
        assert event.keys() == by_hand.keys() and event["data"].keys() == by_hand["data"].keys()
        same = {
            name
            for name in by_hand["data"]
            if name not in ("email", "name") and not str(by_hand["data"][name]).startswith(("mem_", "usr_"))
        }
        assert {name: event["data"][name] for name in same} == {name: by_hand["data"][name] for name in same}
        assert member.public_id in map(str, event["data"].values())
        assert event["actor"]["kind"] == "scim_token" and event["actor"]["id"].startswith("sct_")


def test_whoever_is_taken_away_is_out_at_once(cast: Cast, directory: Directory) -> None:
    _map(cast, Leads="maintainer")
    for way in ("patch", "put", "delete"):
        address = f"{way}@contoso.example"
        made = directory.user(address)
        ok(directory.post("/Groups", json={"displayName": "Leads", "members": [{"value": made["id"]}]}), 201)
        session = cast.tenant.sign_in(address)
        body = {"name": "k", "scopes": ["members:read"], "organization": cast.contoso.public_id}
        key = Client(cast.tenant.api, key=ok(session.post("/keys", json=body), 201)["key"])
        for client in (session, key):
            ok(client.get(f"{cast.org}/members"))
        path = f"/Users/{made['id']}"
        if way == "delete":
            assert directory.delete(path).status_code == 204
        elif way == "put":
            ok(directory.put(path, json={"userName": address, "active": False}))
        else:
            ok(directory.change(path, {"op": "Replace", "path": "active", "value": "False"}))
        problem(session.get(f"{cast.org}/members"), 401, "unauthenticated")
        problem(key.get(f"{cast.org}/members"), 401, "key_revoked")
        group = directory.find("Groups", 'displayName eq "Leads"')[0]
        assert directory.delete(f"/Groups/{group['id']}").status_code == 204


def test_what_is_switched_off_is_not_done_and_what_is_done_is_told(cast: Cast, directory: Directory) -> None:
    off, on = ({"op": "replace", "path": "active", "value": value} for value in (False, True))
    at, away = (f"/Users/{directory.user(f'{name}@contoso.example', displayName='Mia')['id']}" for name in ("mia", "away"))
    ok(directory.change(away, off))
    ok(cast.owner.put(f"{cast.org}/scim-settings", json={"provision": False, "deprovision": False, "update_profile": False}))
    refused(directory.post("/Users", json={"userName": "new@contoso.example"}), 403)
    refused(directory.change(away, on), 403)
    ok(directory.change(at, {"op": "replace", "path": "displayName", "value": "Another"}))
    ok(directory.change(at, off))
    assert directory.delete(at).status_code == 204
    member = directory.member("mia@contoso.example")
    assert member is not None and (member.status, member.user.name) == ("active", "Mia")
    told = [action for action in cast.actions() if action.startswith("scim_user.")]
    assert told == ["scim_user.created"] * 2 + ["scim_user.changed"] * 3 + ["scim_user.deleted"]


def test_a_directory_has_a_say_over_its_own_accounts_alone(cast: Cast, directory: Directory) -> None:
    off, on = ({"op": "replace", "path": "active", "value": value} for value in (False, True))
    with cast.tenant.scope():
        factories.member(cast.fabrikam, "both@elsewhere.example")
    both, staff = (directory.user(f"{who}@elsewhere.example", displayName="Named here") for who in ("both", "staff"))
    with cast.tenant.scope():
        add_staff(email="staff@elsewhere.example", role="support", actor=CLI)
    for who, name in ((both, ""), (staff, "Named here")):  # whoever is here by another's word too, and who works for the vendor
        session, path = cast.tenant.sign_in(who["userName"]), f"/Users/{who['id']}"
        ok(directory.change(path, {"op": "replace", "path": "displayName", "value": "Another"}))
        ok(directory.change(path, off))
        ok(session.get("/me"))
        member = directory.member(who["userName"])
        assert member is not None and (member.status, member.user.name) == ("suspended", name)
    # One person is one resource, and one address one account.
    refused(directory.post("/Users", json={"userName": "twice", "emails": [{"value": both["userName"]}]}), 409, "uniqueness")
    fresh = directory.user("fresh@elsewhere.example")
    taken = {"op": "replace", "path": "userName", "value": cast.owner.email}
    refused(directory.change(f"/Users/{fresh['id']}", taken), 409, "uniqueness")
    # What a person has suspended, a person lifts.
    ok(directory.change(f"/Users/{both['id']}", on))
    member = directory.member(both["userName"])
    assert member is not None and member.status == "active"
    ok(cast.owner.post(f"{cast.org}/members/{member.public_id}/suspension", json={"reason": "away"}))
    for operation in (off, on):
        ok(directory.change(f"/Users/{both['id']}", operation))
    member = directory.member(both["userName"])
    assert member is not None and member.status == "suspended"


def test_roles_of_a_group_are_changed_together(cast: Cast, directory: Directory) -> None:
    people = [directory.user(f"p{number}@contoso.example") for number in range(12)]
    refs = [{"value": each["id"]} for each in people]
    ok(directory.post("/Groups", json={"displayName": "Few", "members": refs[:2]}), 201)
    ok(directory.post("/Groups", json={"displayName": "Many", "members": refs}), 201)
    few = queries(_map(cast, Few="manager"))
    many = queries(_map(cast, Few="manager", Many="manager"))
    assert many <= few, "ten more people are no more statements"

    def roles() -> list[str]:
        found = [directory.member(each["userName"]) for each in people]
        return [each.role for each in found if each]

    assert roles() == ["manager"] * 12
    rows = ok(cast.admin.get(f"{cast.org}/audit-events", params={"action": "member.role_changed", "limit": 200}))["data"]
    assert len(rows) == 12 and all(row["changes"] == {"role": {"before": "learner", "after": "manager"}} for row in rows)
    # By another name it is another group; and what somebody made as maintainer ends when they are one no longer.
    (group,) = directory.find("Groups", 'displayName eq "Many"')
    for name, left in (("Crowd", "learner"), ("Many", "manager")):
        ok(directory.change(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": name}), 204)
        assert roles() == ["manager"] * 2 + [left] * 10
    assert cast.actions().count("scim_group.changed") == 2
    _map(cast, Few="maintainer", Many="manager")
    body = {"name": "k", "scopes": ["members:read"], "organization": cast.contoso.public_id}
    key = Client(cast.tenant.api, key=ok(cast.tenant.sign_in("p0@contoso.example").post("/keys", json=body), 201)["key"])
    ok(key.get(f"{cast.org}/members"))
    _map(cast, Few="manager", Many="manager")
    problem(key.get(f"{cast.org}/members"), 401, "key_revoked")
    # Down again; who was given their role by a person keeps it, and who can't have the new one stays what they are.
    member = directory.member("p1@contoso.example")
    assert member is not None
    ok(cast.owner.patch(f"{cast.org}/members/{member.public_id}", json={"role": "support"}))
    _map(cast)
    assert roles() == ["learner", "support", *["learner"] * 10]
    _map(cast, Many="expert")
    assert roles() == ["learner", "expert", *["learner"] * 10]
    errors = ok(cast.owner.get(f"{cast.org}/scim-errors"))["data"]
    assert {each["code"] for each in errors} == {"transition_forbidden"} and len(errors) == 11
    # No seat for all of them: nothing changes.
    with cast.tenant.scope():
        set_limit(organization_id=cast.contoso.id, resource_type="seat:admin", limit=4, actor=CLI)
    full = cast.owner.put(f"{cast.org}/scim-group-mappings", json=[{"group": "Many", "role": "maintainer"}])
    problem(full, 402, "entitlement_limit_reached")
    assert roles() == ["learner", "expert", *["learner"] * 10]
    with cast.tenant.scope():
        assert [row.role for row in mappings.of(cast.contoso.id)] == ["expert"]
    # The last owner stays, whatever their groups say.
    owner = directory.user("owner@contoso.example")
    ok(directory.post("/Groups", json={"displayName": "Chiefs", "members": [{"value": owner["id"]}]}), 201)
    second = ok(cast.admin.post(f"{cast.org}/members", json={"email": "second@contoso.example", "role": "owner"}), 201)["id"]
    ok(cast.admin.post(f"{cast.org}/members/{second}/suspension", json={"reason": "away"}))
    problem(cast.owner.put(f"{cast.org}/scim-group-mappings", json=[{"group": "Chiefs", "role": "manager"}]), 409, "last_owner")
    _map(cast, Later="manager")
    refused(directory.post("/Groups", json={"displayName": "Later", "members": [{"value": owner["id"]}]}), 409, "mutability")
    cast.tenant.jobs_done()
    assert "scim_last_owner" in [mail["template"] for mail in cast.tenant.mails_for(cast.owner.email)]
    # But another one may follow at the same moment: nobody who is suspended, and here alone.
    ok(directory.post("/Groups", json={"displayName": "Heirs", "members": refs[3:5]}), 201)
    with cast.tenant.scope():
        factories.member(cast.fabrikam, "p3@contoso.example")
        suspend_user(user_id=User.objects.get(email="p4@contoso.example").id, reason="x", notify=False, actor=CLI)
    before = directory.member("p3@contoso.example")
    both = [{"group": "Chiefs", "role": "manager"}, {"group": "Heirs", "role": "owner"}]
    ok(cast.admin.put(f"{cast.org}/scim-group-mappings", json=both))
    after = directory.member("p3@contoso.example")
    assert before is not None and after is not None and after.seat_assigned_at is not None and before.seat_assigned_at is not None
    assert (after.role, after.version, after.user.generation) == ("owner", before.version + 1, before.user.generation + 1)
    assert after.seat_assigned_at > before.seat_assigned_at
    assert roles()[4] == "learner"
    with cast.tenant.scope():
        assert Membership.objects.get(organization=cast.fabrikam, user=after.user).role == "learner"


def test_a_machine_holds_no_seat_whatever_its_group_makes_of_it(cast: Cast, directory: Directory) -> None:
    machine = {"email": "robot@contoso.example", "role": "learner", "service_account": True}
    ok(cast.owner.post(f"{cast.org}/members", json=machine), 201)
    both = [{"value": directory.user(f"{name}@contoso.example")["id"]} for name in ("robot", "rita")]
    ok(directory.post("/Groups", json={"displayName": "Admins", "members": both}), 201)

    def admins() -> int:
        counted = ok(cast.owner.get(f"{cast.org}/entitlements"))["data"]
        return int(next(row["current"] for row in counted if row["resource_type"] == "seat:admin"))

    before = admins()
    _map(cast, Admins="maintainer")
    assert admins() == before + 1
    robot, rita = (directory.member(f"{name}@contoso.example") for name in ("robot", "rita"))
    assert robot is not None and (robot.role, robot.seat_assigned_at) == ("maintainer", None)
    assert rita is not None and (rita.role, rita.seat_assigned_at is None) == ("maintainer", False)
    _map(cast)
    assert admins() == before


def test_of_two_who_change_at_once_the_second_waits(cast: Cast, directory: Directory) -> None:
    """For the whole list of the first, and for the owner whom the first took away."""
    at, board = f"{cast.org}/scim-group-mappings", {"group": "Board", "role": "owner"}
    owner = directory.user(cast.owner.email)
    ok(directory.post("/Groups", json={"displayName": "Board", "members": [{"value": owner["id"]}]}), 201)
    _map(cast, Board="owner")
    with cast.tenant.scope():
        other = factories.member(cast.contoso, "other@contoso.example", "owner")
    with Threads(1) as pool:
        with cast.tenant.scope() as entered:
            first = [mappings.Mapping("Board", "owner"), mappings.Mapping("First", "learner")]
            mappings.change(organization_id=cast.contoso.id, mappings=first, governance=True, actor=CLI)
            second = pool.submit(cast.owner.put, at, json=[board, {"group": "Second", "role": "learner"}])
            until_waited_for(entered.using)
        assert [row["group"] for row in ok(second.result())["data"]] == ["Board", "Second"]
        with cast.tenant.scope() as entered:
            settle(CHANGE_ROLE, organization=cast.contoso, user=other.user, role="support", authority=SYSTEM_AUTHORITY, actor=CLI)
            second = pool.submit(cast.owner.put, at, json=[])
            until_waited_for(entered.using)
        problem(second.result(), 409, "last_owner")
