"""Endpoints and deliveries over the API: who may what, and what is shown of it."""

from __future__ import annotations

import json
import time
from typing import Any

import jsonschema_rs

from tenantry.audit.catalogue import public_events
from tenantry.kit.ids import new_id
from tenantry.organizations.models import Organization
from tenantry.webhooks.models import Delivery, Endpoint

from ..people import Cast, Client, ok, problem
from ..receivers import Receiver

AT = "/webhook-endpoints"
NOWHERE = "http://127.0.0.1:9/hook"
PEOPLE, PLAIN = "member.role_changed", "organization.state_changed"


def make(client: Client, url: str = NOWHERE, *events: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = ok(client.post(AT, json={"url": url, "events": events or ["webhook.test"], **more}), 201)
    return made


def ended(client: Client, path: str) -> list[dict[str, Any]]:
    """An endpoint's deliveries, the latest first, once none is on its way."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        rows: list[dict[str, Any]] = ok(client.get(f"{path}/deliveries"))["data"]
        if all(row["status"] != "pending" for row in rows):
            return rows
        time.sleep(0.03)
    raise AssertionError(rows)


def validators(cast: Cast) -> dict[str, Any]:
    types = ok(cast.nobody.get("/event-types"))["data"]
    return {entry["name"]: jsonschema_rs.validator_for(entry["schema"], validate_formats=True) for entry in types}


def test_the_catalogue_is_public_and_its_examples_are_true_to_their_schemas(cast: Cast) -> None:
    types = ok(cast.nobody.get("/event-types"))["data"]
    assert [entry["name"] for entry in types] == list(public_events())
    assert {"member.added", "invitation.accepted", "organization.state_changed", "entitlement.limit_reached", "webhook.test"} <= {
        entry["name"] for entry in types
    }
    for entry in types:
        assert entry["meaning"] and entry["when"]
        jsonschema_rs.meta.validate(entry["schema"])
        valid = validators(cast)[entry["name"]]
        valid.validate(entry["example"])
        valid.validate({**entry["example"], "_synthetic": True})
        for broken in ({"type": "other.thing"}, {"id": "evt_1"}, {"data": {}} if entry["example"]["data"] else {"data": None}):
            assert not valid.is_valid({**entry["example"], **broken}), entry["name"]


def test_what_is_delivered_is_true_to_the_schema_and_shown_as_it_was_sent(cast: Cast) -> None:
    with Receiver(lambda request: (200, {}, b"thank you <b>")) as receiver:
        made = make(cast.owner, receiver.url, "*", organization=cast.contoso.public_id, headers={"X-Token": "herring-17"})
        path = f"{AT}/{made['id']}"
        ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "new@contoso.example", "role": "learner"}), 201)
        ok(cast.owner.patch(cast.member_at("learner"), json={"role": "manager"}))
        ok(cast.admin.post(f"{cast.org}/suspension", json={"reason": "unpaid"}))
        got = receiver.wait(3)
        checks = validators(cast)
        for request in got:
            checks[request.event["type"]].validate(request.event)
            assert request.headers["X-Token"] == "herring-17"
        rows = ended(cast.owner, path)
        assert [row["event_type"] for row in rows] == [PLAIN, PEOPLE, "invitation.created"]
        assert {row["event"] for row in rows} == {request.event["id"] for request in got}
        whole = ok(cast.owner.get(f"{path}/deliveries/{rows[1]['id']}"))
        assert json.loads(whole["request"]["body"]) == got[1].event
        sent, shown = got[1].headers, whole["request"]["headers"]
        own = {"Host", "Accept", "Accept-Encoding", "Content-Length", "User-Agent"}  # of the client that sends
        assert {name.lower() for name in sent} - {name.lower() for name in own} <= {name.lower() for name in shown}
        assert all(value in (sent.get(name), "…") for name, value in shown.items())
        assert shown["webhook-id"] == whole["event"]
        assert "herring" not in str(whole) + str(ok(cast.owner.get(path)))
        assert made["header_names"] == ["X-Token"]
        assert ok(cast.owner.get(f"{path}/deliveries", params={"event_type": PEOPLE}))["data"] == [rows[1]]
        assert ok(cast.owner.get(f"{path}/deliveries", params={"until": rows[1]["created_at"], "limit": 200}))["data"][-1] == rows[2]
        first = ok(cast.owner.get(f"{path}/deliveries", params={"limit": 2}))
        rest = ok(cast.owner.get(f"{path}/deliveries", params={"limit": 2, "cursor": first["next_cursor"]}))
        assert [*first["data"], *rest["data"]] == rows and rest["next_cursor"] is None


def test_who_may_subscribe_to_what(cast: Cast) -> None:
    """An owner to everything; a billing admin to what isn't about people; the others to nothing."""
    body, write = {"url": NOWHERE, "organization": cast.contoso.public_id}, "webhooks:write"
    lacking = {"owner": "", "billing_admin": "webhooks:member_events", "maintainer": write, "manager": write, "learner": write}
    for who, lacks in lacking.items():
        for events, people in (([PEOPLE], True), (["*"], True), ([PLAIN], False)):
            answer = cast[who].post(AT, json={**body, "events": events})
            if lacks == write or (lacks and people):
                assert problem(answer, 403, "permission_denied")["permission"] == lacks
            else:
                ok(answer, 201)
    problem(cast.outsider.post(AT, json={**body, "events": [PLAIN]}), 404, "not_found")
    assert problem(cast.owner.post(AT, json={"url": NOWHERE, "events": [PLAIN]}), 403, "permission_denied")["permission"] == write


def test_a_billing_admin_neither_redirects_nor_reads_what_tells_of_people(cast: Cast) -> None:
    organization = cast.contoso.public_id
    with Receiver() as receiver:
        people, plain = (make(cast.owner, receiver.url, event, organization=organization) for event in (PEOPLE, PLAIN))
        ok(cast.owner.patch(cast.member_at("learner"), json={"role": "manager"}))
        receiver.wait(1)
        (row,) = ended(cast.billing_admin, f"{AT}/{people['id']}")
        for client, withheld in ((cast.billing_admin, True), (cast.manager, False)):
            shown = ok(client.get(f"{AT}/{people['id']}/deliveries/{row['id']}"))
            assert shown["withheld"] is withheld
            assert (cast.learner.email in json.dumps(shown)) is not withheld
        for change in ({"url": "http://127.0.0.1:10/mine"}, {"events": [PLAIN]}, {"description": "x"}):
            refused = cast.billing_admin.patch(f"{AT}/{people['id']}", json=change)
            assert problem(refused, 403, "permission_denied")["permission"] == "webhooks:member_events"
        ok(cast.billing_admin.patch(f"{AT}/{plain['id']}", json={"description": "Ours"}))
        problem(cast.billing_admin.patch(f"{AT}/{plain['id']}", json={"events": [PEOPLE]}), 403, "permission_denied")
        ok(cast.billing_admin.post(f"{AT}/{people['id']}/pause"))
        for path in ("", "/rotation"):
            method = "POST" if path else "DELETE"
            problem(cast.billing_admin.request(method, f"{AT}/{plain['id']}{path}"), 403, "permission_denied")


def test_an_integration_key_subscribes_and_unsubscribes(cast: Cast) -> None:
    """REST hooks: POST gives an id, DELETE takes it. With ``webhooks:write`` alone, and for nobody else's endpoints."""
    key = cast.tenant.organization_key(cast.contoso, scopes=["webhooks:write"])
    other = cast.tenant.organization_key(cast.contoso, scopes=["webhooks:write"])
    theirs = make(cast.owner, organization=cast.contoso.public_id)
    made = make(key, NOWHERE, PEOPLE, "member.added")
    assert made["organization"] == cast.contoso.public_id
    assert made["secret"].startswith("whsec_")
    assert ok(key.post(f"{AT}/{made['id']}/rotation"))["secret"] != made["secret"]
    for client, target in ((other, made), (key, theirs)):
        for method, path, scope in (("DELETE", "", "webhooks:delete"), ("POST", "/rotation", "webhooks:rotate")):
            refused = client.request(method, f"{AT}/{target['id']}{path}")
            assert problem(refused, 403, "insufficient_scope")["missing_scope"] == scope
    problem(key.get(f"{AT}/{made['id']}"), 403, "insufficient_scope")
    problem(key.post(AT, json={"url": NOWHERE, "events": ["*"], "organization": cast.fabrikam.public_id}), 404, "not_found")
    (row,) = ok(cast.owner.get("/keys", params={"organization": cast.contoso.public_id}))["data"][-1:]
    new = ok(cast.owner.post(f"/keys/{row['id']}/rotation", json={"overlap_hours": 1}), 201)["key"]
    successor = Client(cast.tenant.api, key=new)
    ok(successor.post(f"{AT}/{made['id']}/rotation"))
    problem(successor.delete(f"{AT}/{theirs['id']}"), 403, "insufficient_scope")
    assert key.delete(f"{AT}/{made['id']}").status_code == 204
    problem(key.delete(f"{AT}/{made['id']}"), 404, "not_found")
    reader = cast.tenant.organization_key(cast.contoso, scopes=["webhooks:read"])
    assert [row["id"] for row in ok(reader.get(AT))["data"]] == [theirs["id"]]
    problem(reader.post(f"{AT}/{theirs['id']}/pause"), 403, "insufficient_scope")


def test_endpoints_of_the_tenant_are_staffs(cast: Cast) -> None:
    staff = cast.tenant.key("admin", scopes=["webhooks:write", "webhooks:read"])
    own, theirs = make(staff), make(staff, organization=cast.contoso.public_id)
    assert (own["organization"], theirs["organization"]) == (None, cast.contoso.public_id)
    for client in (cast.owner, cast.tenant.organization_key(cast.contoso)):
        for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotation"), ("GET", "/deliveries")):
            problem(client.request(method, f"{AT}/{own['id']}{path}", json={} if method == "PATCH" else None), 404, "not_found")
    elsewhere = make(cast.admin, f"{NOWHERE}/fabrikam", "*", "webhook.test", organization=cast.fabrikam.public_id)
    ok(staff.post(f"{AT}/{theirs['id']}/pause"))

    def listed(**params: Any) -> set[str]:
        return {row["id"] for row in ok(staff.get(AT, params=params))["data"]}

    assert listed() == {own["id"], theirs["id"], elsewhere["id"]}
    assert listed(organization="none") == {own["id"]}
    assert listed(organization=cast.contoso.public_id) == {theirs["id"]} == listed(state="paused")
    assert listed(url=f"{NOWHERE}/fabrikam") == {elsewhere["id"]} == listed(event="*")
    assert listed(event="webhook.test", url=NOWHERE, state="active") == {own["id"]}
    assert listed(url=NOWHERE[:-1]) == set(), "a filter is exact"
    problem(staff.get(AT, params={"state": "broken"}), 422, "validation_failed")
    support = cast.tenant.key("support")
    assert {row["id"] for row in ok(support.get(AT))["data"]} == listed()
    problem(support.post(AT, json={"url": NOWHERE, "events": ["*"]}), 403, "permission_denied")
    problem(cast.tenant.key("csm").get(AT), 403, "permission_denied")


def test_two_editors_and_headers_that_stay_secret(cast: Cast) -> None:
    answer = cast.admin.post(AT, json={"url": NOWHERE, "events": ["webhook.test"], "headers": {"X-Token": "herring-17", "X-Old": "a"}})
    path = f"{AT}/{ok(answer, 201)['id']}"
    first = answer.headers["etag"]
    assert cast.admin.get(path).headers["etag"] == first
    change = {"headers": {"X-Token": None, "X-New": " b "}, "description": " For the CRM "}
    changed = cast.admin.patch(path, json=change, headers={"If-Match": first})
    assert (ok(changed)["header_names"], ok(changed)["description"]) == (["X-New", "X-Token"], "For the CRM")
    for method, body in (("PATCH", {"description": "y"}), ("DELETE", None)):
        problem(cast.admin.request(method, path, json=body, headers={"If-Match": first}), 412, "version_stale")
    with Receiver() as receiver:
        ok(cast.admin.patch(path, json={"url": receiver.url}, headers={"If-Match": changed.headers["etag"]}))
        ok(cast.admin.post(f"{path}/test", json={"event_type": "webhook.test"}))
        (request,) = receiver.received
        assert (request.headers["X-Token"], request.headers["X-New"]) == ("herring-17", "b")
        assert "X-Old" not in request.headers
    for headers in ({"X-None": None}, {"Host": "x"}, {"webhook-id": "x"}, {"A B": "x"}, {"X": "a\nb"}, {"X": "1", "x": "2"}):
        problem(cast.admin.patch(path, json={"headers": headers}), 422, "header_invalid")
    assert cast.admin.delete(path).status_code == 204


def test_addresses_and_events_that_are_refused(cast: Cast) -> None:
    for url in ("http://hooks.example.com/", "https://10.0.0.1/", "https://[::ffff:169.254.169.254]/", "https://hooks.internal/",
                "https://2130706433/", "https://user@example.com/", "https://example.com:22/", "ftp://example.com/", "", "x"):  # fmt: skip
        refused = problem(cast.admin.post(AT, json={"url": url, "events": ["*"]}), 422, "url_refused")
        assert refused["errors"][0]["pointer"] == "/url"
    problem(cast.admin.post(AT, json={"url": NOWHERE, "events": ["no.such"]}), 422, "event_unknown")
    for body in ({"url": NOWHERE, "events": []}, {"url": NOWHERE}, {"url": NOWHERE, "events": ["*"], "state": "paused"},
                 {"url": f"https://example.com/{'x' * 2000}", "events": ["*"]}):  # fmt: skip
        problem(cast.admin.post(AT, json=body), 422, "validation_failed")


def test_a_test_event_shows_at_once_what_came_of_it(cast: Cast) -> None:
    answers: dict[str, Any] = {"/hook": (201, {}, "danke ü".encode()), "/wrong": (400, {}, b"no such <table>")}
    checks = validators(cast)
    with Receiver(lambda request: answers[request.path]) as receiver:
        path = f"{AT}/{make(cast.owner, receiver.url, organization=cast.contoso.public_id)['id']}"
        for name in public_events():
            result = ok(cast.owner.post(f"{path}/test", json={"event_type": name}))
            assert (result["status"], result["answer"], result["error"]) == ("delivered", {"status": 201, "body": "danke ü"}, "")
            assert 0 <= result["ms"] < 15_000
            event = receiver.received[-1].event
            checks[name].validate(event)
            assert (event["_synthetic"], event["type"], event["id"]) == (True, name, result["event"])
        ok(cast.owner.patch(path, json={"url": receiver.url.replace("/hook", "/wrong")}))
        ok(cast.owner.post(f"{path}/pause"))
        failed = ok(cast.owner.post(f"{path}/test", json={"event_type": "webhook.test"}))
        assert (failed["status"], failed["answer"]["body"], failed["error"]) == ("failed", "no such <table>", "The endpoint answered 400.")
        assert ok(cast.owner.get(f"{path}/deliveries/{failed['id']}")) == failed
    silent = ok(cast.owner.post(f"{path}/test", json={"event_type": "webhook.test"}))
    assert (silent["status"], silent["answer"], silent["answer_status"]) == ("failed", None, None)
    assert "127.0.0.1" in silent["error"]
    problem(cast.owner.post(f"{path}/test", json={"event_type": "*"}), 422, "event_unknown")
    first = {"Idempotency-Key": str(new_id())}
    once = [ok(cast.owner.post(f"{path}/test", json={"event_type": "webhook.test"}, headers=first))["id"] for _ in range(2)]
    assert once[0] == once[1]


def test_one_again_and_all_that_failed_again(cast: Cast) -> None:
    well = False
    with Receiver(lambda request: (200, {}, b"") if well else (400, {}, b"")) as receiver:
        path = f"{AT}/{make(cast.owner, receiver.url, 'invitation.created', organization=cast.contoso.public_id)['id']}"
        for name in ("a", "b"):
            ok(cast.owner.post(f"{cast.org}/invitations", json={"email": f"{name}@contoso.example", "role": "learner"}), 201)
        receiver.wait(2)
        ended(cast.owner, path)
        ok(cast.owner.post(f"{path}/pause"))
        ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "c@contoso.example", "role": "learner"}), 201)
        rows = ok(cast.owner.get(f"{path}/deliveries", params={"status": "failed"}))["data"]
        assert [row["error"] for row in rows] == ["The endpoint was paused.", "The endpoint answered 400.", "The endpoint answered 400."]
        again = f"{path}/deliveries/{rows[2]['id']}/redelivery"
        problem(cast.owner.post(again), 409, "endpoint_paused")
        problem(cast.owner.post(f"{path}/replay", json={"since": rows[2]["created_at"]}), 409, "endpoint_paused")
        assert ok(cast.owner.delete(f"{path}/pause"))["state"] == "active"
        well = True
        assert ok(cast.owner.post(again))["status"] == "pending"
        receiver.wait(3)
        ended(cast.owner, path)
        assert receiver.received[2].body == receiver.received[0].body
        assert ok(cast.owner.post(f"{path}/replay", json={"since": rows[1]["created_at"]})) == {"count": 2}
        emails = [request.event["data"]["email"][0] for request in receiver.wait(5)]
        assert emails == ["a", "b", "a", "b", "c"]
        assert ok(cast.owner.post(f"{path}/replay", json={"since": "2099-01-01T00:00:00Z", "only_failed": False})) == {"count": 0}
        problem(cast.owner.post(f"{path}/replay", json={"since": "2099-01-01T00:00:00"}), 422, "validation_failed")
        problem(cast.owner.post(f"{path}/deliveries/{Delivery.encode_id(new_id())}/redelivery"), 404, "not_found")
        stranger = make(cast.owner, organization=cast.contoso.public_id)
        problem(cast.owner.get(f"{AT}/{stranger['id']}/deliveries/{rows[0]['id']}"), 404, "not_found")


def test_a_suspended_organization_reads_its_endpoints_and_changes_nothing(cast: Cast) -> None:
    path = f"{AT}/{make(cast.owner, organization=cast.contoso.public_id)['id']}"
    ok(cast.admin.post(f"{cast.org}/suspension", json={"reason": "unpaid"}))
    ok(cast.owner.get(path))
    problem(cast.owner.post(f"{path}/pause"), 403, "organization_suspended")
    with cast.tenant.scope():
        assert Endpoint.objects.get().state == "active"
        assert Organization.objects.get(id=cast.contoso.id).state == "suspended"
