"""Who works for the vendor: roles, reasons, and the last admin."""

from __future__ import annotations

import pytest

from tenantry.kit.ids import new_id
from tenantry.people.models import Session, Staff

from ..people import Cast, Client, Tenant, ok, problem, race
from ..threads import meet


def _staff(tenant: Tenant, *emails: str, role: str = "admin") -> tuple[list[Client], list[str]]:
    clients = [tenant.staff(email, role) for email in emails]
    with tenant.scope():
        ids = [Staff.objects.get(user=client.me).public_id for client in clients]
    return clients, ids


def _admins(tenant: Tenant) -> int:
    with tenant.scope():
        return Staff.objects.filter(role="admin", status="active").count()


def test_staff_are_added_changed_revoked_and_reinstated(cast: Cast) -> None:
    made = ok(cast.admin.post("/staff", json={"email": "Fin@Northwind.example", "name": "Fin", "role": "finance"}), 201)
    assert (made["user"]["email"], made["role"], made["status"]) == ("fin@northwind.example", "finance", "active")
    at = f"/staff/{made['id']}"
    problem(cast.admin.post("/staff", json={"email": "fin@northwind.example", "role": "csm"}), 409, "already_staff")
    problem(cast.admin.post("/staff", json={"email": "x@northwind.example", "role": "king"}), 422, "role_unknown")
    assert ok(cast.admin.patch(at, json={"role": "csm"}))["role"] == "csm"
    problem(cast.admin.request("DELETE", at, json={"reason": " "}), 422, "reason_missing")
    gone = ok(cast.admin.request("DELETE", at, json={"reason": "moved on"}))
    assert (gone["status"], gone["reason"]) == ("revoked", "moved on")
    assert "moved on" in cast.tenant.mail_for("fin@northwind.example")["text"]
    problem(cast.admin.request("DELETE", at, json={"reason": "again"}), 409, "state_conflict")
    problem(cast.admin.patch(at, json={"role": "admin"}), 409, "state_conflict")
    back = ok(cast.admin.patch(at, json={"reinstate": True}))
    assert (back["status"], back["reason"], back["role"]) == ("active", "", "csm")
    problem(cast.admin.patch(at, json={"reinstate": True}), 409, "state_conflict")
    assert [row["id"] for row in ok(cast.admin.get("/staff"))["data"]] == [made["id"]]
    actions = [row["action"] for row in ok(cast.admin.get("/audit-events", params={"target": made["id"]}))["data"]]
    assert actions == ["staff.reinstated", "staff.revoked", "staff.role_changed", "staff.added"]
    cast.tenant.sign_in("two@northwind.example")
    add = {"email": "two@northwind.example", "role": "csm"}
    twice = meet(cast.tenant, "people_staff", *[lambda: cast.admin.post("/staff", json=add)] * 3)
    assert sorted(answer.status_code for answer in twice) == [201, 409, 409]


def test_who_becomes_staff_signs_in_anew_where_a_customers_provider_had_vouched(cast: Cast) -> None:
    with cast.tenant.scope():
        Session.objects.filter(user=cast.learner.me).update(method="sso", connection_id=new_id())
    own = cast.tenant.sign_in(cast.learner.email)
    made = ok(cast.admin.post("/staff", json={"email": cast.learner.email, "role": "support"}), 201)
    problem(cast.learner.get("/me"), 401, "unauthenticated")
    assert ok(own.get("/me"))["staff_role"] == "support"
    ok(cast.admin.request("DELETE", f"/staff/{made['id']}", json={"reason": "moved on"}))
    with cast.tenant.scope():
        Session.objects.filter(user=cast.learner.me, connection_id__isnull=False).update(ended_at=None)
    ok(cast.learner.get("/me"))
    ok(cast.admin.patch(f"/staff/{made['id']}", json={"reinstate": True}))
    problem(cast.learner.get("/me"), 401, "unauthenticated")
    own.close()


