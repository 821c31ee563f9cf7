"""Windows: who is refused what, who goes on, what is told, and what waits."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from django.db import connection

from tenantry.audit.models import Event
from tenantry.kit.clock import now
from tenantry.maintenance.models import PlatformWindow
from tenantry.maintenance.services import MOST_OPEN, tell_due
from tenantry.tenancy import models as tenancy
from tenantry.tenancy.services import tenant_ids

from ..journeys.test_every_page import named
from ..people import Cast, Client, Tenant, ok, problem, queries
from ..receivers import Receiver


def _at(**by: float) -> str:
    return (datetime.now(UTC) + timedelta(**by)).isoformat()


def _begin(cast: Cast, **body: Any) -> dict[str, Any]:
    return ok(cast.admin.post("/maintenance-windows", json={"ends_at": _at(hours=2), "message": "We move house.", **body}), 201)


def _end(cast: Cast, window: dict[str, Any]) -> None:
    ok(cast.admin.delete(f"/maintenance-windows/{window['id']}"), 204)


def _refused(answer: Any, window: dict[str, Any]) -> None:
    body = problem(answer, 503, "maintenance")
    assert (body["window"], body["scope"], body["mode"], body["ends_at"]) == tuple(window[k] for k in ("id", "scope", "mode", "ends_at"))
    assert "We move house." in body["detail"]
    assert 7000 < int(answer.headers["retry-after"]) <= 7200


def _rename(client: Client, cast: Cast) -> Any:
    return client.patch(cast.org, json={"name": "Contoso"})


def test_changes_are_refused_and_reading_goes_on(cast: Cast) -> None:
    question = {"user": cast.learner.id, "organization": cast.contoso.public_id, "permission": "members:read"}
    staff, scoped = (
        cast.tenant.staff("ada@northwind.example", "support"),
        cast.tenant.key("admin", scopes=["settings:write", "access:check"]),
    )
    window = _begin(cast)
    assert (window["scope"], window["state"], window["organization"]) == ("tenant", "under_way", None)
    for client in (cast.owner, cast.tenant.organization_key(cast.contoso), scoped):
        _refused(_rename(client, cast), window)
    _refused(cast.learner.patch("/me/profile", json={"name": "Lea"}), window)
    page = cast.owner.post(f"{cast.tenant.url}/o/contoso/settings/profile", data={"name": "X"})
    assert page.status_code == 503 and "retry-after" in page.headers and "We move house." in page.text
    for client in (cast.admin, staff):  # who may end it, and staff who are signed in
        ok(client.get(cast.org))
    ok(_rename(cast.admin, cast))
    ok(staff.patch("/me/profile", json={"name": "Ada"}))
    ok(cast.owner.get(cast.org))
    assert ok(cast.admin.post("/access/check", json=question))["allowed"] is False
    ok(scoped.post("/access/check", json=question))
    ok(scoped.post("/access/check-batch", json={"checks": [question]}))
    shown = cast.owner.get(f"{cast.tenant.url}/o/contoso/")
    assert shown.status_code == 200 and "Maintenance is under way" in shown.text and "because you are staff" not in shown.text
    assert "because you are staff" in staff.get(f"{cast.tenant.url}/staff/maintenance").text
    _end(cast, window)
    ok(_rename(cast.owner, cast))
    assert "Maintenance" not in cast.owner.get(f"{cast.tenant.url}/o/contoso/").text


def test_everything_is_refused_but_to_sign_in(cast: Cast) -> None:
    question = {"user": cast.learner.id, "organization": cast.contoso.public_id, "permission": "members:read"}
    staff = cast.tenant.staff("ada@northwind.example", "admin")
    window = _begin(cast, mode="everything")
    for answer in (cast.owner.get("/me"), cast.nobody.get("/directory"), cast.tenant.key("csm").get("/organizations")):
        _refused(answer, window)
    for path in ("/access/check", "/access/check-batch"):
        body = question if path.endswith("check") else {"checks": [question]}
        for client in (cast.admin, cast.tenant.organization_key(cast.contoso)):
            answer = client.post(path, json=body)
            _refused(answer, window)
            assert answer.headers["content-security-policy"]
    ok(staff.post("/access/check", json=question))
    page = cast.owner.get(f"{cast.tenant.url}/o/contoso/members")
    assert page.status_code == 503 and page.text.count("We move house.") == 1
    ok(staff.get("/organizations"))
    assert staff.get(f"{cast.tenant.url}/staff/organizations").status_code == 200
    # Whoever is staff has to sign in first, by a mail that a job sends.
    assert "We move house." in cast.nobody.get(f"{cast.tenant.url}/sign-in").text
    ok(cast.nobody.post("/auth/link", json={"email": "ada@northwind.example"}), 202)
    token = cast.tenant.mail_for("ada@northwind.example")["text"].partition("/sign-in/link/")[2].split()[0]
    again = cast.tenant.nobody()
    ok(again.post("/auth/link/redeem", json={"token": token}))
    ok(again.get("/me"))
    assert [row["id"] for row in ok(cast.learner.get("/maintenance-windows"))["data"]] == [window["id"]]
    problem(cast.nobody.get("/maintenance-windows"), 401, "unauthenticated")


def test_a_window_of_one_organization_concerns_nobody_else(cast: Cast) -> None:
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "new@x.example", "role": "learner"}), 201)
    token = cast.tenant.invitation_token("new@x.example")
    window = _begin(cast, organization=cast.contoso.public_id)
    assert (window["scope"], window["organization"]) == ("organization", cast.contoso.public_id)
    _refused(_rename(cast.owner, cast), window)
    _refused(cast.owner.post(f"{cast.org}/members", json={"email": "x@x.example", "role": "learner"}), window)
    _refused(cast.tenant.nobody().post("/invitations/accept", json={"token": token}), window)
    _refused(cast.tenant.nobody().post("/invitations/decline", json={"token": token}), window)
    ok(cast.owner.get(cast.org))
    ok(cast.learner.patch("/me/profile", json={"name": "Lea"}))  # is of the person
    other = f"/organizations/{cast.fabrikam.public_id}"
    ok(cast.outsider.patch(other, json={"name": "Fabrikam"}))
    assert "Maintenance" in cast.owner.get(f"{cast.tenant.url}/o/contoso/").text
    assert "Maintenance" not in cast.outsider.get(f"{cast.tenant.url}/o/fabrikam/").text
    assert "Maintenance" not in cast.owner.get(f"{cast.tenant.url}/account").text
    assert ok(cast.outsider.get("/maintenance-windows"))["data"] == []
    assert [row["id"] for row in ok(cast.learner.get("/maintenance-windows"))["data"]] == [window["id"]]
    _end(cast, window)
    window = _begin(cast, organization=cast.contoso.public_id, mode="everything")
    _refused(cast.owner.get(cast.org), window)
    question = {"user": cast.learner.id, "permission": "members:read"}
    _refused(cast.admin.post("/access/check", json={**question, "organization": cast.contoso.public_id}), window)
    assert ok(cast.admin.post("/access/check", json={**question, "organization": cast.fabrikam.public_id}))["reason"]
    problem(cast.outsider.get(cast.org), 404, "not_found")
    problem(cast.learner.get(f"{cast.org}/invitations"), 403, "permission_denied")


def test_a_banner_tells_of_it_a_day_ahead_and_the_record_when_its_time_comes(cast: Cast) -> None:
    window = _begin(cast, starts_at=_at(hours=30), ends_at=_at(hours=31))
    assert window["state"] == "scheduled"
    home = f"{cast.tenant.url}/o/contoso/"
    assert "Maintenance" not in cast.owner.get(home).text
    cast.tenant.move_clock(hours=8)
    assert "Maintenance begins" in cast.owner.get(home).text
    ok(_rename(cast.owner, cast))

    def sweep() -> list[str]:
        with cast.tenant.scope():
            tell_due()
            tell_due()  # a second worker, a moment later
        rows = ok(cast.admin.get("/audit-events", params={"limit": 200}))["data"]
        return [row["action"].partition(".")[2] for row in reversed(rows) if row["action"].startswith("maintenance.")]

    assert sweep() == ["scheduled"]
    cast.tenant.move_clock(hours=30.5)
    problem(_rename(cast.owner, cast), 503, "maintenance")
    assert sweep() == ["scheduled", "started"]
    cast.tenant.move_clock(hours=31.5)
    ok(_rename(cast.owner, cast))
    assert sweep() == ["scheduled", "started", "ended"]
    assert [row["state"] for row in ok(cast.admin.get("/maintenance-windows", params={"status": "over"}))["data"]] == ["ended"]
    problem(cast.admin.delete(f"/maintenance-windows/{window['id']}"), 409, "state_conflict")


def test_what_a_window_may_be_and_who_may_make_one(cast: Cast) -> None:
    for body, pointer in (
        ({"ends_at": _at(hours=-1)}, "/ends_at"),
        ({"starts_at": _at(hours=2), "ends_at": _at(hours=1)}, "/ends_at"),
        ({"ends_at": _at(days=31)}, "/ends_at"),
        ({"starts_at": _at(days=500)}, "/starts_at"),
        ({"mode": "nothing"}, "/mode"),
        ({"message": "x" * 281}, "/message"),
    ):
        refused = problem(cast.admin.post("/maintenance-windows", json=body), 422, "validation_failed")
        assert [error["pointer"] for error in refused["errors"]] == [pointer]
    problem(cast.owner.post("/maintenance-windows", json={}), 404, "not_found")
    for role in ("csm", "auditor"):
        problem(cast.tenant.key(role).post("/maintenance-windows", json={}), 403, "permission_denied")
    problem(cast.admin.post("/maintenance-windows", json={"organization": "org_01h455vb4pex5vsknk084sn02q"}), 404, "not_found")
    problem(cast.tenant.key("admin", scopes=["members:read"]).get("/maintenance-windows"), 403, "insufficient_scope")
    past = _begin(cast, starts_at=_at(hours=-3))
    assert past["state"] == "under_way" and past["starts_at"] > _at(minutes=-1)
    open_ended = ok(cast.admin.post("/maintenance-windows", json={"mode": "writes"}), 201)
    assert open_ended["ends_at"] is None
    answer = _rename(cast.owner, cast)
    assert (answer.json()["window"], answer.headers["retry-after"]) == (open_ended["id"], "300")
    with cast.tenant.scope():
        from tenantry.maintenance.models import Window

        later = now() + timedelta(days=3)
        Window.objects.bulk_create([Window(starts_at=later, told="scheduled") for _ in range(MOST_OPEN - 2)])
    problem(cast.admin.post("/maintenance-windows", json={"starts_at": _at(days=2)}), 409, "maintenance_too_many")


def test_it_costs_no_statement(cast: Cast) -> None:
    cast.owner.get(cast.org)  # the first request of a session also notes what has changed since it was made
    before = queries(cast.owner.get(cast.org))
    _begin(cast)
    assert queries(cast.owner.get(cast.org)) == before


def _job(tenant: Tenant, task: str, **arguments: Any) -> int:
    """Put a job that is due into the queue, as a defer does; returns its id."""
    with tenant.scope(), connection.cursor() as cursor:
        cursor.execute(
            "insert into procrastinate_jobs (queue_name, task_name, args, status) values ('mail', %s, %s, 'todo') returning id",
            [task, json.dumps({"tenant_id": str(tenant.id), **arguments})],
        )
        return int(cursor.fetchone()[0])


def _jobs(ids: list[int]) -> list[tuple[Any, ...]]:
    with psycopg.connect(os.environ["DATABASE_URL"]) as reader:
        columns = "id, status::text, attempts, scheduled_at"
        rows = reader.execute(f"select {columns} from procrastinate_jobs where id = any(%s) order by id", [ids])
        return [row[1:] for row in rows.fetchall()]


def _until(seen: Any) -> Any:
    until = time.monotonic() + 15
    while not (found := seen()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


def test_jobs_wait_and_come_back_with_all_their_tries(cast: Cast) -> None:
    """Of the organization alone, then of the tenant; ended early, they go on at once."""
    task = "tenantry.organizations.tasks.mail_invitations"
    window = _begin(cast, organization=cast.contoso.public_id)
    held = _job(cast.tenant, task, invitation_ids=[], organization_id=str(cast.contoso.id))
    free = _job(cast.tenant, task, invitation_ids=[], organization_id=str(cast.fabrikam.id))
    _until(lambda: [row[0] for row in _jobs([held, free])][1] == "succeeded" and _jobs([held])[0][2])
    status, attempts, scheduled_at = _jobs([held])[0]
    assert (status, attempts) == ("todo", 0)
    assert scheduled_at.astimezone(UTC) == datetime.fromisoformat(window["ends_at"]).replace(microsecond=scheduled_at.microsecond)
    wider = _begin(cast)
    more = _job(cast.tenant, task, invitation_ids=[])
    _until(lambda: _jobs([more])[0][2])
    assert cast.tenant.id not in tenant_ids() and cast.tenant.id in tenant_ids(even_held=True)
    _end(cast, window)
    _end(cast, wider)
    _until(lambda: [row[0] for row in _jobs([held, more])] == ["succeeded", "succeeded"])
    assert [row[1] for row in _jobs([held, more])] == [1, 1]
    assert cast.tenant.id in tenant_ids()


def test_a_moved_clock_moves_the_waiting(cast: Cast) -> None:
    """A sandbox's own windows follow its clock; the jobs' queue follows the world's."""
    cast.tenant.move_clock(days=10)
    ends = datetime.now(UTC) + timedelta(days=10, hours=1)
    ok(cast.admin.post("/maintenance-windows", json={"ends_at": ends.isoformat()}), 201)
    job = _job(cast.tenant, "tenantry.organizations.tasks.mail_invitations", invitation_ids=[])
    scheduled_at = _until(lambda: _jobs([job])[0][2])
    assert abs(scheduled_at - (ends - timedelta(days=10))) < timedelta(seconds=1)


