"""What Okta's and Entra's connectors send, case by case (O… and E… are the numbers of the list that we keep of them)."""

from __future__ import annotations

import uuid

from ..people import Cast, ok
from .directory import ENTERPRISE, ERROR, GROUP, LIST, USER, Directory, refused


def test_okta_users(cast: Cast, directory: Directory) -> None:
    """O01 to O31: its published suite, and what it sends at work."""
    seeded = directory.user("seed@contoso.example", name={"givenName": "S", "familyName": "D"}, emails=[{"value": "s@contoso.example"}])
    page = ok(directory.get("/Users", params={"count": 1, "startIndex": 1}))
    assert (page["schemas"], page["itemsPerPage"], page["startIndex"], page["totalResults"]) == ([LIST], 1, 1, 1)
    assert page["Resources"] == [seeded] == [ok(directory.get(f"/Users/{seeded['id']}"))]
    assert directory.find("Users", f'userName eq "{uuid.uuid4()}@x.example"', startIndex=1, count=100) == []
    for path in ("/Users/00919288221112222", f"/Users/{uuid.uuid4()}", f"/Users/{'x' * 300}"):
        assert refused(directory.get(path), 404)["schemas"] == [ERROR]
    body = {
        "schemas": [USER], "userName": "okta@contoso.example", "name": {"givenName": "O", "familyName": "K"}, "displayName": "O K",
        "emails": [{"primary": True, "value": "other@contoso.example", "type": "work"}], "active": True,
        "locale": "en-US", "externalId": "00u1", "groups": [], "password": "hunter2hunter2",
    }  # fmt: skip
    answer = directory.post("/Users", json=body, headers={"Content-Type": "application/json"})
    made = ok(answer, 201)
    assert answer.headers["location"] == made["meta"]["location"]
    assert (made["active"], made["userName"], made["name"], made["externalId"]) == (True, body["userName"], body["name"], "00u1")
    assert "hunter2" not in answer.text
    refused(directory.post("/Users", json=body | {"emails": [{"value": "okta@contoso.example"}]}), 409, "uniqueness")
    assert len(directory.find("Users", 'userName eq "OKTA@CONTOSO.EXAMPLE"')) == 1
    wrong = directory.get("/Users", headers={"Authorization": "non-token"})
    assert refused(wrong, 401)["status"] == "401"
    path = f"/Users/{made['id']}"
    read = ok(directory.get(path)) | {"title": "Boss"}  # O24: the whole body back, one attribute changed
    read["name"] = read["name"] | {"middleName": ""}
    put = ok(directory.put(path, json=read))
    assert {**put, "meta": 0} == {**made, "title": "Boss", "meta": 0}
    assert ok(directory.put(path, json={**read, "active": False}))["active"] is False
    without = {name: value for name, value in read.items() if name != "active"}
    assert ok(directory.put(path, json=without))["active"] is False  # O26: not sent is not changed
    for _ in range(2):
        off = ok(directory.change(path, {"op": "replace", "value": {"active": False}}))
        assert (off["active"], off["id"]) == (False, made["id"])
    member = directory.member("other@contoso.example")
    assert member is not None and member.status == "suspended"
    assert ok(directory.change(path, {"op": "replace", "value": {"active": True}}))["active"] is True
    assert ok(directory.change(path, {"op": "replace", "value": {"password": "again and again"}}))["active"] is True
    for number in range(5):
        directory.user(f"page{number}@contoso.example")
    whole = [each["id"] for each in ok(directory.get("/Users", params={"startIndex": 1, "count": 100}))["Resources"]]
    parts = [ok(directory.get("/Users", params={"startIndex": start, "count": 3}))["Resources"] for start in (1, 4, 7)]
    assert [each["id"] for part in parts for each in part] == whole
    assert "hunter2" not in str(ok(cast.admin.get(f"{cast.org}/audit-events", params={"limit": 200})))


