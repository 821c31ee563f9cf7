"""Enforced single sign-on: nobody gets past it on any path, and nobody is locked out by it."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta

import httpx
import pytest

from tenantry.audit.services import CLI
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem
from tenantry.people.links import make_link
from tenantry.people.passwords import set_password
from tenantry.sso import enforcing, recovery
from tenantry.sso.connections import lock
from tenantry.sso.models import Connection, Policy

from ..people import Cast, Client, ok, problem
from ..threads import Threads, until_waited_for
from ..users.test_passkeys import options_of, with_passkey
from .walking import Walk, code_of, connected, verified

PASSWORD = "seven green herons"


def try_out(cast: Cast, start: str, email: str = "owner@contoso.example") -> httpx.Response:
    """A test sign-in as somebody, begun by the owner."""
    connection = start.rpartition("/")[0].rpartition("/")[2]
    begun = ok(cast.owner.post(f"{cast.org}/sso-connections/{connection}/test"), 201)
    return Walk(cast.tenant).back(begun["url"], email=email, name="Olga", groups="Staff")


def enforced(cast: Cast) -> tuple[str, list[str]]:
    """Contoso enforces; returns where its people begin, and the recovery codes."""
    start = connected(cast)["ours"]["start_url"]
    assert "It works." in try_out(cast, start).text
    codes = ok(cast.owner.post(f"{cast.org}/sso-policy/recovery-codes"), 201)["codes"]
    ok(cast.owner.put(f"{cast.org}/sso-policy", json={"mode": "enforced"}))
    return start, codes


def _passwords(cast: Cast, *emails: str) -> None:
    from tenantry.people.models import User

    with cast.tenant.scope():
        for email in emails:
            set_password(user=User.objects.get(email=email), password=PASSWORD, keep_session=None, actor=CLI)


def _link(cast: Cast, email: str) -> str:
    from tenantry.people.models import User

    with cast.tenant.scope():
        return make_link(user=User.objects.get(email=email)).rpartition("/")[2]


def test_enforcing_waits_until_an_owner_could_get_in(cast: Cast) -> None:
    policy = f"{cast.org}/sso-policy"
    problem(cast.owner.put(policy, json={"mode": "test"}), 409, "sso_no_connection")
    for role in ("owner", "maintainer", "billing_admin"):
        problem(cast.owner.put(policy, json={"default_role": role}), 422, "role_not_allowed")
    made = connected(cast, domain="")
    start = made["ours"]["start_url"]
    refused = problem(cast.owner.put(policy, json={"mode": "enforced"}), 409, "sso_enforcement_unmet")
    assert refused["unmet"] == ["domain_verified", "owner_tested", "recovery_codes"]
    page = try_out(cast, start)
    assert "this person would stay out" in page.text, "a test shows what would happen: the domain isn't verified"
    assert "sso_domain_not_verified" in page.text
    with cast.tenant.scope():
        verified(cast.contoso, "contoso.example")
    assert "added to Contoso as learner" in try_out(cast, start, "new@contoso.example").text
    assert "It works." in try_out(cast, start, "learner@contoso.example").text
    assert ok(cast.owner.get(f"{cast.org}/sso-connections/{made['id']}"))["tested_at"] is None
    rows = Connection.objects.filter(organization=cast.contoso)
    with cast.tenant.scope():
        rows.update(refused_at=now(), refused_code="saml_x")
    assert "It works." in try_out(cast, start).text
    assert ok(cast.owner.get(f"{cast.org}/sso-connections/{made['id']}"))["troubles"] == []
    last = ok(cast.owner.get(f"{cast.org}/sso-connections/{made['id']}"))["last_test"]
    assert (last["email"], last["claims"]["groups"], last["would"]["role"]) == ("owner@contoso.example", ["Staff"], "owner")
    ok(cast.owner.post(f"{policy}/recovery-codes"), 201)
    problem(cast.maintainer.put(policy, json={"mode": "enforced"}), 403, "permission_denied")
    cast.tenant.move_clock(minutes=20)
    for mode in ("enforced", "off"):
        problem(cast.owner.put(policy, json={"mode": mode}), 403, "reauthentication_required")
    problem(cast.owner.post(f"{policy}/break-glass", json={"reason": "x"}), 403, "reauthentication_required")
    at = f"{cast.org}/sso-connections/{made['id']}"  # people sign in by it, so it says who is who
    problem(cast.owner.patch(at, json={"sso_url": "https://elsewhere.example/sso"}), 403, "reauthentication_required")
    problem(cast.owner.post(f"{cast.org}/sso-connections", json={"kind": "saml", "preset": "test"}), 403, "reauthentication_required")
    assert "/prove" in cast.owner.get(f"{cast.tenant.url}/o/contoso/sso/{made['id']}/mapping").headers["location"]
    fresh = cast.tenant.sign_in("owner@contoso.example")
    # A test of yesterday is none, nor is one of what was changed since, or meanwhile.
    late, begun = Walk(cast.tenant), ok(fresh.post(f"{at}/test"), 201)
    onward = late.deliver(*late.answer(late.at_provider(begun["url"]), email="owner@contoso.example")).headers["location"]
    for hours, mapping in ((25, {}), (0, {"name": "cn"})):
        with cast.tenant.scope():
            rows.update(tested_at=now() - timedelta(hours=hours))
        if mapping:
            ok(fresh.patch(at, json={"mapping": mapping}))
            assert code_of(late.get(onward)) == "sso_flow_unknown"
        assert problem(fresh.put(policy, json={"mode": "enforced"}), 409, "sso_enforcement_unmet")["unmet"] == ["owner_tested"]
    with cast.tenant.scope():
        rows.update(tested_at=now())
    ok(fresh.put(policy, json={"mode": "enforced"}))
    ok(fresh.get("/me"))  # hers goes on
    for role in ("owner", "learner"):
        assert cast[role].get("/me").status_code == 401, "the others' sessions have ended"
    ok(cast.outsider.get("/me"))
    problem(fresh.delete(at), 409, "sso_last_way_in")
    problem(fresh.patch(at, json={"idp_entity_id": ""}), 409, "sso_last_way_in")
    assert ok(fresh.get(at))["state"] == "ready"
    # Another day the rest of the policy can still be changed; but people are sent to no provider that no owner has come in by.
    with cast.tenant.scope():
        rows.update(tested_at=now() - timedelta(days=2))
    ok(fresh.put(policy, json={"mode": "enforced", "default_role": "manager"}))
    draft = ok(fresh.post(f"{cast.org}/sso-connections", json={"kind": "saml"}), 201)["id"]
    problem(fresh.put(policy, json={"primary": draft}), 409, "sso_connection_incomplete")
    turn_on = f"{cast.tenant.url}/o/contoso/sso/{draft}"
    assert "completely set up" in fresh.get(f"{turn_on}/on").text and "Send people" not in fresh.get(f"{turn_on}/on").text
    assert "Still missing" in fresh.get(f"{turn_on}/test").text and "Begin a test" not in fresh.get(f"{turn_on}/test").text
    untried = ok(fresh.post(f"{cast.org}/sso-connections", json={"kind": "saml", "preset": "test"}), 201)["id"]
    assert problem(fresh.put(policy, json={"primary": untried}), 409, "sso_enforcement_unmet")["unmet"] == ["owner_tested"]
    problem(fresh.delete(at), 409, "sso_last_way_in")
    ok(fresh.patch(at, json={"mapping": {}}))  # which is untested by that; and then another one is tried
    with cast.tenant.scope():
        rows.filter(last_test__isnull=True).update(tested_at=now(), last_test={})
    assert ok(cast.nobody.post("/auth/sso/domain-check", json={"email": "x@contoso.example"}))["url"].startswith(start)
    problem(fresh.delete(f"{cast.org}/sso-connections/{untried}"), 409, "sso_last_way_in")
    with cast.tenant.scope():
        rows.update(tested_at=now())
    ok(fresh.delete(f"{cast.org}/sso-connections/{untried}"), 204)
    # A domain more: it is for the people of that one, too, and not from their next sign-in on.
    ann = cast.tenant.sign_in("ann@agency.example")
    domain = ok(fresh.post(f"{cast.org}/domains", json={"domain": "agency.example"}), 201)["id"]
    ok(ann.get("/me"))
    policy_row = Policy.objects.filter(organization=cast.contoso)
    with cast.tenant.scope():
        policy_row.update(mode="test")
    with Threads(1) as pool, cast.tenant.scope() as entered:  # also where it is enforced at the same moment
        lock(cast.contoso)
        told = {"decision": "verify", "reason": "Known"}
        deciding = pool.submit(cast.admin.post, f"{cast.org}/domains/{domain}/decision", json=told)
        until_waited_for(entered.using)
        policy_row.update(mode="enforced")
    ok(deciding.result())
    assert ann.get("/me").status_code == 401
    ok(fresh.get("/me"))
    with cast.tenant.scope():
        sent = cast.tenant.mails_for("owner@contoso.example")[0]
    assert sent["subject"] == "Single sign-on is now enforced"
    ok(fresh.put(policy, json={"mode": "off"}))
    assert "turned single sign-on off" in cast.tenant.mails_for("owner@contoso.example")[0]["text"]


def test_no_path_leads_around_it(cast: Cast) -> None:
    _passwords(cast, "learner@contoso.example", "owner@fabrikam.example")
    cast.tenant.staff("sam@contoso.example", "support").close()
    _passwords(cast, "sam@contoso.example")
    start, _ = enforced(cast)
    refused = problem(
        cast.nobody.post("/auth/password", json={"email": "learner@contoso.example", "password": PASSWORD}), 403, "sso_required"
    )
    assert refused["start_url"] == start
    assert "note" not in refused and "user" not in refused
    problem(cast.nobody.post("/auth/link/redeem", json={"token": _link(cast, "learner@contoso.example")}), 403, "sso_required")
    with cast.tenant.scope():
        from tenantry.people.links import recovery_url

        token = recovery_url(email="learner@contoso.example").rpartition("/")[2]
    problem(cast.nobody.post("/auth/link/redeem", json={"token": token}), 403, "sso_required")
    # An invitation of somebody else's organization to an address of Contoso's.
    ok(
        cast.admin.post(
            f"/organizations/{cast.fabrikam.public_id}/invitations", json={"email": "learner@contoso.example", "role": "learner"}
        ),
        201,
    )
    invited = cast.tenant.invitation_token("learner@contoso.example")
    assert cast.tenant.nobody().post("/invitations/accept", json={"token": invited}).status_code in (401, 403)
    ok(
        cast.admin.post(
            f"/organizations/{cast.fabrikam.public_id}/invitations", json={"email": "quite.new@contoso.example", "role": "learner"}
        ),
        201,
    )
    invited = cast.tenant.invitation_token("quite.new@contoso.example")
    problem(cast.tenant.nobody().post("/invitations/accept", json={"token": invited}), 403, "sso_required")
    # Another organization's provider speaks for nobody of Contoso's.
    other = ok(cast.admin.post(f"/organizations/{cast.fabrikam.public_id}/sso-connections", json={"kind": "saml", "preset": "test"}), 201)
    ok(cast.admin.put(f"/organizations/{cast.fabrikam.public_id}/sso-policy", json={"mode": "test"}))
    assert code_of(Walk(cast.tenant).back(other["ours"]["start_url"], email="learner@contoso.example")) == "sso_domain_of_another"
    with cast.tenant.scope(), pytest.raises(Problem, match="its own identity provider"):
        enforcing.veto(cast.learner.me, "sso", Connection.objects.get(organization=cast.fabrikam).id)
    # Those whom it doesn't concern, and the way that is meant.
    ok(cast.tenant.nobody().post("/auth/password", json={"email": "owner@fabrikam.example", "password": PASSWORD}))
    ok(cast.tenant.nobody().post("/auth/password", json={"email": "sam@contoso.example", "password": PASSWORD}))
    assert Walk(cast.tenant).back(start, email="learner@contoso.example").status_code == 302
    page = Walk(cast.tenant).http.post(f"{cast.tenant.url}/sign-in", data={"email": "anybody@contoso.example"})
    assert 'http-equiv="refresh"' in page.text
    assert "Mail me a link" not in page.text


def test_breaking_the_glass(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    _passwords(cast, "owner@contoso.example", "learner@contoso.example")
    cast.owner.cookies.jar.clear()
    cast._clients["owner"] = cast.tenant.sign_in("owner@contoso.example")
    _, codes = enforced(cast)
    assert len(set(codes)) == 10

    def kept_out(walk: Walk, email: str) -> str:
        page = walk.http.post(f"{cast.tenant.url}/sign-in/password", data={"email": email, "password": PASSWORD})
        assert page.status_code == 403, page.text
        found = re.search(r'name="note" value="([^"]+)"', page.text)
        return found[1] if found else ""

    assert kept_out(Walk(cast.tenant), "learner@contoso.example") == "", "codes are for owners"
    walk = Walk(cast.tenant)
    note = kept_out(walk, "owner@contoso.example")
    with cast.tenant.scope():
        others = recovery.make_codes(organization=cast.fabrikam, actor=CLI)
    wrong = walk.post("/sign-in/recovery", note=note, code=others[0])
    assert wrong.status_code == 422 and "no code of your organization" in wrong.text
    with cast.other_tenant.scope():
        foreign = enforcing.proven(cast.owner.me, "password")
    before = time.time() - recovery.PROVEN_SECONDS - 1
    with monkeypatch.context() as then, cast.tenant.scope():
        then.setattr(time, "time", lambda: before)
        old = enforcing.proven(cast.owner.me, "password")
    for unusable in (foreign, old):
        with cast.tenant.scope(), pytest.raises(Problem, match="longer than ten minutes"):
            recovery.use_code(note=unusable, code=codes[0])
    assert walk.post("/sign-in/recovery", note=note + "x", code=codes[0]).status_code == 403
    assert walk.post("/sign-in/recovery", note=note, code=codes[0].upper()).status_code == 302
    ok(walk.http.get("/me"))
    again = Walk(cast.tenant)
    assert again.post("/sign-in/recovery", note=kept_out(again, "owner@contoso.example"), code=codes[0]).status_code == 422, "once"
    assert "recovery code" in cast.tenant.mails_for("owner@contoso.example")[0]["text"]
    # A window: owners, and nobody else.
    inside: Client = walk.api
    window = f"{cast.org}/sso-policy/break-glass"
    problem(inside.post(window, json={"hours": 73, "reason": "x"}), 422, "validation_failed")
    problem(inside.post(window, json={"reason": "  "}), 422, "reason_missing")
    ok(inside.post(window, json={"reason": "IdP down"}), 201)
    problem(inside.post(window, json={"reason": "again"}), 409, "state_conflict")
    ok(cast.tenant.nobody().post("/auth/password", json={"email": "owner@contoso.example", "password": PASSWORD}))
    told = [mail["subject"] for mail in cast.tenant.mails_for("owner@contoso.example")[:2]]
    assert told == ["Somebody signed in past single sign-on", "A window past single sign-on was opened"]
    problem(cast.nobody.post("/auth/password", json={"email": "learner@contoso.example", "password": PASSWORD}), 403, "sso_required")
    assert {"sso.recovery_code_used", "sso.window_opened", "sso.window_used"} <= set(cast.actions())
    device = with_passkey(inside)
    cast.tenant.move_clock(hours=5)
    problem(cast.nobody.post("/auth/password", json={"email": "owner@contoso.example", "password": PASSWORD}), 403, "sso_required")
    # Whoever proved who they are by a passkey is shown the same way as by a password.
    by_passkey = Walk(cast.tenant)
    credential = json.dumps(device.get(options_of(by_passkey.http, "/auth/passkey/options")))
    page = by_passkey.http.post(f"{cast.tenant.url}/sign-in/passkey", data={"credential": credential})
    found = re.search(r'name="note" value="([^"]+)"', page.text)
    assert page.status_code == 403 and "Sign in with Contoso" in page.text and found
    assert by_passkey.post("/sign-in/recovery", note=found[1], code=codes[1]).status_code == 302
    # Staff lift it, with a reason; owners can't by that door, nor auditors.
    problem(cast.tenant.key("auditor").post(f"{cast.org}/sso-policy/lift", json={"reason": "x"}), 403, "permission_denied")
    assert ok(cast.tenant.key("support").post(f"{cast.org}/sso-policy/lift", json={"reason": "by phone"}))["mode"] == "test"
    ok(cast.tenant.nobody().post("/auth/password", json={"email": "learner@contoso.example", "password": PASSWORD}))
    assert "by phone" in cast.tenant.mails_for("owner@contoso.example")[0]["text"]
