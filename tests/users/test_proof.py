"""Dangerous acts ask for a fresh proof of identity: at every door, page and API alike, for sessions and not for keys."""

from __future__ import annotations

import re

from tenantry.people.models import User
from tenantry.people.passwords import set_password

from ..factories import OPERATOR
from ..people import Cast, Client, ok, problem
from .test_factors import PASSWORD, with_app

STALE = "reauthentication_required"


def _dangerous(cast: Cast, client: Client) -> dict[str, int]:
    """What each dangerous door answers."""
    owner, key = {"role": "owner"}, {"name": "Zapier", "scopes": ["people"], "organization": cast.contoso.public_id}
    hook = {"url": "https://hooks.example/contoso", "events": ["webhook.test"], "organization": cast.contoso.public_id}
    found = {
        "key": client.post("/keys", json=key),
        "export": client.get(f"{cast.org}/audit-events/export"),
        "owner": client.patch(cast.member_at("maintainer"), json=owner),
        "invitation": client.post(f"{cast.org}/invitations", json={"email": "new@contoso.example", **owner}),
        "app": client.post("/me/factors/totp"),
        "webhook": client.post("/webhook-endpoints", json=hook),
        "deletion": client.delete(cast.org),
    }
    for answer in found.values():
        assert answer.status_code < 300 or answer.json()["code"] == STALE, answer.text
    return {name: answer.status_code for name, answer in found.items()}


def test_dangerous_acts_are_closed_a_quarter_of_an_hour_after_the_last_proof(cast: Cast) -> None:
    with cast.tenant.scope():
        set_password(user=User.objects.get(id=cast.owner.me.id), password=PASSWORD, actor=OPERATOR)
    owner = cast.tenant.sign_in(cast.owner.email)
    cast.tenant.move_clock(minutes=16)
    assert set(_dangerous(cast, owner).values()) == {403}
    ok(owner.patch(cast.member_at("learner"), json={"role": "manager"}))  # what is no danger goes on
    page = owner.get(f"{cast.tenant.url}/o/contoso/keys/new")
    assert page.status_code == 302 and "/prove?next=" in page.headers["location"], page.text
    asked = owner.get(page.headers["location"].replace(f"/t/{cast.tenant.slug}", cast.tenant.url))
    assert asked.status_code == 200 and "password" in asked.text
    sent = owner.post(
        f"{cast.tenant.url}/o/contoso/deletion", data={"slug": "contoso"}, headers={"Referer": f"{cast.tenant.url}/o/contoso/settings"}
    )
    assert sent.status_code == 302 and sent.headers["location"].endswith("contoso%2Fsettings"), (sent.status_code, sent.headers)
    problem(owner.post("/auth/proof", json={"password": "wrong"}), 422, "password_wrong")
    problem(owner.post("/auth/proof", json={"password": PASSWORD, "code": "1"}), 422, "validation_failed")
    assert ok(owner.get("/auth/proof"))["ways"] == ["password", "link"]
    ok(owner.post("/auth/proof", json={"password": PASSWORD}))
    assert set(_dangerous(cast, owner).values()) <= {200, 201, 204}
    actions = [event["action"] for event in ok(cast.admin.get("/audit-events", params={"category": "access", "limit": 20}))["data"]]
    assert "user.proved" in actions and "user.proof_refused" in actions


def test_a_mailed_link_or_a_code_proves_it_too(cast: Cast) -> None:
    secret, codes = with_app(cast.learner)
    assert secret
    cast.tenant.move_clock(minutes=16)
    problem(cast.learner.post("/me/recovery-codes"), 403, STALE)
    ok(cast.learner.post("/auth/proof", json={"code": codes[0]}))
    ok(cast.learner.post("/me/recovery-codes"), 201)
    cast.tenant.move_clock(minutes=32)
    problem(cast.learner.post("/me/recovery-codes"), 403, STALE)
    ok(cast.learner.post("/auth/proof/link"), 202)
    text = next(mail["text"] for mail in cast.tenant.mails_for(cast.learner.email) if mail["template"] == "proof")
    found = re.search(r"/prove/link/([A-Za-z0-9_-]{43})", text)
    assert found
    problem(cast.owner.post("/auth/proof", json={"token": found[1]}), 410, "link_expired")
    problem(cast.nobody.post("/auth/link/redeem", json={"token": found[1]}), 410, "link_expired")
    ok(cast.learner.post("/auth/proof", json={"token": found[1]}))
    problem(cast.learner.post("/auth/proof", json={"token": found[1]}), 410, "link_expired")
    ok(cast.learner.post("/me/recovery-codes"), 201)


def test_a_key_proves_itself_with_every_request(cast: Cast) -> None:
    cast.tenant.move_clock(minutes=16)
    assert cast.admin.get(f"{cast.org}/audit-events/export").status_code == 200
    ok(cast.admin.patch(cast.member_at("maintainer"), json={"role": "owner"}))
