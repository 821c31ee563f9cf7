"""From an act to a signed request at somebody else's server, and what becomes of it when that server misbehaves."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import wait
from datetime import timedelta
from typing import Any

import pytest
import stripe
from standardwebhooks import Webhook

from tenantry.audit.services import CLI
from tenantry.kit.clock import now
from tenantry.organizations.models import Organization
from tenantry.webhooks.models import Delivery, Endpoint
from tenantry.webhooks.services import MOST_ENDPOINTS, create_endpoint, pause_endpoint, replay, resume_endpoint, rotate_secret

from ..people import Cast, ok, problem
from ..receivers import Received, Receiver
from ..threads import Threads

SECONDS = 15


def subscribe(cast: Cast, url: str, *events: str, organization: Organization | None = None) -> tuple[Endpoint, str]:
    """A new endpoint of the tenant, or of an organization."""
    with cast.tenant.scope():
        return create_endpoint(url=url, events=events or ["*"], organization_id=organization.id if organization else None, actor=CLI)


def invite(cast: Cast, *names: str) -> None:
    for name in names:  # with a key: in a tenant whose clock was moved by days, sessions have run out
        ok(cast.admin.post(f"{cast.org}/invitations", json={"email": f"{name}@contoso.example", "role": "learner"}), 201)


def deliveries(cast: Cast, endpoint: Endpoint) -> list[Delivery]:
    """The earliest first."""
    with cast.tenant.scope():
        return list(Delivery.objects.filter(endpoint=endpoint).order_by("id"))


def until(cast: Cast, endpoint: Endpoint, holds: Callable[[list[Delivery]], Any]) -> list[Delivery]:
    """The deliveries, once this holds of them."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if holds(found := deliveries(cast, endpoint)):
            return found
        time.sleep(0.03)
    raise AssertionError([(row.status, row.attempts, row.error, row.next_at) for row in found])


def state_of(cast: Cast, endpoint: Endpoint) -> Endpoint:
    with cast.tenant.scope():
        return Endpoint.objects.get(id=endpoint.id)


def test_both_libraries_accept_the_signature_and_the_order_is_that_of_the_acts(cast: Cast) -> None:
    with Receiver() as receiver:
        endpoint, secret = subscribe(cast, receiver.url, "invitation.created", "webhook.test")
        names = [f"person{number}" for number in range(12)]
        invite(cast, *names)
        got = receiver.wait(12)
        for request in got:
            stripe.WebhookSignature.verify_header(request.body.decode(), request.headers["Tenantry-Signature"], secret, tolerance=300)
            assert Webhook(secret).verify(request.body, request.headers) == request.event
        assert [request.event["data"]["email"].partition("@")[0] for request in got] == names
        assert len({request.event["id"] for request in got}) == 12
        assert {request.headers["webhook-id"] for request in got} == {request.event["id"] for request in got}
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.WebhookSignature.verify_header(got[0].body.decode() + " ", got[0].headers["Tenantry-Signature"], secret)
        done = until(cast, endpoint, lambda rows: all(row.status == "delivered" for row in rows))
        assert [row.answer_status for row in done] == [204] * 12
        assert all(row.tries[0]["status"] == 204 and row.ended_at for row in done)


