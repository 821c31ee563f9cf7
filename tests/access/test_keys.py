"""API keys: who may make which, what they reach, how they are replaced, and when they end."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from tenantry.access.bearer import PATTERN, well_formed
from tenantry.access.scopes import PRESETS, announced, member_may_grant
from tenantry.audit.catalogue import public_events
from tenantry.kit.clock import now

from ..people import Cast, Client, ok, problem, race


def _made(by: Client, cast: Cast | None, scopes: list[str], **more: Any) -> dict[str, Any]:
    """A key, of Contoso when a cast is given."""
    whose = {"organization": cast.contoso.public_id} if cast else {}
    made: dict[str, Any] = ok(by.post("/keys", json={"name": "Zapier", "scopes": scopes, **whose, **more}), 201)
    return made


def _with(cast: Cast, made: dict[str, Any]) -> Client:
    return Client(cast.tenant.api, key=made["key"])


def _key_events(cast: Cast, action: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ok(cast.admin.get("/audit-events", params={"action": action, "limit": 200}))["data"]
    return rows


def test_a_key_is_shown_once_and_found_by_scanners(cast: Cast) -> None:
    made = _made(cast.owner, cast, ["members:read", "webhooks:write"])
    assert re.fullmatch(PATTERN, made["key"])
    assert well_formed(made["key"])
    assert made["key"].startswith("tk_test_"), "the tests' tenants are sandboxes"
    assert made["key"].startswith(made["prefix"])
    shown = ok(cast.owner.get(f"/keys/{made['id']}"))
    assert shown == {name: value for name, value in made.items() if name != "key"}
    assert (shown["status"], shown["owner"]["id"], shown["staff_role"]) == ("active", cast.owner.id, None)
    listed = cast.maintainer.get("/keys", params={"organization": cast.contoso.public_id})
    assert ok(listed)["data"] == [shown]
    assert made["key"][14:] not in listed.text
    once, again = (
        cast.owner.post("/keys", json={"name": "Twice", "scopes": ["members:read"], "organization": cast.contoso.public_id},
                        headers={"Idempotency-Key": "one"}) for _ in range(2)
    )  # fmt: skip
    assert ok(once, 201) == ok(again, 201)


def test_who_may_make_which(cast: Cast) -> None:
    own = {"name": "x", "scopes": ["members:read"], "organization": cast.contoso.public_id}
    for role in cast.ROLES:
        answer = cast[role].post("/keys", json=own)
        if role in ("owner", "maintainer"):
            ok(answer, 201)
        else:
            assert problem(answer, 403, "permission_denied")["permission"] == "keys:write"
    for by in (cast.outsider, cast.tenant.organization_key(cast.fabrikam)):
        problem(by.post("/keys", json=own), 404, "not_found")
        problem(by.get("/keys", params={"organization": cast.contoso.public_id}), 404, "not_found")
    problem(cast.nobody.post("/keys", json=own), 401, "unauthenticated")
    of_all = {"name": "x", "scopes": ["members:read"]}
    assert "which organization" in problem(cast.owner.post("/keys", json=of_all), 403, "permission_denied")["detail"]
    problem(cast.owner.get("/keys"), 403, "permission_denied")
    problem(cast.tenant.key("csm").post("/keys", json=of_all), 403, "permission_denied")
    made = ok(cast.admin.post("/keys", json=of_all), 201)
    assert (made["organization"], made["staff_role"]) == (None, "admin")
    problem(cast.owner.get(f"/keys/{made['id']}"), 404, "not_found")
    problem(cast.owner.delete(f"/keys/{made['id']}"), 404, "not_found")
    everything = ok(cast.admin.get("/keys"))["data"]
    assert {row["organization"] for row in everything} == {None, cast.contoso.public_id, cast.fabrikam.public_id}


def test_nobody_gives_what_they_do_not_hold(cast: Cast) -> None:
    body = {"name": "x", "organization": cast.contoso.public_id}
    refused = problem(
        cast.maintainer.post("/keys", json={**body, "scopes": ["webhooks:write", "members:read"]}), 403, "scope_not_grantable"
    )
    assert refused["scopes"] == ["webhooks:write"], "a maintainer holds members:read, an owner both"
    _made(cast.owner, cast, ["webhooks:write", "members:read"])
    problem(cast.owner.post("/keys", json={**body, "scopes": ["no:such"]}), 422, "permission_unknown")
    problem(cast.owner.post("/keys", json={**body, "scopes": []}), 422, "validation_failed")
    problem(cast.admin.post("/keys", json={**body, "scopes": ["organizations:create"]}), 422, "scope_unusable")
    narrow = _with(cast, _made(cast.owner, cast, ["keys:write", "members:read"]))
    inner = _made(narrow, cast, ["members:read"])
    assert inner["owner"]["id"] == cast.owner.id
    problem(narrow.post("/keys", json={**body, "scopes": ["settings:read"]}), 403, "scope_not_grantable")
    unscoped = cast.tenant.organization_key(cast.contoso)
    problem(narrow.post(f"/keys/{_id_of(cast, unscoped)}/rotation", json={"overlap_hours": 1}), 403, "scope_not_grantable")
    ok(cast.owner.post(f"/keys/{_id_of(cast, unscoped)}/rotation", json={"overlap_hours": 1}), 201)


def _id_of(cast: Cast, client: Client) -> str:
    rows = ok(cast.admin.get("/keys", params={"limit": 200}))["data"]
    return str(next(row["id"] for row in rows if client.key.startswith(row["prefix"])))


def test_presets_give_what_there_is_and_what_one_holds(cast: Cast) -> None:
    of_owner = _made(cast.owner, cast, ["integration"])["scopes"]
    assert set(of_owner) == {*PRESETS["integration"].scopes}, "an owner may also give what is still to come"
    assert "webhooks:write" in of_owner
    body = {"name": "x", "scopes": ["integration"], "organization": cast.contoso.public_id}
    problem(cast.maintainer.post("/keys", json=body), 422, "scopes_missing")
    held = {scope for scope in PRESETS["integration"].scopes if member_may_grant("maintainer", scope)}
    mixed = _made(cast.maintainer, cast, ["integration", "people"])["scopes"]
    assert set(mixed) == held | set(PRESETS["people"].scopes)
    assert set(_made(cast.owner, cast, ["product"])["scopes"]) >= {"access:check", "usage:write"}
    for preset in PRESETS.values():
        assert _made(cast.admin, None, [preset.name])["scopes"]
    future = sorted(announced())
    if future:
        made = _made(cast.owner, cast, [future[0], "members:read"])
        assert future[0] in made["scopes"]
        client = _with(cast, made)
        problem(client.get(f"{cast.org}/invitations"), 403, "insufficient_scope")


def test_a_key_does_what_its_scopes_name_and_no_more(cast: Cast) -> None:
    narrow = _with(cast, _made(cast.owner, cast, ["members:read", "access:check"]))
    ok(narrow.get(f"{cast.org}/members"))
    refused = problem(narrow.get(f"{cast.org}/invitations"), 403, "insufficient_scope")
    assert refused["missing_scope"] == refused["permission"] == "invitations:read"
    adds = _with(cast, _made(cast.owner, cast, ["members:write"]))
    somebody = {"email": "a@b.example", "role": "learner"}
    refused = problem(adds.post(f"{cast.org}/members", json=somebody), 403, "insufficient_scope")
    assert refused["missing_scope"] == "members:grant_governance"
    refused = problem(adds.patch(cast.member_at("manager"), json={"role": "support"}), 403, "insufficient_scope")
    assert refused["missing_scope"] == "members:grant_operational"
    problem(narrow.get(f"{cast.org}/audit-events"), 403, "insufficient_scope")
    of_all = _with(cast, _made(cast.admin, None, ["users:read"]))
    assert problem(of_all.get("/organizations"), 403, "insufficient_scope")["missing_scope"] == "organizations:list"
    problem(narrow.get(f"/organizations/{cast.fabrikam.public_id}/members"), 404, "not_found")
    question = {"user": cast.owner.id, "organization": cast.contoso.public_id, "permission": "members:read"}
    assert ok(narrow.post("/access/check", json=question))["allowed"]
    ok(cast.admin.post(f"{cast.org}/suspension", json={"reason": "unpaid"}))
    ok(narrow.get(f"{cast.org}/members"))
    problem(adds.patch(cast.member_at("manager"), json={"role": "support"}), 403, "organization_suspended")


def test_whoami_and_the_portal_are_not_for_scoped_keys(cast: Cast) -> None:
    scoped = _with(cast, _made(cast.owner, cast, ["members:read"]))
    url = cast.tenant.url
    for method, path in (("GET", "/auth/whoami"), ("POST", "/auth/link"), ("POST", "/auth/password"), ("GET", f"{url}/sign-in"),
                         ("POST", f"{url}/sign-in"), ("GET", f"{url}/o/contoso/members")):  # fmt: skip
        problem(scoped.request(method, path, json={"email": "a@b.example"}), 403, "scoped_key_not_for_portal")
    ok(scoped.get("/me"))
    unscoped = ok(cast.admin.get("/auth/whoami"))
    assert (unscoped["via"], unscoped["role"], unscoped["key"]["name"]) == ("key", "admin", "admin key")
    assert unscoped["tenant"]["slug"] == cast.tenant.slug
    own = ok(cast.tenant.organization_key(cast.contoso).get("/auth/whoami"))
    assert (own["organization"], own["role"]) == (cast.contoso.public_id, "owner")
    assert own["organizations"][0]["name"] == "Contoso"
    person = ok(cast.manager.get("/auth/whoami"))
    assert (person["user"]["id"], person["role"], person["organization"]) == (cast.manager.id, "manager", cast.contoso.public_id)
    problem(cast.nobody.get("/auth/whoami"), 401, "unauthenticated")


def test_a_key_works_from_its_networks_alone(cast: Cast) -> None:
    question = {"user": cast.owner.id, "organization": cast.contoso.public_id, "permission": "members:read"}
    scopes = ["access:check", "members:read"]
    here = _made(cast.owner, cast, scopes, allowed_ips=["198.51.100.7", "127.0.0.0/8", "::1", "::ffff:10.1.2.0/120"])
    assert here["allowed_ips"] == ["198.51.100.7", "127.0.0.0/8", "::1", "10.1.2.0/24"]
    elsewhere = _with(cast, _made(cast.owner, cast, scopes, allowed_ips=["198.51.100.0/24", "2001:db8::/32"]))
    for path, method, body in (("/access/check", "POST", question), (f"{cast.org}/members", "GET", None), ("/me", "GET", None)):
        ok(_with(cast, here).request(method, path, json=body))
        refused = problem(elsewhere.request(method, path, json=body), 403, "address_not_allowed")
        assert "127.0.0.1" in refused["detail"]
    assert [event["reason"] for event in _key_events(cast, "key.refused")] == ["address_not_allowed"], "once a minute"
    used = {row["prefix"]: row["last_used_at"] for row in ok(cast.admin.get("/keys"))["data"]}
    assert used[here["prefix"]] and not used[elsewhere.key[:14]]
    wrong = problem(
        cast.owner.post("/keys", json={"name": "x", "scopes": scopes, "organization": cast.contoso.public_id,
                                       "allowed_ips": ["10.0.0.1/8", "::1", "house", "fe80::1%eth0"]}), 422, "network_invalid"
    )  # fmt: skip
    assert [error["pointer"] for error in wrong["errors"]] == ["/allowed_ips/0", "/allowed_ips/2", "/allowed_ips/3"]
    rotated = ok(cast.owner.post(f"/keys/{here['id']}/rotation", json={"overlap_hours": 1}), 201)
    assert rotated["allowed_ips"] == here["allowed_ips"]


def test_rotation_lets_both_work_until_the_overlap_is_over(cast: Cast) -> None:
    old = _made(cast.owner, cast, ["members:read"], expires_at=(now() + timedelta(days=90)).isoformat())
    new = ok(cast.maintainer.post(f"/keys/{old['id']}/rotation", json={"overlap_hours": 24}), 201)
    assert (new["name"], new["scopes"], new["owner"]["id"]) == ("Zapier", ["members:read"], cast.maintainer.id)
    assert new["key"] != old["key"]
    shown = ok(cast.owner.get(f"/keys/{old['id']}"))
    assert (shown["status"], shown["replaced_by"]) == ("replaced", new["id"])
    for made in (old, new):
        ok(_with(cast, made).get(f"{cast.org}/members"))
    problem(cast.owner.post(f"/keys/{old['id']}/rotation", json={"overlap_hours": 24}), 409, "key_replaced")
    for hours in (0, 73, -1):
        problem(cast.owner.post(f"/keys/{new['id']}/rotation", json={"overlap_hours": hours}), 422, "validation_failed")
    cast.tenant.move_clock(hours=23)
    ok(_with(cast, old).get(f"{cast.org}/members"))
    cast.tenant.move_clock(hours=25)
    problem(_with(cast, old).get(f"{cast.org}/members"), 401, "key_expired")
    ok(_with(cast, new).get(f"{cast.org}/members"))
    problem(cast.tenant.sign_in(cast.owner.email).post(f"/keys/{old['id']}/rotation", json={"overlap_hours": 24}), 409, "key_expired")
    cast.tenant.move_clock(days=91)
    problem(_with(cast, new).get(f"{cast.org}/members"), 401, "key_expired")
    rows = {name: ok(cast.admin.get("/keys", params={"status": name}))["data"] for name in ("active", "replaced", "expired", "revoked")}
    assert {name: len(found) for name, found in rows.items()} == {"active": 1, "replaced": 0, "expired": 2, "revoked": 0}
    problem(cast.admin.get("/keys", params={"status": "lost"}), 422, "status_unknown")


def test_of_many_who_rotate_at_once_one_gets_a_new_key(cast: Cast) -> None:
    who = [cast.owner, cast.maintainer, cast.admin, cast.tenant.organization_key(cast.contoso)]
    for _ in range(3):
        made = _made(cast.owner, cast, ["members:read"])
        answers = race(*[partial(client.post, f"/keys/{made['id']}/rotation", json={"overlap_hours": 1}) for client in who])
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409], [answer.text for answer in answers]
    rows = ok(cast.owner.get("/keys", params={"organization": cast.contoso.public_id}))["data"]
    assert len([row for row in rows if row["name"] == "Zapier"]) == 6


def test_a_revoked_key_is_dead_at_once_and_tells_of_itself_once_a_minute(cast: Cast) -> None:
    made = _made(cast.owner, cast, ["members:read", "access:check"])
    client = _with(cast, made)
    ok(client.get("/me"))
    assert cast.maintainer.delete(f"/keys/{made['id']}", params={"reason": "lost laptop"}).status_code == 204
    question = {"user": cast.owner.id, "organization": cast.contoso.public_id, "permission": "members:read"}
    for _ in range(3):
        problem(client.get("/me"), 401, "key_revoked")
        problem(client.post("/access/check", json=question), 401, "key_revoked")
    race(*[partial(client.post, "/access/check", json=question)] * 6)
    (event,) = _key_events(cast, "key.refused")
    assert (event["reason"], event["organization"], event["actor"]["label"]) == ("key_revoked", cast.contoso.public_id, "Zapier")
    cast.tenant.move_clock(minutes=2)
    problem(client.post("/access/check", json=question), 401, "key_revoked")
    assert len(_key_events(cast, "key.refused")) == 2
    problem(cast.owner.delete(f"/keys/{made['id']}"), 409, "key_revoked")
    problem(cast.owner.post(f"/keys/{made['id']}/rotation", json={}), 409, "key_revoked")


def test_the_last_use_is_written_once_a_minute(cast: Cast) -> None:
    made = _made(cast.owner, cast, ["members:read"])

    def used() -> str:
        return str(ok(cast.owner.get(f"/keys/{made['id']}"))["last_used_at"])

    assert used() == "None"
    ok(_with(cast, made).get("/me"))
    first = used()
    ok(_with(cast, made).get("/me"))
    assert used() == first
    cast.tenant.move_clock(minutes=2)
    ok(_with(cast, made).get("/me"))
    assert used() > first


ENDS = {
    "suspended here": ("POST", "{member}/suspension", {}),
    "removed": ("DELETE", "{member}", None),
    "without the right to make keys": ("PATCH", "{member}", {"role": "manager"}),
    "suspended everywhere": ("POST", "/users/{user}/suspension", {"reason": "x", "notify": False}),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_key_ends_with_its_makers_right(cast: Cast, how: str) -> None:
    method, path, body = ENDS[how]
    mine, others = _made(cast.maintainer, cast, ["members:read"]), _made(cast.owner, cast, ["members:read"])
    by_key = _made(_with(cast, _made(cast.maintainer, cast, ["keys:write", "settings:read"])), cast, ["settings:read"])
    target = path.format(member=cast.member_at("maintainer"), user=cast.maintainer.id)
    by = cast.admin if how == "suspended everywhere" else cast.owner
    assert by.request(method, target, json=body).status_code in (200, 204)
    problem(_with(cast, mine).get("/me"), 401, "key_revoked")
    problem(_with(cast, by_key).get("/me"), 401, "key_revoked")
    ok(_with(cast, others).get("/me"))
    revoked = _key_events(cast, "key.revoked")
    assert len(revoked) == 3
    assert all(event["reason"] for event in revoked)


def test_a_role_that_still_holds_the_scopes_keeps_the_key(cast: Cast) -> None:
    with cast.tenant.scope():
        from ..factories import member

        member(cast.contoso, "second@contoso.example", "owner")
    second = cast.tenant.sign_in("second@contoso.example")
    kept, lost = _made(second, cast, ["members:read"]), _made(second, cast, ["billing:write"])
    row = ok(cast.owner.get(f"{cast.org}/members", params={"search": "second@"}))["data"][0]
    ok(cast.owner.patch(f"{cast.org}/members/{row['id']}", json={"role": "maintainer"}))
    ok(_with(cast, kept).get("/me"))
    problem(_with(cast, lost).get("/me"), 401, "key_revoked")


def test_staff_keys_end_with_the_role(cast: Cast) -> None:
    cast.tenant.staff("ada@northwind.example", "admin").close()
    nora = cast.tenant.staff("nora@northwind.example", "admin")
    made = [_made(nora, None, ["users:read"]), _made(nora, cast, ["members:read"])]
    staff = next(row for row in ok(cast.admin.get("/staff"))["data"] if "nora@" in str(row))
    ok(cast.admin.patch(f"/staff/{staff['id']}", json={"role": "support"}))
    for key in made:
        problem(_with(cast, key).get("/me"), 401, "key_revoked")


def test_a_key_made_while_its_maker_is_removed_does_not_survive(cast: Cast) -> None:
    """Whichever commits first: either there is no key, or it was revoked with the membership."""
    for round in range(4):
        email = f"m{round}-{secrets.token_hex(3)}@contoso.example"
        with cast.tenant.scope():
            from ..factories import member

            row = member(cast.contoso, email, "maintainer")
        maker = cast.tenant.sign_in(email)
        body = {"name": email, "scopes": ["members:read"], "organization": cast.contoso.public_id}
        race(*[partial(maker.post, "/keys", json=body)] * 3, partial(cast.owner.delete, f"{cast.org}/members/{row.public_id}"))
        keys = ok(cast.owner.get("/keys", params={"organization": cast.contoso.public_id, "limit": 200}))["data"]
        assert {key["status"] for key in keys if key["name"] == email} <= {"revoked"}


def test_wrong_ends_and_names_are_refused(cast: Cast) -> None:
    body = {"name": "x", "scopes": ["members:read"], "organization": cast.contoso.public_id}
    for wrong, code, pointer in (
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at_invalid", "/expires_at"),
        ({"expires_at": "9999-12-31T23:59:59Z"}, "expires_at_invalid", "/expires_at"),
        ({"expires_at": "2099-01-01T00:00:00"}, "validation_failed", "/expires_at"),
        ({"name": " "}, "validation_failed", "/name"),
        ({"name": "a\x07b"}, "name_invalid", "/name"),
        ({"name": "x" * 121}, "validation_failed", "/name"),
        ({"scopes": "members:read"}, "validation_failed", "/scopes"),
        ({"organization": "org_nonsense"}, "validation_failed", "/organization"),
        ({"key": "tk_live_mine"}, "validation_failed", "/key"),
    ):
        found = problem(cast.owner.post("/keys", json={**body, **wrong}), 422, code)
        assert [error["pointer"] for error in found["errors"]] == [pointer], wrong
    assert ok(cast.owner.get("/keys", params={"organization": cast.contoso.public_id}))["data"] == []


def test_what_others_hear_of_keys_has_no_secret(cast: Cast) -> None:
    from tenantry.access.models import ApiKey
    from tenantry.audit.models import Event

    made = _made(cast.owner, cast, ["members:read"])
    assert cast.owner.delete(f"/keys/{made['id']}", params={"reason": "lost"}).status_code == 204
    with cast.tenant.scope():
        key = ApiKey.objects.get(prefix=made["prefix"])
        for name in ("key.created", "key.revoked"):
            event = public_events()[name]
            payload = event.build(Event.objects.get(action=name, target_id=made["id"]), key)
            assert event.data(**payload).model_dump() == payload
            assert event.data(**event.example).model_dump() == event.example
            assert (payload["id"], payload["organization"]) == (made["id"], cast.contoso.public_id)
            assert made["key"][14:] not in str(payload)
    assert payload["reason"] == "lost"