def test_deliveries_wait_while_nothing_may_be_read(cast: Cast) -> None:
    """Those of the organization; the tenant's own endpoint hears of it at once."""
    with Receiver() as receiver:
        for name, organization in (("tenant", None), ("contoso", cast.contoso.public_id)):
            body = {"url": f"{receiver.url}/{name}", "events": ["maintenance.started", "maintenance.ended"], "organization": organization}
            ok(cast.admin.post("/webhook-endpoints", json=body), 201)
        window = _begin(cast, organization=cast.contoso.public_id, mode="everything")
        (first,) = receiver.wait(1)
        assert (first.path, first.event["type"], first.event["data"]) == (
            "/hook/tenant", "maintenance.started",
            {name: window[name] for name in ("id", "scope", "mode", "starts_at", "ends_at", "message")},
        )  # fmt: skip
        time.sleep(0.6)  # the engine looks every quarter of a second
        assert len(receiver.received) == 1
        _end(cast, window)
        got = receiver.wait(4)
        assert sorted((request.path, request.event["type"]) for request in got[1:]) == [
            ("/hook/contoso", "maintenance.ended"), ("/hook/contoso", "maintenance.started"), ("/hook/tenant", "maintenance.ended"),
        ]  # fmt: skip


def test_every_record_tells_of_the_platforms_windows_once(cast: Cast) -> None:
    """Of one that is over, so that nobody else is kept from anything; tenants that came later hear nothing."""
    starts_at, ends_at = now() - timedelta(hours=2), now() - timedelta(hours=1)
    message = f"Ours {cast.tenant.slug}"
    PlatformWindow(starts_at=starts_at, ends_at=ends_at, message=message).save(using="platform", force_insert=True)
    PlatformWindow(starts_at=starts_at, cancelled=True, message=message).save(using="platform", force_insert=True)
    tenancy.Tenant.objects.using("platform").filter(id=cast.tenant.id).update(created_at=now() - timedelta(days=1))
    for tenant in (cast.tenant, cast.other_tenant):
        with tenant.scope():
            tell_due()
            tell_due()
            told = (
                Event.objects.filter(action__startswith="maintenance.", target_label=message)
                .order_by("id")
                .values_list("action", flat=True)
            )
            assert list(told) == (["maintenance.started", "maintenance.ended"] if tenant is cast.tenant else [])