def test_okta_groups(cast: Cast, directory: Directory) -> None:
    """O32 to O38; after each the members are as the group says."""
    ids = [directory.user(f"g{number}@contoso.example")["id"] for number in range(3)]
    assert ok(directory.get("/Groups"))["Resources"] == []
    made = ok(directory.post("/Groups", json={"schemas": [GROUP], "displayName": "Sales", "members": []}), 201)
    assert (made["displayName"], made["members"]) == ("Sales", [])
    path = f"/Groups/{made['id']}"

    def members() -> set[str]:
        found = ok(directory.get(path))
        asked = {each["id"] for each in directory.find("Users", f'groups.value eq "{made["id"]}"')}
        inside = {each["value"] for each in found["members"]}
        assert inside == asked
        return inside

    for name in ("Sales", "Field sales"):  # O34: with its own id, and again with nothing new
        assert directory.change(path, {"op": "replace", "value": {"id": made["id"], "displayName": name}}).status_code in (200, 204)
    assert ok(directory.get(path))["displayName"] == "Field sales"
    everybody = [{"value": each, "display": "x"} for each in ids]
    assert directory.change(path, {"op": "Add", "path": "members", "value": everybody[:2]}).status_code == 204
    removal = {"op": "remove", "path": f'members[value eq "{ids[0]}"]'}
    assert directory.change(path, removal, {"op": "add", "path": "members", "value": everybody[2:]}).status_code == 204
    assert members() == {ids[1], ids[2]}
    assert directory.change(path, {"op": "Remove", "path": "members", "value": [{"value": ids[1]}]}).status_code == 204
    assert members() == {ids[2]}
    assert directory.change(path, {"op": "replace", "path": "members", "value": everybody[:1]}).status_code == 204
    assert members() == {ids[0]}
    assert {each["value"] for each in ok(directory.put(path, json={"displayName": "S", "members": everybody}))["members"]} == set(ids)
    assert members() == set(ids)
    refused(directory.change(path, {"op": "add", "path": "members", "value": [{"value": "scu_nobody"}]}), 400, "invalidValue")
    assert directory.change(path, {"op": "remove", "path": "members"}).status_code == 204
    assert members() == set()
    refused(directory.post("/Groups", json={"displayName": "s"}), 409, "uniqueness")
    assert directory.delete(path).status_code == 204
    refused(directory.delete(path), 404)


def test_entra(cast: Cast, directory: Directory) -> None:
    """E01 to E28."""
    body = {
        "schemas": [USER, ENTERPRISE], "externalId": "mia", "userName": "mia+1@contoso.example", "active": True,
        "emails": [{"primary": True, "type": "work", "value": "mia@contoso.example"}], "meta": {"resourceType": "User"},
        "name": {"formatted": "Mia Moss", "familyName": "Moss", "givenName": "Mia"}, "roles": [], "addresses": None, "title": None,
        "department": None, "manager": None,
    }  # fmt: skip
    made = ok(directory.post("/Users", json=body), 201)
    assert None not in made.values() and made["externalId"] == "mia"
    path = f"/Users/{made['id']}"
    raw = f"{directory.base_url}Users?filter="
    for text in ("userName+eq+%22MIA%2B1@contoso.example%22", "userName%20eq%20%22mia%2B1%40contoso.example%22",
                 "emails[type%20eq%20%22work%22].value%20eq%20%22mia@contoso.example%22", "externalId%20eq%20%22mia%22"):  # fmt: skip
        assert ok(directory.get(raw + text))["totalResults"] == 1, text
    assert directory.find("Users", 'externalId eq "MIA"') == []
    refused(directory.get(raw + "externalId%20eq%20jyoung"), 400, "invalidFilter")
    assert directory.find("Users", f'id eq "{made["id"]}" and manager eq "x"', attributes="id") == []
    refused(directory.post("/Users", json=body), 409, "uniqueness")
    changed = ok(
        directory.change(
            path, {"op": "Replace", "path": "displayName", "value": "M"},
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "moss@contoso.example"},
            {"op": "Replace", "path": "name.givenName", "value": "Maya"}, {"op": "Replace", "path": "externalId", "value": "moss"},
            {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": made["id"]},
            {"op": "Replace", "value": {f"{ENTERPRISE}:employeeNumber": "7", "name.familyName": "Mossy"}},
        )
    )  # fmt: skip
    assert (changed["displayName"], changed["name"]["givenName"], changed["name"]["familyName"]) == ("M", "Maya", "Mossy")
    assert changed[ENTERPRISE] == {"manager": {"value": made["id"]}, "employeeNumber": "7"}
    assert changed["externalId"] == "moss"
    found = directory.find("Users", f'id eq "{made["id"]}" and manager eq "{made["id"]}"', attributes="id")
    assert found == [{"schemas": changed["schemas"], "id": made["id"]}] or found[0]["id"] == made["id"]
    assert directory.member("moss@contoso.example") is not None  # the directory made the account, so its address moves with it
    # Once somebody signed in to it, the account isn't put under an address of which the organization knows nothing: whoever comes to
    # prove that one would share it with them.
    directory.tenant.sign_in("moss@contoso.example").close()
    moved = directory.change(path, {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "ceo@fabrikam.example"})
    assert ok(moved)["emails"][0]["value"] == "ceo@fabrikam.example"
    assert directory.member("moss@contoso.example") is not None and directory.member("ceo@fabrikam.example") is None
    refused(directory.change(path, {"op": "Replace", "path": "active", "value": "No"}), 400, "invalidValue")
    before = ok(directory.get(path))
    broken = directory.change(path, {"op": "Replace", "path": "title", "value": "x"}, {"op": "Replace", "path": "nothing", "value": 1})
    refused(broken, 400, "invalidPath")
    assert ok(directory.get(path)) == before  # all or nothing
    assert ok(directory.change(path, {"op": "Replace", "path": "active", "value": "False"}))["active"] is False
    assert directory.find("Users", 'userName eq "mia+1@contoso.example"')[0]["active"] is False
    asleep = ok(directory.post("/Users", json={"userName": "asleep@contoso.example", "active": False}), 201)
    assert asleep["active"] is False and directory.member("asleep@contoso.example") is None
    group = ok(directory.post("/Groups", json={"displayName": "All", "members": [{"value": made["id"]}]}), 201)
    assert "members" not in ok(directory.get(f"/Groups/{group['id']}", params={"excludedAttributes": "members"}))
    assert "members" not in directory.find("Groups", 'displayName eq "ALL"', excludedAttributes="members")[0]
    assert len(directory.find("Groups", f'id eq "{group["id"]}" and members eq "{made["id"]}"')) == 1
    for document in ("/Schemas", "/ResourceTypes", "/ServiceProviderConfig", f"/Schemas/{ENTERPRISE}", "/ResourceTypes/Group"):
        answer = directory.get(document)
        assert answer.status_code == 200 and "null" not in answer.text


