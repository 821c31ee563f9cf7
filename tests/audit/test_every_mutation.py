"""Every operation that changes something, once: what it wrote into the record, and that no secret stands anywhere."""

from __future__ import annotations

import io
import re
from typing import Any

import httpx
import pytest
from django.db import connection
from PIL import Image

from tenantry.audit.models import Event
from tenantry.people.sessions import COOKIE

from .. import factories
from ..isolation import rows
from ..isolation.document import WORDS, operations
from ..people import Cast, Client, ok
from ..receivers import Receiver
from .domain_acts import domains, sign_in_policy
from .factor_acts import CHALLENGES, factors
from .sso_story import single_sign_on

PASSWORD, NEXT_PASSWORD = "seven green herons", "nine blue otters"
# Operations that aren't GET and record nothing, and why.
SILENT = {
    "POST /access/check": "asking changes nothing",
    "POST /access/check-batch": "asking changes nothing",
    "POST /api/v1/signup": "is no tenant's: tests/workspaces reads what it leaves in the new one",
    "POST /api/v1/install": "as above",
    "POST /mail/events/{provider}": "recorded as the provider's word, not as an act of who calls: tests/mail/test_reports.py",
    **{f"POST {at}/options": "a challenge; its answer is recorded" for at in CHALLENGES},
    "POST /auth/proof/link": "an offer; using it is recorded",
    "POST /me/factors/totp": "an offer that counts for nothing until its first code",
    "POST /auth/sso/domain-check": "asking changes nothing",
    "POST /auth/link": "a job looks whether there is such a person, so that the answer doesn't tell",
}
ABSENT: dict[str, Any] = {}
Changes = dict[str, tuple[Any, Any]]


def _picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, "PNG")
    return out.getvalue()


def _sessions(client: Client) -> set[str]:
    return {cookie.value or "" for cookie in client.cookies.jar if cookie.name == COOKIE}


