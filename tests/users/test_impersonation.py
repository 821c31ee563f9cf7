"""Staff look at a customer's portal as one of its members: with a reason, a consent, an end, both names, and every other door closed."""

from __future__ import annotations

from typing import Any

import pytest

from tenantry.access.permissions import OPEN_TO_IMPERSONATION
from tenantry.people.models import Impersonation, User
from tenantry.people.users import suspend_user

from ..factories import OPERATOR
from ..isolation.document import operations, request
from ..people import Cast, Client, ok, problem, race

READ_ONLY, CLOSED = "impersonation_read_only", "impersonation_closed"


@pytest.fixture
def sam(cast: Cast) -> Client:
    """Somebody of the vendor's support."""
    return cast.tenant.staff("sam@northwind.example", "support")


def look(cast: Cast, staff: Client, role: str = "owner", *, status: int = 201) -> dict[str, Any]:
    """Begin to look as Contoso's member of this role."""
    body = {"user": cast[role].id, "organization": cast.contoso.public_id, "reason": "She can't find her course"}
    found: dict[str, Any] = ok(staff.post("/impersonations", json=body), status)
    return found


def test_staff_see_what_the_member_sees_and_become_themselves_again(cast: Cast, sam: Client) -> None:
    begun = look(cast, sam)
    assert (begun["state"], begun["organization_name"], begun["staff"]["email"]) == ("live", "Contoso", sam.email)
    me = ok(sam.get("/me"))
    assert me["user"]["id"] == cast.owner.id and me["staff_role"] is None and me["impersonated_by"]["id"] == sam.id
    assert [place["slug"] for place in me["memberships"]] == ["contoso"]
    assert ok(sam.get(f"{cast.org}/members"))["data"]
    problem(sam.get("/users"), 404, "not_found")
    problem(sam.get(f"/organizations/{cast.fabrikam.public_id}"), 404, "not_found")
    page = sam.get(f"{cast.tenant.url}/o/contoso/members").text
    assert "sam" in page and "you can change nothing" in page and "impersonation/stop" in page
    assert "/keys" not in page.partition("<nav")[2].partition("</nav>")[0], "what is closed isn't offered"
    ok(sam.delete(f"/impersonations/{begun['id']}"), 204)
    assert ok(sam.get("/me"))["staff_role"] == "support"
    assert ok(sam.get("/impersonations"))["data"][0]["state"] == "ended"
    text_of = cast.tenant.mail_for(cast.owner.email)["text"]
    assert "She can't find her course" in text_of and sam.email in text_of
    assert ok(cast.owner.get(f"{cast.org}/impersonations"))["data"][0]["reason"] == "She can't find her course"


def test_it_reads_only_until_it_is_raised_and_both_names_are_on_the_record(cast: Cast, sam: Client) -> None:
    begun = look(cast, sam)
    problem(sam.patch(cast.org, json={"name": "Contoso 2"}), 403, READ_ONLY)
    assert sam.post(f"{cast.tenant.url}/o/contoso/settings/profile", data={"name": "x"}).status_code == 403
    problem(sam.post(f"/impersonations/{begun['id']}/raise", json={"reason": " "}), 422, "reason_missing")
    problem(cast.owner.post(f"/impersonations/{begun['id']}/raise", json={"reason": "x"}), 404, "not_found")
    assert ok(sam.post(f"/impersonations/{begun['id']}/raise", json={"reason": "To mend it"}))["raised_at"]
    ok(sam.patch(cast.org, json={"name": "Contoso 2"}))
    events = ok(cast.owner.get(f"{cast.org}/audit-events", params={"limit": 5}))["data"]
    by_action = {event["action"]: event for event in events}
    assert {"organization.updated", "impersonation.raised", "impersonation.started"} <= by_action.keys()
    changed = by_action["organization.updated"]["actor"]
    assert (changed["label"], changed["impersonated_by"]) == (cast.owner.email, {"id": sam.id, "label": sam.email})
    assert by_action["impersonation.started"]["actor"]["label"] == sam.email
    shown = cast.owner.get(f"{cast.tenant.url}/o/contoso/audit").text
    assert f"by {sam.email}, looking as them" in shown
    exported = cast.owner.get(f"{cast.org}/audit-events/export").text
    assert exported.splitlines()[0].endswith("impersonated_by") and sam.email in exported


