"""What further connectors send (Entra's validator and its older job, OneLogin, JumpCloud, PingOne, Keycloak, authentik), and the edges
of the protocol that they touch."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenantry.kit.problems import Problem
from tenantry.scim.protocol.attributes import USERS
from tenantry.scim.protocol.patch import apply, read

from ..people import Cast, ok
from .directory import ENTERPRISE, ERROR, GROUP, USER, Directory, refused

CUSTOM = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User"
PIA: dict[str, Any] = {
    "userName": "pia@contoso.example", "externalId": "x1", "active": True, "displayName": "Pia Quist", "title": "Chief",
    "name": {"givenName": "Pia", "familyName": "Quist"},
    "emails": [{"type": "work", "value": "pia@contoso.example", "primary": True}],
    ENTERPRISE: {"department": "R&D", "manager": {"value": "scu_1"}},
}  # fmt: skip
GONE = object()


def _op(path: str | None, value: Any = GONE, op: str = "Replace") -> dict[str, Any]:
    return {"op": op} | ({"path": path} if path is not None else {}) | ({"value": value} if value is not GONE else {})


def _work(value: str, **more: Any) -> list[dict[str, Any]]:
    return [{"type": "work", "value": value, "primary": True} | more]


# (what is sent, what is another one then); a value of None: it is gone.
TAKEN: list[tuple[list[dict[str, Any]] | dict[str, Any], dict[str, Any]]] = [
    ([], {}),  # Entra's validator
    ([_op(f"{CUSTOM}:badge", "7", "Add"), _op("active", "False")], {"active": False}),
    ([_op(f'{CUSTOM}:tags[type eq "x"].value', "7"), _op(f"{CUSTOM}:badge", op="Remove"), _op("active", "FALSE")], {"active": False}),
    ([_op(None, {CUSTOM: {"badge": 1}, f"{CUSTOM}:x": 2, "colour": "red", "active": "false"})], {"active": False}),
    ([{"OP": "replace", "Path": "ACTIVE", "Value": "False"}], {"active": False}),
    ({"op": "replace", "value": {"active": False}}, {"active": False}),
    ([_op(f"{USER}:active", False)], {"active": False}),
    ([_op(None, {USER: {"active": "False", "title": "T"}})], {"active": False, "title": "T"}),
    ([_op("active", [{"value": "False"}])], {"active": False}),
    ([_op("displayName", [{"$ref": None, "value": "P"}]), _op("title", {"value": "Boss"})], {"displayName": "P", "title": "Boss"}),
    ([_op("title", "Boss", "Add"), _op("title", ""), _op("displayName", None)], {"title": None, "displayName": None}),
    ([_op("title", op="Remove"), _op("nickName", op="Remove"), _op('ims[type eq "xmpp"].value', op="Remove")], {"title": None}),
    ([_op(f"{USER}:name.familyName", "Z"), _op("name.formatted", op="Remove")], {"name": {"givenName": "Pia", "familyName": "Z"}}),
    ([_op("name", {"givenName": "G", "familyName": None})], {"name": {"givenName": "G"}}),
    ([_op('roles[primary eq "True"].value', "admin", "Add")], {"roles": [{"primary": True, "value": "admin"}]}),
    ([_op("roles", ["a", {"value": "b"}], "Add")], {"roles": [{"value": "a"}, {"value": "b"}]}),
    ([_op('emails[type eq "work"].value', "p2@x.example"), _op('emails[type eq "work"].primary', "True")],
     {"emails": _work("p2@x.example")}),
    ([_op(f'{USER}:emails[type eq "work" and primary eq true].value', "p3@x.example")], {"emails": _work("p3@x.example")}),
    ([_op("emails.value", "p4@x.example"), _op('emails[type eq "work"].display', "P")], {"emails": _work("p4@x.example", display="P")}),
    ([_op("emails", "p5@x.example")], {"emails": [{"value": "p5@x.example"}]}),
    ([_op("emails", [{"value": "p6@x.example", "primary": "False"}])], {"emails": [{"value": "p6@x.example", "primary": False}]}),
    ([_op('emails[type eq "untyped"].value', "u@x.example"), _op('emails[type eq "untyped"].primary', True)],
     {"emails": [*_work("pia@contoso.example", primary=False), {"type": "untyped", "value": "u@x.example", "primary": True}]}),
    ([_op(None, {'emails[type eq "home"].value': "h@x.example"}, "Add")],
     {"emails": [*PIA["emails"], {"type": "home", "value": "h@x.example"}]}),
    ([_op('addresses[type eq "work"].formatted', "A", "Add"), _op('addresses[type eq "work"].postalCode', 12345, "Add")],
     {"addresses": [{"type": "work", "formatted": "A", "postalCode": "12345"}]}),
    ([_op(f"{ENTERPRISE}:employeeNumber", 42)], {ENTERPRISE: {**PIA[ENTERPRISE], "employeeNumber": "42"}}),
    ([_op(None, {"costCenter": "9", f"{ENTERPRISE}:department": ""})], {ENTERPRISE: {"manager": {"value": "scu_1"}, "costCenter": "9"}}),
    ([_op(f"{ENTERPRISE}:manager.displayName", "The manager's own")], {}),
    *(([_op(f"{ENTERPRISE}:manager", shape)], {ENTERPRISE: {"department": "R&D", "manager": {"value": "scu_9"}}})
      for shape in ("scu_9", ["scu_9"], {"value": "scu_9", "displayName": "B"}, [{"$ref": None, "value": "scu_9"}],
                    {"managerId": "scu_9"})),
    *(([_op("manager", shape)], {ENTERPRISE: {"department": "R&D"}}) for shape in ("", None, [], {}, {"value": ""}, {"value": None})),
    ([_op(None, {f"{ENTERPRISE}:manager": None})], {ENTERPRISE: {"department": "R&D"}}),
    ([_op(f"{ENTERPRISE}:manager", "scu_1", "Remove"), _op(f"{ENTERPRISE}:department", op="Remove")], {ENTERPRISE: None}),
    ([_op(None, {ENTERPRISE: {"manager.value": "scu_9", "unknown": 3}}, "Add")],
     {ENTERPRISE: {"department": "R&D", "manager": {"value": "scu_9"}}}),
    ([_op(None, {"id": "x", "meta": {}, "schemas": [], "groups": [{"value": "g"}], **PIA}), _op("meta.version", "x"), _op("id", "y")], {}),
]  # fmt: skip


@pytest.mark.parametrize(("operations", "wanted"), TAKEN)
def test_what_connectors_send_is_understood(operations: Any, wanted: dict[str, Any]) -> None:
    after = apply(PIA, read({"Operations": operations}, USERS), USERS)
    assert after == {name: value for name, value in (PIA | wanted).items() if value is not None}


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        (_op("colour", "red"), "invalidPath"),
        (_op(f"{USER}:colour", "red"), "invalidPath"),
        (_op(f"{ENTERPRISE}:colour", "red"), "invalidPath"),
        (_op("urn:ietf:params:scim:schemas:core:2.0:Usr:active", False), "invalidPath"),
        (_op('title[value eq "x"]', "x"), "invalidPath"),
        (_op("emails[type eq 'work'].value", "x"), "invalidFilter"),
        (_op("active", {"value": None}), "invalidValue"),
        (_op("active", {"active": False}), "invalidValue"),
        (_op("title", True), "invalidValue"),
        (_op("displayName"), "invalidValue"),
        (_op(None, [{"active": False}]), "invalidValue"),
    ],
)
def test_what_nobody_can_mean_is_said(operation: dict[str, Any], kind: str) -> None:
    with pytest.raises(Problem) as said:
        apply(PIA, read({"Operations": [operation]}, USERS), USERS)
    assert (said.value.status, said.value.members["scim_type"]) == (400, kind)


def test_bodies_addresses_and_headers_as_they_come(cast: Cast, directory: Directory) -> None:
    boss = directory.user("boss@contoso.example")
    made = directory.user(
        "n1@contoso.example", schemas=[USER, CUSTOM], active="True", id="mine", meta={"version": "x"}, password="p",
        groups=[{"value": "g"}],
        emails=[{"value": "n1@contoso.example", "primary": "True", "type": None}], unknown={"a": [1]}, addresses=[{}], roles=None,
        phoneNumbers=[{"value": 123}], **{CUSTOM: {"badge": 1}, ENTERPRISE: {"manager": boss["id"]}},
    )  # fmt: skip
    assert {name: made[name] for name in made if name not in ("id", "meta")} == {
        "schemas": [USER, ENTERPRISE], "userName": "n1@contoso.example", "active": True, ENTERPRISE: {"manager": {"value": boss["id"]}},
        "emails": [{"value": "n1@contoso.example", "primary": True}], "phoneNumbers": [{"value": "123"}],
    }  # fmt: skip
    path = f"/Users/{made['id']}"
    # OneLogin and Keycloak deactivate by PUT, echoing whatever they know.
    off = ok(directory.put(f"{path}/", json={**made, "active": "False", "groups": [], "password": "p", CUSTOM: {"badge": 2}}))
    assert off["active"] is False
    member = directory.member("n1@contoso.example")
    assert member is not None and member.status == "suspended"
    for name in ("N2@contoso.example", "N2@contoso.example", "n1@contoso.example"):  # renamed, again, and back
        assert ok(directory.change(path, _op("userName", name), _op(f"{CUSTOM}:badge", "3")))["userName"] == name
    assert ok(directory.change(path))["active"] is False
    content = json.dumps({"userName": "ct@contoso.example"})
    for number, kind in enumerate(("application/scim+json; charset=utf-8", "Application/JSON;charset=UTF-8", "")):
        body = content.replace("ct@", f"ct{number}@")
        ok(directory.post("/Users/", content=body, headers={"Content-Type": kind, "Accept": "*/*"}), 201)
    for shape in ({"active": 1}, {"active": {"value": "no"}}, {"name": "X Y"}, {"title": ["a", "b"]}, {"emails": [{"value": "none"}]}):
        refused(directory.post("/Users", json={"userName": "wrong@contoso.example", **shape}), 400, "invalidValue")
    assert directory.find("Users", 'userName eq "wrong@contoso.example"') == []
    for method in ("GET", "POST", "PATCH"):
        refused(directory.request(method, "/Me", json={} if method != "GET" else None), 501)
    for lost in ("/Users/%00", "/Users/%E0%A4%A", "/users", f"{path}/groups", "/Schemas/nothing", "/ResourceTypes/Nobody"):
        refused(directory.get(lost), 404)
    for method, address in (("OPTIONS", "/Users"), ("DELETE", "/Users"), ("GET", "/Bulk"), ("GET", "/.search"), ("PUT", "/Schemas")):
        refused(directory.request(method, address), 405)
    for address in (path, "/Users", "/ServiceProviderConfig", "/Schemas/"):
        head = directory.head(address)
        assert (head.status_code, head.content) == (200, b"") and head.headers["content-type"].startswith("application/scim+json")
    tag = directory.get(path).headers["etag"]
    for given, status in (('W/"999"', 412), ("junk", 412), (f'"x", {tag.removeprefix("W/")}', 200), ("*", 200)):
        answer = directory.change(path, _op("id", "same"), **{"If-Match": given})
        assert answer.status_code == status, given
    with Directory(cast.tenant, cast.fabrikam) as other:  # somebody else's id is nobody's
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            answer = other.request(
                method, path, json=None if method in ("GET", "DELETE") else {"userName": "x@y.example", "Operations": []}
            )
            assert refused(answer, 404)["schemas"] == [ERROR]
        assert other.find("Users", f'id eq "{made["id"]}"') == []


def test_lists_at_their_edges(directory: Directory) -> None:
    ids = [
        directory.user(f"l{n}@contoso.example", title=f"T{n}", name={"familyName": 'Quo"te\\' if n else "Z"}, externalId=f"E{n}" * (n < 3))[
            "id"
        ]
        for n in range(4)
    ]

    def page(**options: Any) -> dict[str, Any]:
        found: dict[str, Any] = ok(directory.get("/Users", params=options))
        return found

    for options, shown, start in (
        ({"count": 0}, 0, 1), ({"count": -5}, 0, 1), ({"count": 10**9}, 4, 1), ({"count": ""}, 4, 1),
        ({"startIndex": -3, "count": 1}, 1, 1),
        ({"startIndex": 4}, 1, 4), ({"startIndex": 99}, 0, 99), ({"Filter": 'title eq "T1" or title eq "T2"', "COUNT": 9}, 2, 1),
    ):  # fmt: skip
        found = page(**options)
        assert (len(found["Resources"]), found["itemsPerPage"], found["startIndex"]) == (shown, shown, start), options
        assert found["totalResults"] == (2 if "Filter" in options else 4)
    for options, kind in (
        ({"count": "1e3"}, "invalidCount"), ({"startIndex": "x"}, "invalidValue"), ({"sortBy": "nothing"}, "invalidPath"),
        ({"sortBy": "title", "sortOrder": "down"}, "invalidValue"), ({"filter": "colour pr"}, "invalidFilter"),
        ({"filter": f"{CUSTOM}:badge pr"}, "invalidFilter"), ({"attributes": "id", "excludedAttributes": "name"}, "invalidValue"),
    ):  # fmt: skip
        refused(directory.get("/Users", params=options), 400, kind)
    for sort_by in ("userName", "title", f"{USER}:userName", "id", "meta.created", "externalId"):  # who has none is last (§3.4.2.3)
        for order, wanted in (("ascending", ids), ("DESCENDING", ids[::-1])):
            assert [each["id"] for each in page(sortBy=sort_by, sortOrder=order)["Resources"]] == wanted, (sort_by, order)
    assert len(directory.find("Users", 'name.familyName eq "quo\\"te\\\\"')) == 3
    assert len(directory.find("Users", 'meta.lastModified gt "2020-01-01T00:00:00Z" and not(title eq "t0")')) == 3
    # “and” binds more tightly than “or”, and brackets more tightly than both.
    assert len(directory.find("Users", 'title eq "T0" or title eq "T1" and userName eq "nobody"')) == 1
    assert directory.find("Users", '(title eq "T0" or title eq "T1") and userName eq "nobody"') == []
    only = page(attributes=f"{USER}:userName,NAME.familyName", count=1)["Resources"][0]
    assert set(only) == {"schemas", "id", "userName", "name"}
    group = ok(directory.post("/Groups", json={"displayName": "G", "members": [{"value": ids[0]}]}), 201)
    for root in ("", "/"):
        both = ok(directory.get(root, params={"filter": 'title eq "T1" or displayName eq "g"'}))["Resources"]
        assert [each["id"] for each in both] == [ids[1], group["id"]]
    refused(directory.get("/ServiceProviderConfig", params={"filter": "patch pr"}), 403)
    for options, has in (
        ({"excludedAttributes": "members"}, False),
        ({"attributes": "displayName"}, False),
        ({"attributes": "members"}, True),
    ):
        for found in (
            ok(directory.get(f"/Groups/{group['id']}", params=options)),
            ok(directory.get("/Groups", params=options))["Resources"][0],
        ):
            assert ("members" in found) is has and found["id"] == group["id"]


def test_members_come_and_go_in_every_shape(directory: Directory) -> None:
    ids = [directory.user(f"g{n}@contoso.example")["id"] for n in range(3)]
    # Entra's older job names a schema of its own for groups.
    schemas = [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"]
    body = {"schemas": schemas, "externalId": "e", "displayName": "G", "meta": {"resourceType": "Group"}}
    made = ok(directory.post("/Groups", json=body), 201)
    path = f"/Groups/{made['id']}"
    for operations, wanted in (
        ([_op("members", [{"$ref": None, "value": ids[0]}], "Add")], {0}),
        ([_op(None, {"members": [{"value": ids[1], "display": "x", "$ref": "y", "type": "User"}]}, "Add")], {0, 1}),
        ([_op(None, {"members": [{"value": ids[2]}], "id": made["id"], "schemas": [GROUP], "description": "x", CUSTOM: {"a": 1}})], {2}),
        ([_op(f"{GROUP}:members", [ids[0]], "add"), _op(f"{CUSTOM}:x", "1", "add")], {0, 2}),
        ([_op(f'members[value eq "{ids[1]}"]', [{"value": ids[1]}], "add")], {0, 1, 2}),
        ([_op("members", [{"value": ids[0]}, {"value": "nobody"}], "Remove")], {1, 2}),
        ([_op("members", {"value": ids[1]}, "Remove")], {2}),
        ([_op("members", ids[:2], "add"), _op(f'members[value eq "{ids[0]}" or value eq "{ids[2]}"]', op="remove")], {1}),
        ([_op(f'members[value eq "{ids[1]}"]', [{"value": ids[1]}], "remove")], set()),
        ([_op("members", [{"value": ids[0]}]), _op("members", [{"value": ids[0]}], "Add")], {0}),
        ([_op("members", [], "Remove")], {0}),
        ([], {0}),
        ([_op("members", []), _op("displayName", [{"value": "G2"}])], set()),
    ):  # fmt: skip
        assert directory.change(path, *operations).status_code == 204, operations
        found = ok(directory.get(path))
        assert {ids.index(each["value"]) for each in found["members"]} == wanted, operations
    assert (found["displayName"], found["externalId"]) == ("G2", "e")
    assert ok(directory.put(path, json={**found, "members": [{"value": ids[0]}, {"value": ids[0]}]}))["members"][0]["value"] == ids[0]
    assert ok(directory.put(path, json={"displayName": "G2", "members": None}))["members"] == []
