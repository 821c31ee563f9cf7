"""A person of a directory from the first request to the last, and what it means for the membership."""

from __future__ import annotations

from ..people import Cast, ok
from .directory import Directory, refused


def test_a_person_comes_and_goes(cast: Cast, directory: Directory) -> None:
    made = directory.user("mia@contoso.example", name={"givenName": "Mia", "familyName": "Moss"}, externalId="e-1", password="x")
    assert made["active"] is True
    assert "password" not in made
    member = directory.member("mia@contoso.example")
    assert member is not None and (member.role, member.status, member.user.name) == ("learner", "active", "Mia Moss")
    path = f"/Users/{made['id']}"
    assert ok(directory.get(path)) == made
    assert directory.find("Users", 'userName eq "MIA@contoso.example"') == [made]
    assert directory.find("Users", 'externalId eq "e-1"') == [made]
    assert directory.find("Users", 'name.givenName sw "mi" and not (active eq false)') == [made]
    changed = ok(directory.change(path, {"op": "Replace", "path": "active", "value": "False"}))
    assert changed["active"] is False
    member = directory.member("mia@contoso.example")
    assert member is not None and (member.status, member.seat_assigned_at) == ("suspended", None)
    assert directory.change(path, {"op": "replace", "value": {"active": True}}).json()["active"] is True
    member = directory.member("mia@contoso.example")
    assert member is not None and member.status == "active"
    assert directory.delete(path).status_code == 204
    refused(directory.get(path), 404)
    refused(directory.delete(path), 404)
    member = directory.member("mia@contoso.example")
    assert member is not None and member.status == "suspended"
    again = directory.user("mia@contoso.example")
    assert again["id"] != made["id"]
    member = directory.member("mia@contoso.example")
    assert member is not None and member.status == "active"
    refused(directory.post("/Users", json={"userName": "Mia@Contoso.example"}), 409, "uniqueness")