def test_revoking_ends_sessions_and_keys_at_once(cast: Cast) -> None:
    from tenantry.access.keys import create_key

    from ..factories import OPERATOR

    (client,), (staff_id,) = _staff(cast.tenant, "ada@northwind.example")
    with cast.tenant.scope():
        key = Client(cast.tenant.api, key=create_key(name="Ada's", staff_role="admin", owner=client.me.id, actor=OPERATOR)[1])
    ok(key.get("/staff"))
    _staff(cast.tenant, "bob@northwind.example")
    ok(cast.admin.request("DELETE", f"/staff/{staff_id}", json={"reason": "x", "notify": False}))
    problem(client.get("/me"), 401, "unauthenticated")
    problem(key.get("/staff"), 401, "key_revoked")
    problem(key.post("/access/check", json={}), 422, "validation_failed")
    question = {"user": cast.owner.id, "organization": cast.contoso.public_id, "permission": "members:read"}
    problem(key.post("/access/check", json=question), 401, "key_revoked")
    cast.tenant.jobs_done()
    assert cast.tenant.mails_for("ada@northwind.example") == []


def test_the_last_admin_stays(cast: Cast) -> None:
    (ada,), (ada_id,) = _staff(cast.tenant, "ada@northwind.example")
    problem(cast.admin.request("DELETE", f"/staff/{ada_id}", json={"reason": "x"}), 409, "last_admin")
    problem(cast.admin.patch(f"/staff/{ada_id}", json={"role": "csm"}), 409, "last_admin")
    problem(cast.admin.post(f"/users/{ada.id}/suspension", json={"reason": "x"}), 409, "staff_first")
    _, (bob_id,) = _staff(cast.tenant, "bob@northwind.example")
    ok(cast.admin.patch(f"/staff/{bob_id}", json={"role": "support"}))
    problem(cast.admin.request("DELETE", f"/staff/{ada_id}", json={"reason": "x"}), 409, "last_admin")
    assert _admins(cast.tenant) == 1


def test_nobody_changes_or_revokes_themself(cast: Cast) -> None:
    (ada, _), (ada_id, _) = _staff(cast.tenant, "ada@northwind.example", "bob@northwind.example")
    problem(ada.request("DELETE", f"/staff/{ada_id}", json={"reason": "x"}), 409, "own_account")
    problem(ada.patch(f"/staff/{ada_id}", json={"role": "csm"}), 409, "own_account")


@pytest.mark.parametrize("turn", range(5))
def test_two_admins_who_remove_each_other_at_once_leave_one(turn: int, cast: Cast) -> None:
    (ada, bob), (ada_id, bob_id) = _staff(cast.tenant, "ada@northwind.example", "bob@northwind.example")
    act = {"reason": "you go"}
    answers = race(
        lambda: ada.request("DELETE", f"/staff/{bob_id}", json=act),
        lambda: (
            bob.request("DELETE", f"/staff/{ada_id}", json=act) if turn % 2 else bob.patch(f"/staff/{ada_id}", json={"role": "support"})
        ),
    )
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert sorted(answer.status_code for answer in answers)[1] in (401, 403, 404, 409)
    assert _admins(cast.tenant) == 1


def test_the_same_person_made_staff_twice_at_once_is_staff_once(cast: Cast) -> None:
    body = {"email": "new@northwind.example", "role": "csm"}
    answers = race(*(lambda: cast.admin.post("/staff", json=body).status_code for _ in range(6)))
    assert sorted(answers) == [201] + [409] * 5


@pytest.mark.parametrize(
    ("role", "reads_staff", "creates", "limits", "users"),
    [
        ("admin", True, True, True, True),
        ("finance", False, False, True, False),
        ("csm", False, True, True, True),
        ("support", False, False, False, True),
        ("auditor", True, False, False, True),
    ],
)
def test_staff_roles_open_different_doors(role: str, reads_staff: bool, creates: bool, limits: bool, users: bool, cast: Cast) -> None:
    (client,), _ = _staff(cast.tenant, f"{role}@northwind.example", role=role)
    wanted = {
        client.get("/staff").status_code: reads_staff,
    }
    assert wanted == {200 if reads_staff else 403: reads_staff}
    made = client.post("/organizations", json={"name": f"By {role}", "country": "DE", "default_currency": "EUR", "plan": "team"})
    assert made.status_code == (201 if creates else 403), made.text
    assert client.put(f"{cast.org}/entitlements/quota:project", json={"limit": 3}).status_code == (200 if limits else 403)
    assert client.get("/users").status_code == (200 if users else 403)
    assert client.post("/staff", json={"email": "z@z.example", "role": "csm"}).status_code == (201 if role == "admin" else 403)
    assert ok(client.get("/me"))["staff_role"] == role
