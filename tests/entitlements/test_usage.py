"""The vendor's own resources: acquired, released, reconciled; idempotent by id."""

from __future__ import annotations

from ..people import Cast, ok, problem

AT = "/usage/quota:project"


def _acquire(cast: Cast, resource_id: str) -> int:
    return cast.owner.post(cast.org + AT, json={"resource_id": resource_id}).status_code


def test_acquire_is_idempotent_by_id(cast: Cast) -> None:
    ok(cast.admin.put(f"{cast.org}/entitlements/quota:project", json={"limit": 3}))
    made = ok(cast.owner.post(cast.org + AT, json={"resource_id": "proj_1"}), 201)
    assert made == {"resource_type": "quota:project", "current": 1, "limit": 3, "source": "override"}
    assert ok(cast.owner.post(cast.org + AT, json={"resource_id": "proj_1"}), 200) == made
    assert [_acquire(cast, name) for name in ("proj_2", "proj_3", "proj_4", "proj_3")] == [201, 201, 402, 200]
    shown = ok(cast.manager.get(cast.org + AT))
    assert (shown["current"], shown["limit"], shown["ids"]) == (3, 3, ["proj_1", "proj_2", "proj_3"])
    released = ok(cast.owner.delete(f"{cast.org}{AT}/proj_1"))
    assert (released["current"], released["limit"]) == (2, 3)
    problem(cast.owner.delete(f"{cast.org}{AT}/proj_1"), 404, "not_found")
    assert _acquire(cast, "proj_4") == 201
    full = ["entitlement.limit_reached", "usage.acquired"]
    assert cast.actions()[-7:] == ["usage.acquired"] * 2 + full + ["usage.released"] + full


def test_reconcile_holds_exactly_the_list(cast: Cast) -> None:
    ok(cast.admin.put(f"{cast.org}/entitlements/quota:project", json={"limit": 3}))
    assert ok(cast.owner.put(cast.org + AT, json={"resource_ids": ["c", "a", "a", "b"]}))["ids"] == ["a", "b", "c"]
    body = problem(cast.owner.put(cast.org + AT, json={"resource_ids": ["a", "b", "c", "d"]}), 402, "entitlement_limit_reached")
    assert (body["current"], body["limit"]) == (3, 3)
    assert ok(cast.owner.get(cast.org + AT))["ids"] == ["a", "b", "c"]
    assert ok(cast.owner.put(cast.org + AT, json={"resource_ids": ["x", "y", "z"]}))["ids"] == ["x", "y", "z"]
    ok(cast.admin.put(f"{cast.org}/entitlements/quota:project", json={"limit": 1, "force": True}))
    assert ok(cast.owner.put(cast.org + AT, json={"resource_ids": ["x", "y"]}))["ids"] == ["x", "y"]
    problem(cast.owner.put(cast.org + AT, json={"resource_ids": ["x", "y", "z"]}), 402, "entitlement_limit_reached")
    assert ok(cast.owner.put(cast.org + AT, json={"resource_ids": []}))["current"] == 0
    recorded = cast.actions().count("usage.reconciled")
    ok(cast.owner.put(cast.org + AT, json={"resource_ids": []}))
    assert cast.actions().count("usage.reconciled") == recorded


def test_any_id_that_a_product_may_use(cast: Cast) -> None:
    for resource_id in ("a/b/c", "https://x.example/p?q=1#f", "Ünïcode", "with space", "%2F", "..", "x" * 200):
        ok(cast.owner.post(cast.org + AT, json={"resource_id": resource_id}), 201)
        assert resource_id in ok(cast.owner.get(cast.org + AT))["ids"]
    for wrong in ("", " ", "x" * 201, "a\nb", "a\0b"):
        problem(cast.owner.post(cast.org + AT, json={"resource_id": wrong}), 422, "resource_id_invalid")
    from urllib.parse import quote

    for resource_id in ("a/b/c", "https://x.example/p?q=1#f", "Ünïcode", "%2F"):
        ok(cast.owner.delete(f"{cast.org}{AT}/{quote(resource_id, safe='')}"))
    too_many = [str(n) for n in range(10_001)]
    problem(cast.owner.put(cast.org + AT, json={"resource_ids": too_many}), 422, "too_many")


def test_each_type_and_each_organization_counts_for_itself(cast: Cast) -> None:
    ok(cast.admin.put(f"{cast.org}/entitlements/quota:project", json={"limit": 1}))
    ok(cast.owner.post(f"{cast.org}/usage/quota:project", json={"resource_id": "1"}), 201)
    ok(cast.owner.post(f"{cast.org}/usage/quota:data_room", json={"resource_id": "1"}), 201)
    ok(cast.outsider.post(f"/organizations/{cast.fabrikam.public_id}/usage/quota:project", json={"resource_id": "1"}), 201)
    problem(cast.owner.post(f"{cast.org}/usage/quota:project", json={"resource_id": "2"}), 402, "entitlement_limit_reached")
    problem(cast.owner.get(f"{cast.org}/usage/nonsense"), 422, "resource_type_invalid")


def test_the_product_uses_a_key(cast: Cast) -> None:
    key = cast.tenant.organization_key(cast.contoso, scopes=["usage:write"])
    ok(key.post(cast.org + AT, json={"resource_id": "1"}), 201)
    assert problem(key.get(cast.org + AT), 403, "insufficient_scope")["permission"] == "usage:read"
    problem(key.post(f"/organizations/{cast.fabrikam.public_id}/usage/quota:project", json={"resource_id": "1"}), 404, "not_found")
    staff = cast.tenant.key("csm", scopes=["usage:write", "usage:read"])
    ok(staff.delete(f"{cast.org}{AT}/1"))
    problem(staff.get(f"{cast.org}/members"), 403, "insufficient_scope")
    problem(cast.tenant.key("auditor").post(cast.org + AT, json={"resource_id": "1"}), 403, "permission_denied")
