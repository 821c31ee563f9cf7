"""What a directory's word sets off beyond its own room: webhooks, sessions, keys, and the roles of whole groups."""

from __future__ import annotations

import httpx

from tenantry.audit.services import CLI
from tenantry.entitlements.services import set_limit
from tenantry.scim import mappings
from tenantry.webhooks.services import create_endpoint

from ..people import Cast, Client, ok, problem, queries
from ..receivers import Receiver
from .directory import BULK, Directory


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
    key = ok(cast.tenant.sign_in("p0@contoso.example").get(f"{cast.org}/members"))
    assert key["data"]
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
    problem(cast.owner.put(f"{cast.org}/scim-group-mappings", json=[{"group": "Chiefs", "role": "manager"}]), 409, "last_owner")