def test_whose_endpoint_hears_what(cast: Cast) -> None:
    """An organization hears of itself, the tenant of everybody, and nobody of another tenant. What is refused is never sent."""
    with Receiver() as receiver:
        urls = {name: f"{receiver.url}/{name}" for name in ("contoso", "fabrikam", "tenant", "roles")}
        subscribe(cast, urls["contoso"], organization=cast.contoso)
        subscribe(cast, urls["fabrikam"], organization=cast.fabrikam)
        subscribe(cast, urls["tenant"], "invitation.created", "member.removed")
        subscribe(cast, urls["roles"], "member.role_changed")
        cast.owner.post(f"{cast.org}/invitations", json={"email": cast.learner.email, "role": "learner"})  # 409: a member already
        invite(cast, "somebody")
        ok(cast.owner.patch(cast.member_at("learner"), json={"role": "manager"}))
        got = receiver.wait(4)
        time.sleep(0.4)
        heard = sorted((request.path.rpartition("/")[2], request.event["type"]) for request in receiver.received)
    assert heard == [
        ("contoso", "invitation.created"), ("contoso", "member.role_changed"), ("roles", "member.role_changed"),
        ("tenant", "invitation.created"),
    ]  # fmt: skip
    change = next(request.event for request in got if request.path.endswith("/roles"))
    assert change["organization"] == cast.contoso.public_id
    assert change["actor"] == {"kind": "user", "id": cast.owner.id}
    assert (change["data"]["previous_role"], change["data"]["role"], change["data"]["email"]) == ("learner", "manager", cast.learner.email)


def test_what_passes_is_tried_again_and_what_does_not_is_not(cast: Cast) -> None:
    answers: dict[str, Any] = {
        "/busy": (503, {}, b"x" * 9000), "/slow": (429, {"Retry-After": "7"}, b""), "/wrong": (400, {}, "nein \x00ü".encode()),
        "/moved": (302, {"Location": "http://169.254.169.254/"}, b""), "/gone": (410, {}, b""),
    }  # fmt: skip
    with Receiver(lambda request: answers[request.path]) as receiver:
        base = receiver.url.removesuffix("/hook")
        ends = {path: subscribe(cast, base + path, "invitation.created")[0] for path in answers}
        invite(cast, "one")
        rows = {path: until(cast, end, lambda rows: rows and rows[0].attempts == 1)[0] for path, end in ends.items()}
        assert {path: row.status for path, row in rows.items()} == {
            "/busy": "pending", "/slow": "pending", "/wrong": "failed", "/moved": "failed", "/gone": "failed",
        }  # fmt: skip
        wait = (rows["/busy"].next_at or now()) - rows["/busy"].created_at
        assert timedelta(seconds=54) <= wait <= timedelta(seconds=70)
        assert timedelta(seconds=7) <= (rows["/slow"].next_at or now()) - rows["/slow"].created_at <= timedelta(seconds=12)
        assert len(rows["/busy"].answer_body) == 4096
        with cast.tenant.scope():
            pause_endpoint(endpoint=ends["/slow"], actor=CLI)
        (dropped,) = deliveries(cast, ends["/slow"])
        assert (dropped.status, dropped.error, dropped.next_at) == ("failed", "The endpoint was paused.", None)
        assert rows["/wrong"].answer_body == "nein \ufffdü"
        gone = state_of(cast, ends["/gone"])
        end = time.monotonic() + SECONDS
        while gone.state != "paused" and time.monotonic() < end:
            time.sleep(0.03)
            gone = state_of(cast, ends["/gone"])
        assert (gone.state, gone.pause_reason) == ("paused", "gone")

        answers["/busy"] = (200, {}, b"thanks")
        cast.tenant.move_clock(minutes=2)
        recovered = until(cast, ends["/busy"], lambda rows: rows[0].status == "delivered")[0]
        assert (recovered.attempts, recovered.answer_body) == (2, "thanks")
        assert [entry["status"] for entry in recovered.tries] == [503, 200]
        same = [request.event["id"] for request in receiver.received if request.path == "/busy"]
        assert len(same) == 2 and len(set(same)) == 1


def test_six_tries_then_it_has_failed_and_days_of_it_pause_the_endpoint(cast: Cast) -> None:
    """Nobody listens there at all. A delivery has its tries over ten hours; five days of nothing else end it."""
    with Receiver() as receiver:
        url = receiver.url
    endpoint, _ = subscribe(cast, url, "invitation.created")
    invite(cast, "one")
    for number, minutes in enumerate((0, 2, 10, 50, 200, 800), start=1):
        cast.tenant.move_clock(minutes=minutes)
        (row,) = until(cast, endpoint, lambda rows, number=number: rows and rows[0].attempts == number)
    assert (row.status, len(row.tries), row.next_at) == ("failed", 6, None)
    assert "127.0.0.1" in row.error or "refused" in row.error.lower(), row.error
    assert state_of(cast, endpoint).failing_since is not None
    cast.tenant.move_clock(days=6)
    invite(cast, "two")
    until(cast, endpoint, lambda rows: state_of(cast, endpoint).state == "paused")
    assert state_of(cast, endpoint).pause_reason == "failing"
    invite(cast, "three")
    missed = deliveries(cast, endpoint)[-1]
    assert (missed.status, missed.error, missed.attempts) == ("failed", "The endpoint was paused.", 0)