def test_every_closed_door_stays_closed_though_it_is_raised(cast: Cast, sam: Client) -> None:
    """Every operation of the document, by a session that looks as the owner: what is served is on the short list."""
    cast.tenant.staff("nora@northwind.example", "admin").close()
    begun = look(cast, sam)
    ok(sam.post(f"/impersonations/{begun['id']}/raise", json={"reason": "To mend it"}))
    ids = {"org": cast.contoso.public_id, "usr": cast.learner.id, "mem": cast.member("manager").public_id}
    prefixes = "stf ses inv key whe whd msg sup mtw dev psk imp dom jrq sct con scg scu map rec".split()
    for prefix in prefixes:
        ids.setdefault(prefix, f"{prefix}_01h455vb4pex5vsknk084sn02q")
    ids["job"] = "1"
    document, served = ok(cast.nobody.get("/openapi.json")), []
    for operation in operations(document, prefix=f"/t/{cast.tenant.slug}/api/v1"):
        if operation.permission in {*OPEN_TO_IMPERSONATION, "public"} or operation.path.startswith("/impersonations"):
            continue
        try:
            path, query, body = request(operation, ids)
        except KeyError:
            continue
        answer = sam.request(operation.method, path, params=query, json=body)
        if answer.status_code < 400:
            served.append(str(operation))
    assert set(served) <= OPEN, set(served) - OPEN
    for method, path, body in (
        ("PUT", "/me/password", {"password": "correct horse battery"}), ("POST", "/me/factors/totp", None),
        ("DELETE", "/me/sessions", None),
        ("GET", "/me/sign-ins", None), ("POST", "/me/passkeys/options", None), ("POST", "/auth/sign-out", {}),
        ("POST", "/keys", {"name": "x", "scopes": ["people"], "organization": cast.contoso.public_id}), ("DELETE", cast.org, None),
        ("GET", f"{cast.org}/audit-events/export", None), ("DELETE", cast.member_at("owner"), None),
        ("PUT", f"{cast.org}/impersonation-consent", {"consent": "always"}),
    ):  # fmt: skip
        problem(sam.request(method, path, json=body), 403, CLOSED)
    problem(sam.patch(cast.member_at("maintainer"), json={"role": "owner"}), 403, "role_not_grantable")
    for page in ("account", "account/security", "o/contoso/keys", "o/contoso/support-access", "prove"):
        assert sam.get(f"{cast.tenant.url}/{page}").status_code == 403, page


OPEN = {"GET /me", "GET /auth/whoami", "GET /permissions", "GET /organizations", "GET /maintenance-windows", "GET /roles"}


