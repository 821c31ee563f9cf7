"""Staff look at a customer's portal as one of its members: with a reason, a consent, an end, both names, and every other door closed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tenantry.access.permissions import OPEN_TO_IMPERSONATION, OPEN_TO_LOOKING
from tenantry.audit.models import Event
from tenantry.kit.clock import now
from tenantry.people.impersonation import ending, services
from tenantry.people.models import Impersonation, Staff, User
from tenantry.people.users import suspend_user

from ..factories import OPERATOR, member
from ..isolation.document import operations, request
from ..people import Cast, Client, ok, problem, race
from ..threads import Threads, meet, until_waited_for

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
    opens = f"/new?user={cast.owner.id}&amp;organization={cast.contoso.public_id}"
    assert sam.get(f"{cast.tenant.url}/staff/organizations/{cast.contoso.public_id}").text.count(opens) == 1
    listed = sam.get(f"{cast.tenant.url}/o/contoso/members").text
    assert listed.count(opens) == 1 and listed.count("Open as") == len(Cast.ROLES)
    assert sam.get(f"{cast.tenant.url}/o/contoso/members/{cast.member('owner').public_id}").text.count(opens) == 1
    assert "Open as" not in cast.owner.get(f"{cast.tenant.url}/o/contoso/members").text
    with cast.tenant.scope():
        member(cast.fabrikam, cast.owner.email)  # she is of another one too, and that stays closed
    begun = look(cast, sam)
    assert (begun["state"], begun["organization_name"], begun["staff"]["email"]) == ("live", "Contoso", sam.email)
    me = ok(sam.get("/me"))
    assert me["user"]["id"] == cast.owner.id and me["staff_role"] is None and me["impersonated_by"]["id"] == sam.id
    assert [place["slug"] for place in me["memberships"]] == ["contoso"]
    assert ok(sam.get(f"{cast.org}/members"))["data"]
    problem(sam.get("/users"), 404, "not_found")
    problem(sam.get(f"/organizations/{cast.fabrikam.public_id}"), 404, "not_found")
    page = sam.get(f"{cast.tenant.url}/o/contoso/members").text
    assert "sam" in page and "for 30 more minutes; you can change nothing" in page and "impersonation/stop" in page
    assert "Invite people" not in page and set(me["memberships"][0]["permissions"]) <= OPEN_TO_LOOKING, "what is refused isn't offered"
    assert sam.get(f"{cast.tenant.url}/o/contoso/invitations/new").status_code == 403
    settings = sam.get(f"{cast.tenant.url}/o/contoso/settings").text
    assert "Closed while you look as somebody else." in settings and "Only owners" not in settings
    assert "in the place of somebody else" in settings
    assert "/keys" not in page.partition("<nav")[2].partition("</nav>")[0], "what is closed isn't offered"
    for error, status in (("nowhere", 404), ("o/contoso/keys", 403), ("o/fabrikam/", 404), ("?all", 302)):
        refused = sam.get(f"{cast.tenant.url}/{error}")
        assert refused.status_code == status
        assert status == 302 or "you can change nothing" in refused.text
    # Also a refusal that came before the browser's token was read has a banner whose button works.
    refused = sam.post(f"{cast.tenant.url}/o/contoso/settings/profile", data={"name": "x"})
    token = re.search(r'impersonation/stop">\s*<input type="hidden" name="csrfmiddlewaretoken" value="(\w+)"', refused.text)
    assert refused.status_code == 403 and token
    del sam.headers["X-CSRFToken"]
    assert sam.post(f"{cast.tenant.url}/impersonation/stop", data={"csrfmiddlewaretoken": token[1]}).status_code == 302
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
    assert "Invite people" in sam.get(f"{cast.tenant.url}/o/contoso/members").text
    ok(sam.patch(cast.org, json={"name": "Contoso 2"}))
    events = ok(cast.owner.get(f"{cast.org}/audit-events", params={"limit": 5}))["data"]
    by_action = {event["action"]: event for event in events}
    assert {"organization.updated", "impersonation.raised", "impersonation.started"} <= by_action.keys()
    changed = by_action["organization.updated"]["actor"]
    assert (changed["label"], changed["impersonated_by"]) == (cast.owner.email, {"id": sam.id, "label": sam.email})
    assert by_action["impersonation.started"]["actor"]["label"] == sam.email
    shown = cast.owner.get(f"{cast.tenant.url}/o/contoso/audit").text
    assert f"by {sam.email}, looking as them" in shown
    assert "To mend it" in cast.tenant.mail_for(cast.owner.email, count=2)["text"]
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
    meet(cast.tenant, "people_impersonationconsent", *[lambda: ok(cast.owner.put(at, json={"consent": "ask"}))] * 2)
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
    # The first request that finds it so puts it on the record, with both names; nobody else does, whoever comes at once.
    race(*[lambda: ok(sam.get("/me"))["staff_role"]] * 4, lambda: _sweep(cast))
    assert ok(sam.get("/me"))["staff_role"] == "support"
    assert _ends(cast) == [("staff", f"{sam.email} as {cast.learner.email}", "The 30 minutes were over.")]
    # What was meant for the member isn't done in the staff's own name; said once, by a refusal or on a page.
    problem(sam.patch(cast.org, json={"name": "Meant as her"}), 409, "impersonation_over")
    home = f"{cast.tenant.url}/o/contoso/"
    assert "You no longer look" not in sam.get(home).text
    row = ok(sam.get("/impersonations"))["data"][0]
    assert row["state"] == "expired" and row["ended_at"] == row["expires_at"]
    sam = cast.tenant.sign_in(sam.email)
    look(cast, sam, "learner")
    cast.tenant.move_clock(minutes=62)
    with Threads(1) as pool:  # nobody asked since; of two jobs the second waits for the first, and has nothing to do
        with cast.tenant.scope() as entered:
            found = Impersonation.objects.filter(ended_at__isnull=True)
            assert ending.close(found, reason=ending.TIME_OVER) == 1
            second = pool.submit(_sweep, cast)
            until_waited_for(entered.using)
        assert second.result() == 0
    sam = cast.tenant.sign_in(sam.email)
    look(cast, sam, "manager")
    ok(cast.owner.post(f"{cast.member_at('manager')}/suspension", json={"reason": "x"}))
    assert ok(sam.get("/me"))["staff_role"] == "support"
    told = [sam.get(home, headers={"Accept": "text/html"}).text.count("You no longer look") for _ in range(2)]
    assert told == [1, 0]
    look(cast, sam, "learner")
    with cast.tenant.scope():
        suspend_user(user_id=cast.learner.me.id, reason="x", notify=False, actor=OPERATOR)
    assert ok(sam.get("/me"))["staff_role"] == "support"
    look(cast, sam, "maintainer")
    with cast.tenant.scope():
        Staff(user=cast.maintainer.me, role="csm").save(force_insert=True)
    assert ok(sam.get("/me"))["staff_role"] == "support"
    look(cast, sam, "expert")
    with cast.tenant.scope():
        Staff.objects.filter(user=sam.me).update(role="finance")
    assert ok(sam.get("/me"))["staff_role"] == "finance"
    with cast.tenant.scope():
        Staff.objects.filter(user=sam.me).update(role="support")
    look(cast, sam, "expert")
    staff = next(row for row in ok(cast.admin.get("/staff"))["data"] if row["user"]["email"] == sam.email)
    ok(cast.admin.request("DELETE", f"/staff/{staff['id']}", json={"reason": "left", "notify": False}))
    problem(sam.get("/me"), 401, "unauthenticated")
    with cast.tenant.scope():
        assert not Impersonation.objects.filter(ended_at__isnull=True).exists()
    assert [reason for _, _, reason in _ends(cast)] == [
        *["The 30 minutes were over."] * 2, "The member can't enter the organization any more.", "The member was suspended.",
        "The member is staff now.", "The staff role doesn't hold the permission any more.", "The staff's session ended.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "hours", "state"),
    [
        ({}, 24 * 7 - 1, "requested"), ({}, 24 * 7 + 1, "expired"), ({"approved_at": 23}, 30, "approved"),
        ({"approved_at": 25}, 30, "expired"),
        ({"approved_at": 3, "started_at": 1}, 3, "expired"), ({"declined_at": 1}, 2, "declined"), ({"ended_at": 1}, 2, "ended"),
    ],
)  # fmt: skip
def test_neither_a_question_nor_a_yes_waits_for_ever(fields: dict[str, int], hours: int, state: str) -> None:
    row = Impersonation(tenant_id=uuid4(), created_at=now() - timedelta(hours=hours))
    for name, ago in fields.items():
        setattr(row, name, now() - timedelta(hours=ago))
    if row.started_at:
        row.expires_at = row.started_at + services.LASTS
    assert services.state_of(row) == state


def _ends(cast: Cast) -> list[tuple[str, str, str]]:
    """Every end on the record: whose it was, of what, and why; the earliest first."""
    with cast.tenant.scope():
        rows = Event.objects.filter(action="impersonation.ended").order_by("id")
        return list(rows.values_list("actor_kind", "target_label", "reason"))


def _sweep(cast: Cast) -> int:
    """What the job does in this tenant."""
    with cast.tenant.scope():
        return ending.close(Impersonation.objects.filter(expires_at__lte=now()), reason=ending.TIME_OVER)


def test_an_organizations_networks_and_second_factor_bind_its_members_and_not_staff_who_look(cast: Cast, sam: Client) -> None:
    at = f"{cast.org}/sign-in-policy"
    ok(cast.admin.put(at, json={"allowed_networks": ["203.0.113.0/24"]}))
    problem(cast.learner.get(cast.org), 403, "network_not_allowed")
    ok(cast.admin.put(at, json={"second_factor": "required", "grace_days": 0}))
    ok(cast.admin.put(at, json={"allowed_networks": None, "grace_days": 3}))
    look(cast, sam, "learner")
    home = f"{cast.tenant.url}/o/contoso/"
    assert "Set it up" in cast.learner.get(home).text and "Set it up" not in sam.get(home).text, "what is refused isn't offered"
    ok(cast.admin.put(at, json={"allowed_networks": ["203.0.113.0/24"], "grace_days": 0}))
    cast.tenant.move_clock(minutes=2)  # the next time that a session's rules are read
    problem(cast.learner.get(cast.org), 401, "second_factor_setup_required")
    assert ok(sam.get(cast.org))["name"] == "Contoso"


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