def test_the_names_that_are_let_through_exist() -> None:
    from procrastinate.contrib.django import app

    from tenantry.maintenance.holding import GO_ON
    from tenantry.maintenance.middleware import OPEN_PAGES

    assert app.tasks.keys() >= GO_ON
    assert named().keys() >= OPEN_PAGES


def test_the_page_names_what_is_wrong_announces_and_ends(cast: Cast) -> None:
    staff, url = cast.tenant.staff("ada@northwind.example", "admin"), f"{cast.tenant.url}/staff/maintenance"
    for wrong in ({"starts_at": "2000-01-01T00:00", "ends_at": "2000-01-01T01:00"}, {"organization": "nobody"}):
        refused = staff.post(f"{url}/new", data={"mode": "writes", **wrong})
        assert refused.status_code == 422 and refused.text.count('aria-invalid="true"') == 1
    begins = datetime.now(UTC) + timedelta(hours=3)
    form = {"mode": "everything", "organization": "contoso", "starts_at": f"{begins:%Y-%m-%dT%H:%M}", "message": "Soon"}
    assert staff.post(f"{url}/new", data=form).status_code == 302
    (row,) = ok(cast.admin.get("/maintenance-windows"))["data"]
    assert (row["organization"], row["state"], row["message"], row["mode"]) == (cast.contoso.public_id, "scheduled", "Soon", "everything")
    assert "Soon" in staff.get(url).text and "Call off" in staff.get(url).text
    assert staff.post(f"{url}/{row['id']}/end").status_code == 302
    assert "Soon" not in staff.get(url, params={"tab": ""}).text.partition("<main")[2].partition("toast")[0]
    assert "Called off" in staff.get(url, params={"tab": "past"}).text