def test_what_was_missed_while_paused_arrives_afterwards(cast: Cast) -> None:
    with Receiver() as receiver:
        endpoint, _ = subscribe(cast, receiver.url, "invitation.created")
        invite(cast, "before")
        receiver.wait(1)
        since = now()
        with cast.tenant.scope():
            pause_endpoint(endpoint=endpoint, actor=CLI)
        invite(cast, "missed1", "missed2")
        with cast.tenant.scope():
            resume_endpoint(endpoint=endpoint, actor=CLI)
            assert replay(endpoint=endpoint, since=since, actor=CLI) == 2
        got = [request.event["data"]["email"].partition("@")[0] for request in receiver.wait(3)]
        assert got == ["before", "missed1", "missed2"]


def test_no_delivery_is_lost_while_the_secret_changes(cast: Cast) -> None:
    def verified(request: Received, secret: str) -> bool:
        try:
            Webhook(secret).verify(request.body, request.headers)
            return stripe.WebhookSignature.verify_header(request.body.decode(), request.headers["Tenantry-Signature"], secret)
        except Exception:
            return False

    with Receiver() as receiver:
        endpoint, old = subscribe(cast, receiver.url, "invitation.created")
        invite(cast, "a")
        receiver.wait(1)
        with cast.tenant.scope():
            endpoint, new = rotate_secret(endpoint=endpoint, actor=CLI)
        invite(cast, "b")
        receiver.wait(2)
        cast.tenant.move_clock(hours=25)
        invite(cast, "c")
        receiver.wait(3)
        assert [(verified(request, old), verified(request, new)) for request in receiver.received] == [
            (True, False), (True, True), (False, True),
        ]  # fmt: skip


def test_one_that_hangs_delays_nobody_else(cast: Cast) -> None:
    with Receiver(lambda request: None if request.path == "/hangs" else (200, {}, b"")) as receiver:
        subscribe(cast, receiver.url.replace("/hook", "/hangs"), "invitation.created")
        subscribe(cast, receiver.url, "invitation.created")
        invite(cast, "one")
        receiver.wait(2)
        started = time.monotonic()
        invite(cast, *[f"more{number}" for number in range(10)])
        receiver.wait(12)
        took = time.monotonic() - started
        paths = [request.path for request in receiver.received]
    assert paths.count("/hangs") == 1, "one at a time to each endpoint"
    assert paths.count("/hook") == 11
    assert took < 5, "the whole time limit of the one that hangs is 15 s"


def test_two_at_once_dont_pass_the_limit_of_endpoints(cast: Cast) -> None:
    """The second counts only when the first is through, however long that takes."""
    with cast.tenant.scope():
        for number in range(MOST_ENDPOINTS - 1):
            create_endpoint(url=f"https://x.example/{number}", events=["*"], organization_id=cast.contoso.id, actor=CLI)
    body = {"url": "https://x.example/last", "events": ["*"], "organization": cast.contoso.public_id}
    with Threads(4) as pool:
        with cast.tenant.scope():
            create_endpoint(url="https://x.example/first", events=["*"], organization_id=cast.contoso.id, actor=CLI)
            others = [pool.submit(cast.admin.post, "/webhook-endpoints", json=body) for _ in range(4)]
            done, _ = wait(others, timeout=0.5)
            assert not done
        for other in others:
            problem(other.result(), 409, "endpoint_limit_reached")
