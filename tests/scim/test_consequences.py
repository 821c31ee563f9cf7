"""What a directory's word does to members, seats, roles, sessions and the record; and what it can't do."""

from __future__ import annotations

from tenantry.audit.services import CLI
from tenantry.entitlements.services import set_limit
from tenantry.organizations.models import Membership
from tenantry.scim import mappings

from ..people import Cast, ok, queries, race
from .directory import BULK, Directory, refused


def test_two_organizations_at_once_never_mix(cast: Cast, directory: Directory) -> None:
    """The same userNames, created by two directories at the same time: each sees its own, whatever the other does."""
    with Directory(cast.tenant, cast.fabrikam) as other:
        names = [f"twin{number}@twins.example" for number in range(12)]
        calls = [lambda d=d, n=n: (d, d.user(n, externalId=f"{d.organization_id}{n}")) for n in names for d in (directory, other)]
        made = race(*calls)
        for mine in (directory, other):
            ids = {found["id"] for d, found in made if d is mine}
            assert {each["id"] for each in mine.find("Users", 'userName sw "twin"')} == ids and len(ids) == len(names)
            assert all(each["externalId"].startswith(str(mine.organization_id)) for each in mine.find("Users", 'userName sw "twin"'))
        theirs = next(found for d, found in made if d is other)
        path = f"/Users/{theirs['id']}"
        for answer in (directory.get(path), directory.delete(path), directory.change(path, {"op": "remove", "path": "title"})):
            refused(answer, 404)
        group = ok(directory.post("/Groups", json={"displayName": "G"}), 201)
        foreign = {"op": "add", "path": "members", "value": [{"value": theirs["id"]}]}
        refused(directory.change(f"/Groups/{group['id']}", foreign), 400, "invalidValue")


