"""The standing cast is who it says it is."""

from __future__ import annotations

from .people import Cast, ok, problem, queries


def test_everybody_is_signed_in_as_themselves(cast: Cast) -> None:
    for role in cast.ROLES:
        body = ok(cast[role].get("/me"))
        assert body["user"]["id"] == cast[role].id
        assert [(m["organization"], m["role"]) for m in body["memberships"]] == [(cast.contoso.public_id, role)]
    assert [m["name"] for m in ok(cast.outsider.get("/me"))["memberships"]] == ["Fabrikam"]
    assert [m["name"] for m in ok(cast.other_owner.get("/me"))["memberships"]] == ["Litware"]
    assert ok(cast.admin.get("/me"))["via"] == "key"
    problem(cast.nobody.get("/me"), 401, "unauthenticated")


def test_asking_who_one_is_costs_few_statements(cast: Cast) -> None:
    ok(cast.owner.get("/me"))
    assert queries(cast.owner.get("/me")) <= 8
