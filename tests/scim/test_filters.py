"""Filters, paths, patches and projections as such: no server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantry.kit.problems import Problem
from tenantry.scim.protocol.attributes import ENTERPRISE, GROUPS, USER, USERS
from tenantry.scim.protocol.filters import parse, parse_path
from tenantry.scim.protocol.matching import bind
from tenantry.scim.protocol.patch import apply, read
from tenantry.scim.protocol.projection import read_projection
from tenantry.scim.protocol.values import read_json, read_resource

MIA: dict[str, Any] = {
    "userName": "Mia@contoso.example", "externalId": "E-1", "active": True, "id": "scu_1",
    "name": {"givenName": "Mia", "familyName": "Moss"}, "displayName": "Mia Moss",
    "emails": [{"value": "mia@work.example", "type": "work", "primary": True}, {"value": "mia@home.example", "type": "home"}],
    "meta": {"created": "2026-05-13T04:42:34.000Z", "resourceType": "User"},
    ENTERPRISE: {"department": "R&D", "manager": {"value": "scu_2"}},
}  # fmt: skip
FITS = """
userName eq "mia@CONTOSO.example"
USERNAME EQ "mia@contoso.example"
urn:ietf:params:scim:schemas:core:2.0:User:userName sw "MIA"
externalId eq "E-1"
userName ne "somebody"
title ne "x"
not (title pr)
title eq null
displayName co "ia mo"
displayName ew "MOSS"
name.familyName gt "Moor"
name.familyName ge "moss"
name.familyName lt "moz"
name.familyName le "MOSS"
name pr and emails pr
emails eq "mia@home.example"
emails.value eq "MIA@work.example"
emails[type eq "work" and value co "work"]
emails[type eq "work"].value eq "mia@work.example"
emails[type eq "home" or (type eq "x")] and active eq true
active eq "True"
active ne false
meta.created lt "2026-05-13T06:42:35+02:00"
meta.created ge "2026-05-13T04:42:34Z"
manager eq "scu_2" and id eq "scu_1"
urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "r&d"
urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value pr
urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr
title pr or userName pr and active eq true
not (active eq false) and (userName pr)
""".strip().splitlines()
MISSES = """
externalId eq "e-1"
userName eq "mia"
title pr
emails[type eq "work" and value co "home"]
emails[type eq "home"].value eq "mia@work.example"
name.familyName gt "moss"
meta.created gt "2026-05-13T04:42:34Z"
active eq false
not (userName pr)
(title pr or nickName pr) and userName pr
manager eq "SCU_2"
""".strip().splitlines()
BROKEN = """
userName
userName eq
userName eq jyoung
userName xx "a"
eq "a"
(userName pr
userName pr)
not userName pr
userName eq "a" and
userName eq "a" title pr
emails[type eq "work"
emails[type eq "work"].value
userName eq 'a'
nothing eq "a"
active gt true
active co "t"
userName co 5
meta.created gt "yesterday"
name eq "x"
userName[value eq "a"]
emails[emails[type pr]]
emails[nothing eq "x"]
userName eq "\\ud800"
userName eq "a\\u0000"
""".strip().splitlines()


@pytest.mark.parametrize(("text", "fits"), [*((text, True) for text in FITS), *((text, False) for text in MISSES)])
def test_filters_say_what_rfc_7644_says(text: str, fits: bool) -> None:
    assert bind(parse(text), USERS)(MIA) is fits


@pytest.mark.parametrize("text", [*BROKEN, "(" * 30 + "userName pr" + ")" * 30, "a" * 5000, " or ".join(["userName pr"] * 300)])
def test_what_is_no_filter_is_said(text: str) -> None:
    with pytest.raises(Problem) as refused:
        bind(parse(text), USERS)
    assert (refused.value.status, refused.value.members["scim_type"]) == (400, "invalidFilter")


@given(st.text(alphabet='ab"()[]. \\eqnotrpusdmil:$09-', max_size=40) | st.text(max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    for read_one in (parse, parse_path):
        try:
            read_one(text)
        except Problem as problem:
            assert problem.status == 400


def patched(*operations: dict[str, Any], resource: dict[str, Any] | None = None) -> dict[str, Any]:
    start = {name: value for name, value in MIA.items() if name not in ("id", "meta")} if resource is None else resource
    return apply(start, read({"Operations": list(operations)}, USERS), USERS)


def test_patches_of_every_shape() -> None:
    assert patched({"op": "Replace", "path": "active", "value": "False"})["active"] is False
    assert patched({"op": "replace", "value": {"active": "false"}})["active"] is False
    dotted = patched(
        {"op": "replace", "value": {"displayName": "M", "name.givenName": "Maya", f"{ENTERPRISE}:employeeNumber": "7", "unknown": 1}}
    )
    assert (dotted["displayName"], dotted["name"]) == ("M", {"givenName": "Maya", "familyName": "Moss"})
    assert dotted[ENTERPRISE] == {"department": "R&D", "manager": {"value": "scu_2"}, "employeeNumber": "7"}
    made = patched({"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+1"})
    assert made["phoneNumbers"] == [{"type": "mobile", "value": "+1"}]
    moved = patched({"op": "replace", "path": 'emails[type eq "work"].value', "value": "m@new.example"})
    assert moved["emails"][0] == {"value": "m@new.example", "type": "work", "primary": True}
    primary = patched({"op": "add", "path": "emails", "value": [{"value": "x@y.example", "primary": True}]})
    assert [bool(item.get("primary")) for item in primary["emails"]] == [False, False, True]
    assert patched({"op": "remove", "path": 'emails[type eq "home"]'})["emails"] == MIA["emails"][:1]
    assert "emails" not in patched({"op": "remove", "path": "emails"})
    assert patched({"op": "remove", "path": "emails", "value": [{"value": "mia@home.example"}]})["emails"] == MIA["emails"][:1]
    assert "name" not in patched({"op": "remove", "path": "name.givenName"}, {"op": "remove", "path": "name.familyName"})
    for nothing in (None, ""):  # cleared: a value that says only its type is none
        assert patched({"op": "replace", "path": 'emails[type eq "work"].value', "value": nothing})["emails"] == MIA["emails"][1:]
        assert patched({"op": "replace", "path": 'emails[type eq "work"]', "value": nothing})["emails"] == MIA["emails"][1:]
        assert "ims" not in patched({"op": "add", "path": 'ims[type eq "aim"].value', "value": nothing})
    for shape in ("scu_9", {"value": "scu_9"}, {"managerId": "scu_9"}, [{"value": "scu_9"}]):
        assert patched({"op": "add", "path": f"{ENTERPRISE}:manager", "value": shape})[ENTERPRISE]["manager"] == {"value": "scu_9"}
    assert "manager" not in patched({"op": "replace", "path": f"{ENTERPRISE}:manager", "value": ""})[ENTERPRISE]
    assert ENTERPRISE not in patched({"op": "remove", "path": ENTERPRISE})
    assert patched({"op": "replace", "path": "id", "value": "other"}) == patched({"op": "replace", "value": {"id": "x", "meta": {}}})
    assert (
        patched({"op": "add", "path": "title", "value": "Boss"}, {"op": "replace", "path": "title", "value": "Chief"})["title"] == "Chief"
    )
    again = patched({"op": "add", "path": "emails", "value": MIA["emails"]})
    assert sorted(map(str, again["emails"])) == sorted(map(str, MIA["emails"]))


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ({"op": "replace", "path": "active", "value": "maybe"}, "invalidValue"),
        ({"op": "replace", "path": "active", "value": 0}, "invalidValue"),
        ({"op": "replace", "path": "active", "value": None}, "invalidValue"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": 'emails[value sw "nobody"].type', "value": "x"}, "noTarget"),
        ({"op": "replace", "path": "nothing", "value": 1}, "invalidPath"),
        ({"op": "replace", "path": "name..x", "value": 1}, "invalidPath"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "add", "path": "groups", "value": [{"value": "x"}], "": 1}, None),
        ({"op": "remove", "path": "groups"}, "mutability"),
        ({"op": "move", "path": "title"}, "invalidSyntax"),
        ({"op": "replace", "value": "x"}, "invalidValue"),
        ({"op": "replace", "path": "name", "value": "x"}, "invalidValue"),
        ({"op": "replace", "path": "emails[type", "value": "x"}, "invalidFilter"),
        ({"op": "replace", "path": 5, "value": "x"}, "invalidPath"),
        ({"op": 5, "path": "title", "value": "x"}, "invalidSyntax"),
        ("replace", "invalidSyntax"),
    ],
)
def test_patches_that_make_no_sense(operation: Any, kind: str | None) -> None:
    if kind is None:
        patched(operation)
        return
    with pytest.raises(Problem) as refused:
        patched(operation)
    assert (refused.value.status, refused.value.members["scim_type"]) == (400, kind)


@pytest.mark.parametrize(
    "body", [b'{"title": "\\u0000"}', b'{"\\ud800": 1}', b'{"x": NaN}', b"\xff", b"[]", b"[" * 5000, b'{"schemas": "x"}']
)
def test_bodies_that_nobody_can_read(body: bytes) -> None:
    with pytest.raises(Problem) as refused:
        read_resource(read_json(body), USERS)
    assert refused.value.members["scim_type"] == "invalidSyntax"


_KEYS = ["value", "type", "primary", "givenName", "active", "emails", "name.givenName", USER, ENTERPRISE, "manager", "x"]
_PATHS = ["active", "emails", 'emails[type eq "work"].value', "name", "name.givenName", f"{ENTERPRISE}:manager", "groups", "id", ""]
_leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
_json = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3), max_leaves=8
)
_paths = st.sampled_from(_PATHS)


@settings(max_examples=200)
@given(st.lists(st.fixed_dictionaries({"op": st.sampled_from(["add", "Remove", "REPLACE"]), "path": _paths, "value": _json}), max_size=4))
def test_no_patch_breaks_the_engine_or_its_input(operations: list[dict[str, Any]]) -> None:
    before = repr(MIA)
    try:
        after = patched(*operations)
    except Problem as problem:
        assert problem.status == 400
    else:
        assert sum(bool(item.get("primary")) for item in after.get("emails", [])) <= 1
        assert None not in after.values()
    assert repr(MIA) == before


@given(_json)
def test_no_body_breaks_the_reader_of_resources(value: Any) -> None:
    for body in (
        value if isinstance(value, dict) else {},
        {"emails": value, "name": value, "active": value, ENTERPRISE: value, "title": value},
    ):
        for kind in (USERS, GROUPS):
            try:
                read_resource(body, kind)
            except Problem as problem:
                assert problem.status == 400


def test_what_connectors_send_too_much_is_left_out() -> None:
    sent = {
        "schemas": [USER], "id": "x", "meta": {"resourceType": "User"}, "groups": [], "userName": "a", "addresses": None, "title": "",
        "department": "Sales", "manager": None, "roles": [], "name": {"middleName": ""},
        "emails": [{"value": "a@b.example", "primary": "True"}],
    }  # fmt: skip
    assert read_resource(sent, USERS) == {
        "userName": "a", "emails": [{"value": "a@b.example", "primary": True}], ENTERPRISE: {"department": "Sales"},
    }  # fmt: skip


def test_projections() -> None:
    resource = {"schemas": [USER], **MIA}
    assert read_projection("userName,NAME.givenName", None).of(resource, USERS) == {
        "schemas": [USER], "id": "scu_1", "userName": MIA["userName"], "name": {"givenName": "Mia"},
    }  # fmt: skip
    left = read_projection(None, f"emails.type,id,{ENTERPRISE}:manager,name").of(resource, USERS)
    assert (left["id"], left["emails"][1], left[ENTERPRISE], "name" in left) == (
        "scu_1",
        {"value": "mia@home.example"},
        {"department": "R&D"},
        False,
    )
    with pytest.raises(Problem):
        read_projection("a", "b")