def test_the_last_seat_has_one_winner_and_a_repeat_makes_nobody_twice(cast: Cast, directory: Directory) -> None:
    with cast.tenant.scope():
        taken = Membership.objects.filter(organization=cast.contoso, status="active", role__in=["learner", "manager", "expert", "support"])
        set_limit(organization_id=cast.contoso.id, resource_type="seat:member", limit=taken.count() + 1, actor=CLI)
    answers = race(*(lambda n=n: directory.post("/Users", json={"userName": f"seat{n}@contoso.example"}) for n in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403]
    assert "seat" in refused(next(answer for answer in answers if answer.status_code == 403), 403)["detail"]
    cast.tenant.mail_for("owner@contoso.example")
    winner = next(answer.json() for answer in answers if answer.status_code == 201)
    assert ok(directory.change(f"/Users/{winner['id']}", {"op": "replace", "path": "active", "value": False}))["active"] is False
    same = race(*(lambda: directory.post("/Users", json={"userName": "next@contoso.example"}) for _ in range(3)))
    assert sorted(answer.status_code for answer in same) == [201, 409, 409]
    refused(directory.change(f"/Users/{winner['id']}", {"op": "replace", "path": "active", "value": True}), 403)


def test_groups_give_roles_and_the_last_owner_stays(cast: Cast, directory: Directory) -> None:
    with cast.tenant.scope():
        rows = [mappings.Mapping("Managers", "manager"), mappings.Mapping("Admins", "maintainer")]
        mappings.change(organization_id=cast.contoso.id, mappings=rows, governance=True, actor=CLI)
    mia = directory.user("mia@contoso.example")
    groups = [
        ok(directory.post("/Groups", json={"displayName": name, "members": [{"value": mia["id"]}]}), 201) for name in ("managers", "Admins")
    ]

    def role() -> str:
        found = directory.member("mia@contoso.example")
        assert found is not None
        return found.role

    assert role() == "maintainer"
    before = ok(directory.change(f"/Users/{mia['id']}", {"op": "add", "path": "title", "value": "Dr"}))["meta"]["lastModified"]
    assert directory.delete(f"/Groups/{groups[1]['id']}").status_code == 204
    assert ok(directory.get(f"/Users/{mia['id']}"))["meta"]["lastModified"] > before, "and not when the group last changed"
    assert role() == "manager"
    assert directory.change(f"/Groups/{groups[0]['id']}", {"op": "remove", "path": "members"}).status_code == 204
    assert role() == "learner"
    owner = directory.user("owner@contoso.example")  # was there before: linked, and changed by nothing
    found = directory.member("owner@contoso.example")
    assert found is not None and (found.role, found.status) == ("owner", "active")
    refused(directory.change(f"/Users/{owner['id']}", {"op": "replace", "path": "active", "value": False}), 409, "mutability")
    refused(directory.delete(f"/Users/{owner['id']}"), 409, "mutability")
    assert ok(directory.get(f"/Users/{owner['id']}"))["active"] is True
    with cast.tenant.scope():
        Membership.objects.filter(organization=cast.contoso, user__email="mia@contoso.example").update(
            status="erased", seat_assigned_at=None
        )
        set_limit(organization_id=cast.contoso.id, resource_type="seat:member", limit=100, actor=CLI)
    for answer in (directory.get(f"/Users/{mia['id']}"), directory.post("/Users", json={"userName": "mia@contoso.example"})):
        refused(answer, 410)
    assert directory.find("Users", 'userName eq "mia@contoso.example"') == []
    with cast.tenant.scope():  # as it was, so that the seats add up again at the end
        member = Membership.objects.get(organization=cast.contoso, user__email="mia@contoso.example")
        Membership.objects.filter(id=member.id).update(status="active", seat_assigned_at=member.created_at)


def test_access_is_taken_away_whatever_state_the_organization_is_in(cast: Cast, directory: Directory) -> None:
    """A directory that says inactive wins: over a membership that was there before it, and while the vendor has suspended the lot."""

    def status(who: str) -> str:
        found = directory.member(f"{who}@contoso.example")
        assert found is not None
        return found.status

    off, on = ({"op": "replace", "path": "active", "value": value} for value in (False, True))
    away = directory.user("learner@contoso.example", active=False)
    assert status("learner") == "suspended"
    ok(directory.change(f"/Users/{away['id']}", on))
    assert status("learner") == "active"
    refused(directory.post("/Users", json={"userName": "owner@contoso.example", "active": False}), 409, "mutability")
    people = {name: directory.user(f"{name}@contoso.example") for name in ("patch", "put", "delete", "bulk", "stays")}
    group = ok(directory.post("/Groups", json={"displayName": "G"}), 201)
    ok(cast.admin.post(f"{cast.org}/suspension", json={"reason": "unpaid"}))
    at = {name: f"/Users/{each['id']}" for name, each in people.items()}
    ok(directory.change(at["patch"], off))
    ok(directory.put(at["put"], json={**people["put"], "active": False}))
    assert directory.delete(at["delete"]).status_code == 204
    both = [
        {"method": "DELETE", "path": at["bulk"]},
        *({"method": "POST", "path": "/Users", "bulkId": n, "data": {"userName": n}} for n in ("n1", "n2")),
    ]
    answers = ok(directory.post("/Bulk", json={"schemas": [BULK], "Operations": both}))["Operations"]
    assert [each["status"] for each in answers] == ["204", "403", "403"]
    assert {status(name) for name in ("patch", "put", "delete", "bulk")} == {"suspended"}
    for answer in (
        directory.change(at["patch"], on),
        directory.change(at["stays"], {"op": "add", "path": "title", "value": "T"}),
        directory.post("/Users", json={"userName": "new@contoso.example"}),
        directory.post("/Groups", json={"displayName": "H"}),
        directory.change(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": people["stays"]["id"]}]}),
        directory.delete(f"/Groups/{group['id']}"),
    ):
        refused(answer, 403)
        assert answer.headers["X-Problem-Code"] == "organization_suspended"
    assert status("stays") == "active"


def test_bulk(directory: Directory) -> None:
    def send(*operations: dict[str, object], **more: object) -> list[dict[str, object]]:
        found: list[dict[str, object]] = ok(directory.post("/Bulk", json={"schemas": [BULK], "Operations": list(operations), **more}))[
            "Operations"
        ]
        return found

    def new(name: str, **more: object) -> dict[str, object]:
        return {"method": "POST", "path": "/Users", "bulkId": name, "data": {"userName": f"{name}@contoso.example", **more}}

    group = {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "B", "members": [{"value": "bulkId:b2"}]}}
    titled = {"Operations": [{"op": "add", "path": "title", "value": "T"}]}
    found = send(group, new("b1"), new("b2"), new("b1"), {"method": "PATCH", "path": "/Users/bulkId:b1", "data": titled})
    assert [each["status"] for each in found] == ["201", "201", "201", "409", "200"]
    assert directory.find("Users", 'title eq "T"')[0]["userName"] == "b1@contoso.example"
    assert [each["value"] for each in directory.find("Groups", 'displayName eq "b"')[0]["members"]] == [
        str(found[2]["location"]).rpartition("/")[2]
    ]
    at_once = send(*(new(f"many{number}") for number in range(40)), new("many0"), new("many41"))
    assert [each["status"] for each in at_once] == ["201"] * 40 + ["409", "201"]
    paths = [str(each["location"]).partition("/v2")[2] for each in at_once[:12]]
    costs = [
        queries(directory.post("/Bulk", json={"Operations": [{"method": "PATCH", "path": path, "data": titled} for path in some]}))
        for some in (paths[:1], paths[1:])
    ]
    assert costs[1] <= costs[0] + 2, "ten more are no more statements"
    stopped = send(new("s1"), new("b1"), new("s2"), failOnErrors=1)
    assert [each["status"] for each in stopped] == ["201", "409"]
    assert directory.find("Users", 'userName eq "s2@contoso.example"') == []
    circle = [
        new(name, **{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": f"bulkId:{other}"}}})
        for name, other in (("c1", "c2"), ("c2", "c1"))
    ]
    assert [each["status"] for each in send(*circle)] == ["409", "409"]
    refused(directory.post("/Bulk", json={"Operations": [new("x")] * 1_001}), 413, "tooMany")
    refused(directory.post("/Bulk", json={"Operations": "x" * 1_100_000}), 413, "tooMany")
    refused(directory.post("/Bulk", json={}), 400, "invalidSyntax")