class Story:
    """Acts one by one, and compares what each added to the record with what it should."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.told, self.secrets = cast, set[str](), set[str]()
        self.seen = set(self._events())
        self.turn = 0

    def _events(self) -> dict[Any, Event]:
        with self.cast.tenant.scope():
            return {event.id: event for event in Event.objects.all()}

    def act(self, by: Client, operation: str, path: str, *expected: tuple[str, Changes] | str, who: str = "", **request: Any) -> Any:
        """Send it, and see that exactly these events were added: names, or names with their changes, in the order of the names."""
        method = operation.partition(" ")[0]
        self.turn += 1
        request_id = f"story-{self.turn:04}"
        headers = {"X-Request-Id": request_id, "User-Agent": "Story/1.0", **request.pop("headers", {})}
        response = by.request(method, path, headers=headers, **request)
        assert response.status_code < 300, f"{operation}: {response.status_code} {response.text}"
        events = self._events()
        new = sorted((events[key] for key in events.keys() - self.seen), key=lambda event: event.action)
        self.seen |= events.keys()
        wanted = sorted((step, ABSENT) if isinstance(step, str) else step for step in expected)
        found = [(e.action, {name: (c["before"], c["after"]) for name, c in e.changes.items()}) for e in new]
        assert [action for action, _ in found] == [action for action, _ in wanted], operation
        for (action, changes), (_, shown) in zip(wanted, found, strict=True):
            assert changes is ABSENT or shown == changes, f"{operation}: {action}"
        for event in new:
            self._is_whole(event, by, request_id, who)
        self.told.add(operation)
        return response.json() if response.content else None

    def _is_whole(self, event: Event, by: Client, request_id: str, who: str) -> None:
        assert (event.request_id, event.ip, event.user_agent) == (request_id, "127.0.0.1", "Story/1.0"), event.action
        label = who or ("admin key" if by is self.cast.admin else by.email)
        assert (event.actor_label, event.actor_kind) == (label, "key" if by is self.cast.admin else getattr(by, "kind", "user")), (
            event.action
        )
        assert event.source == "api" or event.action in (
            "user.signed_in",
            "user.created",
            "member.joined",
            "invitation.accepted",
            "invitation.declined",
        )
        assert event.source == "portal" or not who
        assert event.category and event.action and event.created_at
        assert event.target_label or event.action == "permission.withdrawn"

    def everything(self) -> str:
        """All rows of the tenant and its jobs, as text."""
        parts = []
        with self.cast.tenant.scope(), connection.cursor() as cursor:
            for model in rows.models():
                cursor.execute(f'select string_agg(t::text, chr(10)) from "{model._meta.db_table}" t')
                parts.append(cursor.fetchone()[0] or "")
            cursor.execute("select string_agg(args::text, chr(10)) from procrastinate_jobs where args->>'tenant_id' = %s",
                           [str(self.cast.tenant.id)])  # fmt: skip
            parts.append(cursor.fetchone()[0] or "")
        return "\n".join(parts)


def test_every_mutation_tells_of_itself(cast: Cast) -> None:
    story = Story(cast)
    _settings(story)
    _states(story)
    _members(story)
    _invitations(story)
    domains(story)
    sign_in_policy(story)
    _limits(story)
    _staff_and_users(story)
    _keys(story)
    _directory(story)
    single_sign_on(story)
    _webhooks(story)
    _maintenance(story)
    _jobs(story)
    _account(story)
    factors(story)
    _mail(story)
    document = ok(cast.nobody.get("/openapi.json"))
    every = {str(found).replace("_id}", "}") for found in operations(document, prefix=f"/t/{cast.tenant.slug}/api/v1")}
    every = {operation for operation in every if not operation.startswith("GET ")}
    assert every - SILENT.keys() == story.told
    everything = story.everything()
    assert cast.contoso.public_id in everything, "the search sees the rows"
    story.secrets |= {cast.admin.key, PASSWORD, NEXT_PASSWORD}
    story.secrets |= {
        cookie.value or "" for client in (cast.owner, cast.learner) for cookie in client.cookies.jar if "session" in cookie.name
    }
    assert len(story.secrets) >= 8
    for secret in story.secrets:
        assert secret not in everything
        assert secret.encode().hex() not in everything


def _settings(story: Story) -> None:
    changed = {"name": ("Northwind", "Northwind 2"), "support_email": ("", "help@x.example"), "colour": ("", "#3b5bdb")}
    story.act(story.cast.admin, "PUT /settings/program", "/settings/program", ("tenant.program_changed", changed),
              json={name: after for name, (_, after) in changed.items()})  # fmt: skip
    cast, image = story.cast, {"content": _picture(), "headers": {"Content-Type": "image/png"}}
    story.act(cast.owner, "PATCH /organizations/{organization}", cast.org,
              ("organization.updated", {"name": ("Contoso", "Contoso 2"), "billing_email": ("", "bills@x.example")}),
              json={"name": "Contoso 2", "billing_email": "bills@x.example"})  # fmt: skip
    for kind in ("logo", "banner"):
        operation = f"/organizations/{{organization}}/{kind}"
        story.act(cast.owner, f"PUT {operation}", f"{cast.org}/{kind}", "organization.updated", **image)
        story.act(cast.owner, f"DELETE {operation}", f"{cast.org}/{kind}", ("organization.updated", {kind: (True, False)}))
    role = {"name": "project:create", "roles": ["owner"]}
    story.act(
        cast.admin,
        "PUT /permissions",
        "/permissions",
        ("permission.registered", {"roles": (None, ["owner"])}),
        json={"permissions": [role]},
    )
    story.act(
        cast.admin, "PUT /permissions", "/permissions", ("permission.withdrawn", {"roles": (["owner"], None)}), json={"permissions": []}
    )


def _states(story: Story) -> None:
    cast, at = story.cast, "/organizations/{organization}"
    made = story.act(cast.owner, "POST /organizations", "/organizations", "organization.created",
                     ("member.added", {"role": (None, "owner"), "status": (None, "active")}),
                     json={"name": "Second", "country": "IN", "default_currency": "INR"})  # fmt: skip
    org = f"/organizations/{made['id']}"
    reject = {"decision": "reject", "reason": "no papers"}
    story.act(cast.admin, f"POST {at}/verification", f"{org}/verification", ("organization.rejected", {}), json=reject)
    story.act(cast.owner, f"POST {at}/verification/resubmission", f"{org}/verification/resubmission", "organization.resubmitted")
    for operation, path, event, before, after, body in (
        ("POST", "verification", "approved", "pending_verification", "active", {"decision": "approve"}),
        ("POST", "suspension", "suspended", "active", "suspended", {"reason": "unpaid"}),
        ("DELETE", "suspension", "suspension_lifted", "suspended", "active", None),
    ):
        change = {"state": (before, after)}
        story.act(cast.admin, f"{operation} {at}/{path}", f"{org}/{path}", (f"organization.{event}", change), json=body)
    story.act(cast.owner, f"DELETE {at}", org, ("organization.deleted", {"deleted": (False, True)}))
    story.act(cast.admin, f"POST {at}/restoration", f"{org}/restoration", ("organization.restored", {"deleted": (True, False)}))
    change = {"state": ("active", "deactivated")}
    story.act(cast.admin, f"POST {at}/deactivation", f"{org}/deactivation", ("organization.deactivated", change), json={"reason": "closed"})


def _keys(story: Story) -> None:
    cast, scopes = story.cast, ["members:read"]
    body = {"name": "Zapier", "scopes": scopes, "organization": cast.contoso.public_id}
    created = ("key.created", {"role": (None, "organization"), "scopes": (None, scopes)})
    made = story.act(cast.owner, "POST /keys", "/keys", created, json=body)
    path = f"/keys/{made['id']}"
    new = story.act(cast.owner, "POST /keys/{key}/rotation", f"{path}/rotation", created, "key.rotated", json={"overlap_hours": 1})
    story.act(cast.owner, "DELETE /keys/{key}", path, ("key.revoked", {}), params={"reason": "seen in a chat"})
    story.secrets |= {made["key"], new["key"]}


def _directory(story: Story) -> None:
    cast, at = story.cast, "/organizations/{organization}"
    made = story.act(cast.owner, f"POST {at}/scim-tokens", f"{cast.org}/scim-tokens", ("scim_token.created", {}), json={"name": "Okta"})
    story.act(cast.owner, f"DELETE {at}/scim-tokens/{{token}}", f"{cast.org}/scim-tokens/{made['id']}", ("scim_token.revoked", {}))
    story.act(cast.owner, f"PUT {at}/scim-settings", f"{cast.org}/scim-settings",
              ("scim.settings_changed", {"deprovision": (True, False)}), json={"deprovision": False})  # fmt: skip
    story.act(cast.owner, f"PUT {at}/scim-group-mappings", f"{cast.org}/scim-group-mappings",
              ("scim.mappings_changed", {"mappings": ({}, {"IT": "manager"})}), json=[{"group": "IT", "role": "manager"}])  # fmt: skip
    story.secrets.add(made["token"])


def _jobs(story: Story) -> None:
    tried, cancelled = factories.dead_job(story.cast.tenant.id), factories.dead_job(story.cast.tenant.id)
    story.act(story.cast.admin, "POST /jobs/{job}/retry", f"/jobs/{tried}/retry", "job.retried")
    story.act(story.cast.admin, "DELETE /jobs/{job}", f"/jobs/{cancelled}", "job.cancelled")


def _members(story: Story) -> None:
    cast, at = story.cast, "/organizations/{organization}/members"
    added = {"role": (None, "learner"), "status": (None, "active")}
    body = {"email": "new@x.example", "role": "learner"}
    member = story.act(cast.owner, f"POST {at}", f"{cast.org}/members", "user.created", ("member.added", added), json=body)
    path, at = f"{cast.org}/members/{member['id']}", at + "/{membership}"
    story.act(cast.owner, f"PATCH {at}", path, ("member.role_changed", {"role": ("learner", "manager")}), json={"role": "manager"})
    suspended = ("member.suspended", {"status": ("active", "suspended")})
    story.act(cast.owner, f"POST {at}/suspension", f"{path}/suspension", suspended, json={"reason": "away"})
    story.act(cast.owner, f"DELETE {at}/suspension", f"{path}/suspension", ("member.reactivated", {"status": ("suspended", "active")}))
    story.act(cast.owner, f"DELETE {at}", path, ("member.removed", {"status": ("active", "removed")}), params={"reason": "gone"})
    story.act(cast["support"], f"DELETE {at}", cast.member_at("support"), ("member.left", {"status": ("active", "removed")}))


def _invitations(story: Story) -> None:
    cast, at = story.cast, "/organizations/{organization}/invitations"
    offered, path = ("invitation.created", {"role": (None, "learner")}), f"{cast.org}/invitations"

    def invite(email: str) -> str:
        return str(story.act(cast.owner, f"POST {at}", path, offered, json={"email": email, "role": "learner"})["id"])

    first = invite("one@x.example")
    many = {"rows": [{"email": "two@x.example", "role": "learner"}, {"email": "three@x.example", "role": "learner"}]}
    story.act(cast.owner, f"POST {at}/bulk", f"{path}/bulk", offered, offered, json=many)
    cast.tenant.move_clock(minutes=2)
    story.act(cast.owner, f"POST {at}/{{invitation}}/resend", f"{path}/{first}/resend", "invitation.resent")
    revoked = ("invitation.revoked", {"status": ("pending", "revoked")})
    story.act(cast.owner, f"DELETE {at}/{{invitation}}", f"{path}/{first}", revoked)
    token, other = cast.tenant.invitation_token("two@x.example"), cast.tenant.invitation_token("three@x.example")
    joined = ("member.joined", {"role": (None, "learner"), "status": (None, "active")})
    declined = ("invitation.declined", {"status": ("pending", "declined")})
    new = cast.tenant.nobody()
    story.act(new, "POST /invitations/accept", "/invitations/accept", "user.created", "user.signed_in", "invitation.accepted", joined,
              who="two@x.example", json={"token": token})  # fmt: skip
    story.act(
        cast.tenant.nobody(), "POST /invitations/decline", "/invitations/decline", declined, who="three@x.example", json={"token": other}
    )
    story.secrets |= {token, other, *_sessions(new)}
    for verb, events in (("acceptance", ("invitation.accepted", joined)), ("refusal", (declined,))):
        invited = cast.tenant.sign_in(f"{verb}@x.example")
        story.seen |= story._events().keys()
        own = invite(invited.email)
        story.act(invited, f"POST /me/invitations/{{invitation}}/{verb}", f"/me/invitations/{own}/{verb}", *events)


def _limits(story: Story) -> None:
    cast, at = story.cast, "/organizations/{organization}"
    limit, use = f"{cast.org}/entitlements/quota:project", f"{cast.org}/usage/quota:project"
    for before, after in ((None, 3), (3, 2)):
        story.act(cast.admin, f"PUT {at}/entitlements/{{resource_type}}", limit, ("entitlement.limit_set", {"limit": (before, after)}),
                  json={"limit": after, "reason": "contract"})  # fmt: skip
    story.act(cast.owner, f"POST {at}/usage/{{resource_type}}", use, "usage.acquired", json={"resource_id": "proj_1"})
    story.act(cast.owner, f"PUT {at}/usage/{{resource_type}}", use, ("usage.reconciled", {"resource_ids": (["proj_1"], ["proj_2"])}),
              json={"resource_ids": ["proj_2"]})  # fmt: skip
    story.act(cast.owner, f"DELETE {at}/usage/{{resource_type}}/{{resource}}", f"{use}/proj_2", "usage.released")
    story.act(cast.owner, f"PUT {at}/rate-limits", f"{cast.org}/rate-limits", ("rate_limits.changed", {"scim": (None, 5)}),
              json={"limits": {"scim": 5}})  # fmt: skip
    story.act(cast.admin, f"DELETE {at}/entitlements/{{resource_type}}", limit, ("entitlement.override_lifted", {"limit": (2, None)}))


def _staff_and_users(story: Story) -> None:
    cast = story.cast
    out = {"reason": "left", "notify": False}
    staff = story.act(cast.admin, "POST /staff", "/staff", "user.created", ("staff.added", {"role": (None, "csm")}),
                      json={"email": "cs@x.example", "role": "csm"})  # fmt: skip
    path, at = f"/staff/{staff['id']}", "/staff/{staff}"
    story.act(cast.admin, f"PATCH {at}", path, ("staff.role_changed", {"role": ("csm", "support")}), json={"role": "support"})
    story.act(cast.admin, f"DELETE {at}", path, ("staff.revoked", {"status": ("active", "revoked")}), json=out)
    story.act(cast.admin, f"PATCH {at}", path, ("staff.reinstated", {"status": ("revoked", "active")}), json={"reinstate": True})
    user = f"/users/{cast['expert'].id}/suspension"
    ended = ("user.suspended", {"status": ("active", "suspended")})
    story.act(cast.admin, "POST /users/{user}/suspension", user, ended, "session.revoked", json=out)
    story.act(cast.admin, "DELETE /users/{user}/suspension", user, ("user.reinstated", {"status": ("suspended", "active")}))


def _webhooks(story: Story) -> None:
    cast, at, label = story.cast, "/webhook-endpoints", "X-Token"
    with Receiver() as receiver:
        body = {"url": receiver.url, "events": ["webhook.test", "member.added"], "headers": {label: "herring-17"}}
        created = {"url": (None, receiver.url), "events": (None, ["member.added", "webhook.test"]), "headers": (None, [label])}
        made = story.act(cast.owner, f"POST {at}", at, ("webhook.created", created), json={**body, "organization": cast.contoso.public_id})
        path, at = f"{at}/{made['id']}", at + "/{endpoint}"
        changed = ("webhook.changed", {"events": (["member.added", "webhook.test"], ["*"])})
        story.act(cast.owner, f"PATCH {at}", path, changed, json={"events": ["*"]})
        tested = ("webhook.tested", {"event_type": (None, "member.added")})
        delivery = story.act(cast.owner, f"POST {at}/test", f"{path}/test", tested, json={"event_type": "member.added"})["id"]
        redelivered = ("webhook.redelivered", {"delivery": (None, delivery)})
        again = f"/deliveries/{delivery}/redelivery"
        story.act(cast.owner, f"POST {at}/deliveries/{{delivery}}/redelivery", path + again, redelivered)
        since = {"since": "2026-01-01T00:00:00.000Z"}
        replayed = {"since": (None, since["since"]), "only_failed": (None, True), "deliveries": (None, 0)}
        story.act(cast.owner, f"POST {at}/replay", f"{path}/replay", ("webhook.replayed", replayed), json=since)
        rotated = story.act(cast.owner, f"POST {at}/rotation", f"{path}/rotation", "webhook.rotated")
        story.act(cast.owner, f"POST {at}/pause", f"{path}/pause", "webhook.paused")
        story.act(cast.owner, f"DELETE {at}/pause", f"{path}/pause", "webhook.resumed")
        story.act(cast.owner, f"DELETE {at}", path, "webhook.deleted")
    story.secrets |= {made["secret"], rotated["secret"], "herring-17"}


def _mail(story: Story) -> None:
    cast = story.cast
    saved = {"transport": (None, "smtp"), "from_email": (None, "hello@northwind.example"), "host": (None, "127.0.0.1"), "port": (None, 9)}
    changes = saved | {"from_name": (None, ""), "reply_to": (None, ""), "tls": (None, "none"), "username": (None, "northwind")}
    body = {"transport": "smtp", "from_email": "hello@northwind.example", "host": "127.0.0.1", "port": 9, "tls": "none"}
    story.act(cast.admin, "PUT /settings/mail", "/settings/mail",
              ("mail_settings.changed", {**changes, "password": ("not set", "set")}),
              json={**body, "username": "northwind", "password": PASSWORD})  # fmt: skip
    story.act(cast.admin, "POST /settings/mail/test", "/settings/mail/test",
              ("mail_settings.tested", {"transport": (None, "smtp"), "outcome": (None, "unreachable")}),
              json={"to": "admin@northwind.example"})  # fmt: skip
    opened = story.act(cast.admin, "POST /settings/mail/reports", "/settings/mail/reports", "mail_settings.reports_opened")
    story.secrets.add(opened["secret"])
    with cast.tenant.scope():
        failed, shut = factories.failed_mail("late@x.example"), factories.suppressed("gone@x.example")
    story.act(cast.admin, "POST /mail/messages/{message}/retry", f"/mail/messages/{failed}/retry", "mail.retried")
    story.act(cast.admin, "DELETE /mail/suppressions/{suppression}", f"/mail/suppressions/{shut}",
              ("suppression.lifted", {"reason": ("bounce", None)}))  # fmt: skip


def _maintenance(story: Story) -> None:
    """One that begins at once is ended; one to come is called off. Nobody is kept from anything by one of another organization."""
    cast, path = story.cast, "/maintenance-windows"
    body = {"organization": cast.fabrikam.public_id, "message": "Moving"}
    now = story.act(cast.admin, f"POST {path}", path, ("maintenance.started", {}), json=body)
    story.act(cast.admin, f"DELETE {path}/{{window}}", f"{path}/{now['id']}", "maintenance.ended")
    later = story.act(cast.admin, f"POST {path}", path, ("maintenance.scheduled", {}), json={**body, "starts_at": WORDS["starts_at"]})
    story.act(cast.admin, f"DELETE {path}/{{window}}", f"{path}/{later['id']}", ("maintenance.cancelled", {}))


def _account(story: Story) -> None:
    cast, me = story.cast, story.cast.learner
    story.act(me, "PATCH /me/profile", "/me/profile", ("user.renamed", {"name": ("", "Lea")}), json={"name": "Lea"})
    story.act(me, "PUT /me/password", "/me/password", "password.set", json={"password": PASSWORD})
    browser = cast.tenant.nobody()
    browser.me = me.me
    credentials = {"email": me.email, "password": PASSWORD}
    story.act(browser, "POST /auth/password", "/auth/password", "user.signed_in", json=credentials)
    listed = ok(browser.get("/me/sessions"))["data"]
    here = next(row["id"] for row in listed if row["current"])
    story.act(me, "DELETE /me/sessions/{session}", f"/me/sessions/{here}", "session.revoked")
    ok(cast.nobody.post("/auth/link", json={"email": me.email}), 202)
    found = re.search(r"/sign-in/link/([A-Za-z0-9_-]{43})", cast.tenant.mail_for(me.email)["text"])
    assert found
    story.act(browser, "POST /auth/link/redeem", "/auth/link/redeem", "user.signed_in", json={"token": found[1]})
    story.secrets |= {found[1], *_sessions(browser)}
    story.act(
        me, "PUT /me/password", "/me/password", "password.set", "session.revoked", json={"password": NEXT_PASSWORD, "current": PASSWORD}
    )
    story.act(me, "DELETE /me/password", "/me/password", "password.removed", json={"current": NEXT_PASSWORD})
    another = cast.tenant.sign_in(me.email)
    story.seen |= story._events().keys()
    story.act(me, "DELETE /me/sessions", "/me/sessions", "session.revoked")
    assert another.get("/me").status_code == 401
    story.act(me, "POST /auth/sign-out", "/auth/sign-out", "user.signed_out", json={})


def test_a_row_stays_within_its_columns_whatever_the_request_says(cast: Cast) -> None:
    """An overlong agent or a strange request id neither breaks the act nor reaches the record as it is."""
    headers = {"User-Agent": "A" * 4000, "X-Request-Id": "bad id with blanks"}
    answer = cast.owner.patch(cast.org, json={"name": "Long"}, headers=headers)
    ok(answer)
    event = ok(cast.owner.get(f"{cast.org}/audit-events"))["data"][0]
    assert event["user_agent"] == "A" * 300
    assert event["request_id"] == answer.headers["x-request-id"] != headers["X-Request-Id"]


@pytest.mark.parametrize("given", ["10.0.0.1", "10.0.0.1, 10.0.0.2", "not an address"])
def test_an_address_that_the_client_makes_up_is_not_believed(given: str, cast: Cast) -> None:
    """Without trusted proxies X-Forwarded-For is anybody's to write."""
    response: httpx.Response = cast.owner.patch(cast.org, json={"name": "Forwarded"}, headers={"X-Forwarded-For": given})
    ok(response)
    assert ok(cast.owner.get(f"{cast.org}/audit-events"))["data"][0]["ip"] == "127.0.0.1"
