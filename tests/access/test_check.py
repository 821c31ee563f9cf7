"""What the vendor's product asks: one question at the edge, many in a batch, always the same answer."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.access.permissions import ROLES, registered

from ..people import Cast, Client, ok, problem, queries


def _question(cast: Cast, who: Client | str, permission: str, organization: str = "") -> dict[str, Any]:
    user = who if isinstance(who, str) else who.id
    return {"user": user, "organization": organization or cast.contoso.public_id, "permission": permission}


def test_edge_batch_and_map_agree_for_every_role_and_permission(cast: Cast) -> None:
    questions = [(role, name, _question(cast, cast[role], name)) for role in ROLES for name in registered()]
    batch = ok(cast.admin.post("/access/check-batch", json={"checks": [body for *_, body in questions]}))["data"]
    for (role, name, body), answer in zip(questions, batch, strict=True):
        expected = role in registered()[name].roles
        assert answer == {
            "allowed": expected, "reason": "role_grants" if expected else "role_lacks_permission", "role": role, "source": "built_in",
        }, (role, name)  # fmt: skip
        edge = ok(cast.admin.post("/access/check", json=body))
        assert edge == answer, (role, name)


def test_the_api_behind_the_edge_answers_alike(cast: Cast) -> None:
    """Staff with a session ask Django, which answers by the same statement."""
    session = cast.tenant.staff("ada@northwind.example", "csm")
    for role in ROLES:
        body = _question(cast, cast[role].email.upper(), "members:write")
        assert ok(session.post("/access/check", json=body)) == ok(cast.admin.post("/access/check", json=body))
    assert queries(session.post("/access/check", json=body)) > 0


def test_each_reason(cast: Cast) -> None:
    def reason(who: Client | str, permission: str = "members:read", organization: str = "") -> tuple[bool, str, str | None]:
        body = _question(cast, who, permission, organization)
        answers = [
            ok(cast.admin.post("/access/check", json=body)),
            ok(cast.admin.post("/access/check-batch", json={"checks": [body]}))["data"][0],
        ]
        assert answers[0] == answers[1]
        return answers[0]["allowed"], answers[0]["reason"], answers[0]["role"]

    assert reason(cast.owner) == (True, "role_grants", "owner")
    assert reason(cast.owner.email) == (True, "role_grants", "owner")
    assert reason(cast.learner) == (False, "role_lacks_permission", "learner")
    assert reason(cast.owner, "no:such") == (False, "permission_unknown", "owner")
    assert reason(cast.owner, "nonsense") == (False, "permission_unknown", "owner")
    assert reason(cast.outsider) == (False, "not_a_member", None)
    assert reason("nobody@nowhere.example") == (False, "user_unknown", None)
    assert reason("usr_01h455vb4pex5vsknk084sn02q") == (False, "user_unknown", None)
    assert reason(cast.owner, organization="org_01h455vb4pex5vsknk084sn02q") == (False, "organization_unknown", None)
    foreign = ok(cast.other_owner.get("/me"))["memberships"][0]["organization"]
    assert reason(cast.owner, organization=foreign) == (False, "organization_unknown", None)
    assert reason(cast.other_owner.id) == (False, "user_unknown", None)
    ok(cast.owner.post(f"{cast.member_at('manager')}/suspension", json={}))
    assert reason(cast.manager) == (False, "membership_suspended", "manager")
    ok(cast.owner.delete(cast.member_at("manager")))
    assert reason(cast.manager) == (False, "not_a_member", None)
    ok(cast.admin.post(f"/users/{cast['support'].id}/suspension", json={"reason": "x", "notify": False}))
    assert reason(cast["support"]) == (False, "user_suspended", "support")
    ok(cast.admin.post(f"{cast.org}/suspension", json={"reason": "unpaid"}))
    assert reason(cast.owner, "members:write") == (False, "organization_suspended", "owner")
    assert reason(cast.owner, "members:read") == (True, "role_grants", "owner")
    ok(cast.admin.post(f"{cast.org}/deactivation", json={"reason": "closed"}))
    assert reason(cast.owner, "members:read") == (False, "organization_deactivated", "owner")


def test_a_change_counts_in_the_very_next_answer(cast: Cast) -> None:
    body = _question(cast, cast.manager, "members:write")
    assert not ok(cast.admin.post("/access/check", json=body))["allowed"]
    ok(cast.owner.patch(cast.member_at("manager"), json={"role": "maintainer"}))
    assert ok(cast.admin.post("/access/check", json=body))["allowed"]
    ok(cast.owner.patch(cast.member_at("manager"), json={"role": "manager"}))
    assert not ok(cast.admin.post("/access/check", json=body))["allowed"]


def test_the_vendors_own_permissions(cast: Cast) -> None:
    wanted = [
        {"name": "project:create", "description": "Start a project", "roles": ["learner", "owner"]},
        {"name": "project:read", "roles": ["expert"]},
    ]
    listed = ok(cast.admin.put("/permissions", json={"permissions": wanted}))["data"]
    mine = {row["name"]: row for row in listed if row["source"] == "vendor"}
    assert mine["project:create"]["roles"] == ["owner", "learner"]
    for role in ROLES:
        answer = ok(cast.admin.post("/access/check", json=_question(cast, cast[role], "project:create")))
        assert (answer["allowed"], answer["source"]) == (role in ("learner", "owner"), "vendor")
    ok(cast.admin.post(f"{cast.org}/suspension", json={"reason": "x"}))
    writes = ok(cast.admin.post("/access/check", json=_question(cast, cast.owner, "project:create")))
    assert (writes["allowed"], writes["reason"]) == (False, "organization_suspended")
    assert ok(cast.admin.post("/access/check", json=_question(cast, cast["expert"], "project:read")))["allowed"]
    ok(cast.admin.delete(f"{cast.org}/suspension"))
    ok(cast.admin.put("/permissions", json={"permissions": wanted[1:]}))
    gone = ok(cast.admin.post("/access/check", json=_question(cast, cast.owner, "project:create")))
    assert (gone["allowed"], gone["reason"]) == (False, "permission_unknown")
    events = [row["action"] for row in ok(cast.admin.get("/audit-events", params={"category": "access"}))["data"]]
    assert events.count("permission.registered") == 2
    assert events.count("permission.withdrawn") == 1
    assert ok(cast.other_owner.get("/permissions"))["data"] == [row for row in listed if row["source"] == "built_in"]


def test_wrong_vendor_permissions_are_all_named(cast: Cast) -> None:
    wrong = [
        {"name": "Project Create", "roles": []},
        {"name": "members:read", "roles": []},
        {"name": "a:b", "roles": ["king"]},
        {"name": "a:b", "roles": []},
        {"name": "x" * 40 + ":" + "y" * 40, "roles": []},
    ]
    body = problem(cast.admin.put("/permissions", json={"permissions": wrong}), 422, "validation_failed")
    assert [entry["pointer"] for entry in body["errors"]] == [
        "/permissions/0/name", "/permissions/1/name", "/permissions/2/roles", "/permissions/3/name", "/permissions/4/name",
    ]  # fmt: skip
    for role in ("owner", "learner"):
        problem(cast[role].put("/permissions", json={"permissions": []}), 404, "not_found")
    problem(cast.tenant.key("csm").put("/permissions", json={"permissions": []}), 403, "permission_denied")


def test_permissions_put_at_once_make_one_list(cast: Cast) -> None:
    from functools import partial

    from ..people import race

    lists = [{"permissions": [{"name": f"p{k}:use", "roles": ["owner"]} for k in range(n, n + 3)]} for n in range(6)]
    answers = race(*(partial(cast.admin.put, "/permissions", json=body) for body in lists))
    assert {answer.status_code for answer in answers} <= {200, 409, 503}, [answer.text[:200] for answer in answers]
    assert 500 not in {answer.status_code for answer in answers}


def test_who_may_ask(cast: Cast) -> None:
    body = _question(cast, cast.owner, "members:read")
    for role, status in (("admin", 200), ("csm", 200), ("support", 200), ("finance", 403), ("auditor", 403)):
        assert cast.tenant.key(role).post("/access/check", json=body).status_code == status, role
        assert cast.tenant.key(role).post("/access/check-batch", json={"checks": [body]}).status_code == status, role
    own = cast.tenant.organization_key(cast.contoso)
    ok(own.post("/access/check", json=body))
    foreign = _question(cast, cast.outsider, "members:read", cast.fabrikam.public_id)
    for answer in (own.post("/access/check", json=foreign), own.post("/access/check-batch", json={"checks": [body, foreign]})):
        problem(answer, 404, "not_found")
    unknown = _question(cast, cast.owner, "members:read", "org_01h455vb4pex5vsknk084sn02q")
    assert own.post("/access/check", json=unknown).json() == own.post("/access/check", json=foreign).json()
    narrow = cast.tenant.key("admin", scopes=["users:read"])
    assert problem(narrow.post("/access/check", json=body), 403, "insufficient_scope")["permission"] == "access:check"
    problem(narrow.post("/access/check-batch", json={"checks": [body]}), 403, "insufficient_scope")
    for client in (cast.owner, cast.learner):
        problem(client.post("/access/check", json=body), 403, "permission_denied")
    problem(cast.nobody.post("/access/check", json=body), 401, "unauthenticated")


def test_a_revoked_or_expired_key_is_refused_at_once(cast: Cast) -> None:
    from datetime import timedelta

    from tenantry.access.keys import create_key, revoke_key
    from tenantry.kit.clock import now

    from ..factories import OPERATOR

    body = _question(cast, cast.owner, "members:read")
    with cast.tenant.scope():
        _, plain = create_key(name="k", staff_role="admin", expires_at=now() + timedelta(days=1), actor=OPERATOR)
        other, second = create_key(name="l", staff_role="admin", actor=OPERATOR)
    key, revoked = Client(cast.tenant.api, key=plain), Client(cast.tenant.api, key=second)
    for client in (key, revoked):
        ok(client.post("/access/check", json=body))
        ok(client.get("/me"))
    with cast.tenant.scope():
        revoke_key(key_id=other.id, actor=OPERATOR)
    cast.tenant.move_clock(days=2)
    for client, code in ((key, "key_expired"), (revoked, "key_revoked")):
        for answer in (
            client.post("/access/check", json=body),
            client.get("/me"),
            client.post("/access/check-batch", json={"checks": [body]}),
        ):
            problem(answer, 401, code)
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer", "Basic dXNlcjpwYXNz", "Bearer tk_live_x", "Bearer " + "tk_live_" + "a" * 49, "Token x"])
def test_what_is_no_key_is_401(header: str, cast: Cast) -> None:
    for method, path in (("GET", "/me"), ("POST", "/access/check")):
        answer = cast.nobody.request(method, path, json=_question(cast, cast.owner, "a:b"), headers={"Authorization": header})
        problem(answer, 401, "key_invalid")


def test_what_is_no_question_is_said_with_pointers(cast: Cast) -> None:
    for body, pointers in (
        ({}, ["/user", "/organization", "/permission"]),
        ({"user": 1, "organization": cast.contoso.public_id, "permission": "a:b"}, ["/user"]),
        ({"user": cast.owner.id, "organization": "nonsense", "permission": "a:b"}, ["/organization"]),
        ({"user": "usr_x", "organization": cast.contoso.public_id, "permission": "a:b"}, ["/user"]),
        ({"user": cast.owner.id, "organization": cast.contoso.public_id, "permission": "a\0b"}, ["/permission"]),
        ([], [""]),
        ("text", [""]),
    ):
        answer = cast.admin.post("/access/check", json=body)
        assert answer.status_code == 422, answer.text
        assert [entry["pointer"] for entry in answer.json()["errors"]] == pointers
    problem(cast.admin.post("/access/check", content=b"{nope"), 400, "json_invalid")
    problem(cast.admin.post("/access/check", content=b"\xff\xfe"), 400, "json_invalid")
    problem(cast.admin.post("/access/check", content=b"[" * 100_000), 413, "body_too_large")
    problem(cast.admin.post("/access/check", content=b"[" * 10_000), 400, "json_invalid")
    good = _question(cast, cast.owner, "members:read")
    problem(cast.admin.post("/access/check-batch", json={"checks": []}), 422, "validation_failed")
    problem(cast.admin.post("/access/check-batch", json={"checks": [good] * 1001}), 422, "validation_failed")
    assert len(ok(cast.admin.post("/access/check-batch", json={"checks": [good] * 1000}))["data"]) == 1000
    bad = {**good, "organization": "nonsense"}
    assert (
        "Question 1" in problem(cast.admin.post("/access/check-batch", json={"checks": [good, bad]}), 422, "identifier_invalid")["detail"]
    )
    problem(cast.admin.get("/access/check"), 405, "method_not_allowed")