def test_an_organization_says_always_ask_or_never(cast: Cast, sam: Client) -> None:
    at = f"{cast.org}/impersonation-consent"
    assert ok(cast.owner.get(at)) == {"consent": "always"}
    problem(cast.maintainer.put(at, json={"consent": "never"}), 403, "permission_denied")
    problem(cast.admin.put(at, json={"consent": "always"}), 403, "permission_denied")
    ok(cast.owner.put(at, json={"consent": "ask"}))
    asked = look(cast, sam, "learner", status=202)
    assert asked["state"] == "requested" and look(cast, sam, "learner", status=202)["id"] == asked["id"]
    assert ok(sam.get("/me"))["staff_role"] == "support"
    path = f"{cast.org}/impersonations/{asked['id']}"
    problem(cast.admin.post(f"{path}/approval"), 403, "permission_denied")
    problem(cast.outsider.post(f"{path}/approval"), 404, "not_found")
    assert ok(cast.owner.post(f"{path}/approval"))["state"] == "approved"
    problem(cast.owner.post(f"{path}/approval"), 409, "state_conflict")
    assert look(cast, sam, "learner")["id"] == asked["id"]
    assert ok(sam.get("/me"))["user"]["id"] == cast.learner.id
    ok(cast.owner.delete(path))
    assert ok(sam.get("/me"))["staff_role"] == "support"
    look(cast, sam, "learner", status=202)
    ok(cast.owner.put(at, json={"consent": "never"}))
    body = {"user": cast.learner.id, "organization": cast.contoso.public_id, "reason": "x"}
    problem(sam.post("/impersonations", json=body), 403, "impersonation_refused")
    assert {row["state"] for row in ok(cast.owner.get(f"{cast.org}/impersonations"))["data"]} == {"ended"}


def test_it_ends_by_itself_and_with_the_staff_the_member_or_the_session(cast: Cast, sam: Client) -> None:
    look(cast, sam, "learner")
    cast.tenant.move_clock(minutes=29)
    assert ok(sam.get("/me"))["user"]["id"] == cast.learner.id
    cast.tenant.move_clock(minutes=31)
    assert ok(sam.get("/me"))["staff_role"] == "support"
    sam = cast.tenant.sign_in(sam.email)
    look(cast, sam, "manager")
    ok(cast.owner.post(f"{cast.member_at('manager')}/suspension", json={"reason": "x"}))
    assert ok(sam.get("/me"))["staff_role"] == "support"
    look(cast, sam, "learner")
    with cast.tenant.scope():
        suspend_user(user_id=cast.learner.me.id, reason="x", notify=False, actor=OPERATOR)
    assert ok(sam.get("/me"))["staff_role"] == "support"
    look(cast, sam, "expert")
    staff = next(row for row in ok(cast.admin.get("/staff"))["data"] if row["user"]["email"] == sam.email)
    ok(cast.admin.request("DELETE", f"/staff/{staff['id']}", json={"reason": "left", "notify": False}))
    problem(sam.get("/me"), 401, "unauthenticated")
    with cast.tenant.scope():
        assert not Impersonation.objects.filter(ended_at__isnull=True, user__email=cast["expert"].email).exists()


def test_who_cannot_be_looked_at_and_who_cannot_look(cast: Cast, sam: Client) -> None:
    nora = cast.tenant.staff("nora@northwind.example", "admin")
    good = {"user": cast.learner.id, "organization": cast.contoso.public_id, "reason": "x"}
    problem(sam.post("/impersonations", json=good | {"reason": " "}), 422, "reason_missing")
    problem(sam.post("/impersonations", json=good | {"user": nora.id}), 409, "staff_not_impersonated")
    problem(sam.post("/impersonations", json=good | {"user": cast.outsider.id}), 404, "not_found")
    problem(cast.owner.post("/impersonations", json=good), 404, "not_found")
    problem(cast.admin.post("/impersonations", json=good), 403, "person_required")
    problem(cast.tenant.staff("fay@northwind.example", "finance").post("/impersonations", json=good), 403, "permission_denied")
    with cast.tenant.scope():
        suspend_user(user_id=User.objects.get(email=cast["expert"].email).id, reason="x", notify=False, actor=OPERATOR)
    problem(sam.post("/impersonations", json=good | {"user": cast["expert"].id}), 409, "user_suspended")
    answers = race(*[lambda: sam.post("/impersonations", json=good)] * 4)
    assert sorted({answer.status_code for answer in answers})[0] == 201, [answer.text for answer in answers]
    with cast.tenant.scope():
        assert Impersonation.objects.filter(ended_at__isnull=True).count() == 1
    problem(sam.post("/impersonations", json=good), 403, READ_ONLY)  # not as somebody else again