def test_errors_are_scim_everywhere(cast: Cast, directory: Directory) -> None:
    refused(directory.get("/Nothing"), 404)
    refused(directory.put("/Users", json={}), 405)
    refused(directory.post("/Users", content=b"{"), 400, "invalidSyntax")
    refused(directory.post("/Users", content=b"[]"), 400, "invalidSyntax")
    refused(directory.post("/Users", json={"userName": "a\x00b"}), 400, "invalidSyntax")
    refused(directory.post("/Users", json={"displayName": "x"}), 400, "invalidValue")
    refused(directory.post("/Users", content=b"x", headers={"Content-Type": "text/plain"}), 415)
    refused(directory.post("/Users", json={"userName": "x" * 300_000}), 413, "tooMany")
    refused(directory.post("/Users", json={"userName": "x" * 300}), 400, "invalidValue")
    refused(directory.get("/Users", params={"count": "many"}), 400, "invalidCount")
    refused(directory.get("/Users", params={"cursor": "x"}), 400, "invalidCursor")
    refused(directory.get("/Schemas", params={"filter": "id pr"}), 403)
    refused(cast.tenant.nobody().get(f"{cast.tenant.url}/scim/v2/Users"), 401)
    refused(directory.get(f"{cast.tenant.url}/scim/v1/Users"), 404)


def test_versions(directory: Directory) -> None:
    made = directory.user()
    path = f"/Users/{made['id']}"
    first = directory.get(path)
    tag = first.headers["etag"]
    assert tag == made["meta"]["version"] and tag.startswith('W/"')
    assert directory.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert directory.change(path, {"op": "add", "path": "title", "value": "x"}, **{"If-Match": tag}).status_code == 200
    refused(directory.change(path, {"op": "add", "path": "title", "value": "y"}, **{"If-Match": tag}), 412)
    refused(directory.delete(path, headers={"If-Match": tag}), 412)
    assert directory.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_pages_by_cursor_while_others_go(directory: Directory) -> None:
    ids = [directory.user(f"c{number}@contoso.example", title=f"t{number % 3}")["id"] for number in range(8)]
    for sort_by in ("", "title"):
        left = {each["id"] for each in directory.find("Users", 'userName sw "c"')}
        seen: list[str] = []
        options = {"cursor": "", "count": "2", "filter": 'userName sw "c"'} | ({"sortBy": sort_by} if sort_by else {})
        while True:
            page = ok(directory.get("/Users", params=options))
            seen += [each["id"] for each in page["Resources"]]
            if len(seen) == 2:  # somebody on the first page goes: nobody is skipped for it
                assert directory.delete(f"/Users/{seen[0]}").status_code == 204
            if "nextCursor" not in page:
                break
            options["cursor"] = page["nextCursor"]
        assert len(seen) == len(set(seen)) and set(seen) == left
        refused(directory.get("/Users", params={"cursor": "e30"}), 400, "invalidCursor")
        refused(directory.get("/", params=options), 400, "invalidCursor")
    both = ok(directory.post("/.search", json={"filter": "meta.created pr", "count": 3, "sortBy": "id"}))
    assert both["totalResults"] == len(ids) - 2 and both["itemsPerPage"] == 3
