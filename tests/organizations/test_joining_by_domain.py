"""What a held domain brings the people of it: joining at once, asking to, being invited together."""

from __future__ import annotations

import re

from tenantry.audit.services import CLI
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.organizations.models import Organization
from tenantry.people.models import User
from tenantry.people.passwords import set_password
from tenantry.people.users import ensure_user
from tenantry.scim.models import ScimSettings

from .. import factories
from ..people import Cast, ok, problem, race
from ..scim.directory import Directory
from ..threads import Threads, until_waited_for

DOMAIN = "contoso.example"


def _held(cast: Cast, auto_join: str) -> str:
    """Contoso holds its domain; returns the domain's address."""
    made = ok(cast.owner.post(f"{cast.org}/domains", json={"domain": DOMAIN}), 201)["id"]
    at = f"{cast.org}/domains/{made}"
    ok(cast.admin.post(f"{at}/decision", json={"decision": "verify", "reason": "Known"}))
    ok(cast.owner.patch(at, json={"auto_join": auto_join}))
    return at


def test_they_join_at_once_where_that_is_allowed(cast: Cast) -> None:
    at, contoso = _held(cast, "allow"), {"organization": cast.contoso.public_id}
    zoe, stranger = cast.tenant.sign_in(f"zoe@{DOMAIN}"), cast.tenant.sign_in("zoe@elsewhere.example")
    assert ok(stranger.get("/me/join-offers"))["data"] == []
    problem(stranger.post("/me/join-requests", json=contoso), 404, "not_found")
    with cast.tenant.scope():  # an address that nobody has proven: a password doesn't prove it
        set_password(user=ensure_user(email=f"xena@{DOMAIN}", actor=CLI)[0], password="seven green herons", actor=CLI)
    with cast.tenant.nobody() as xena:
        ok(xena.post("/auth/password", json={"email": f"xena@{DOMAIN}", "password": "seven green herons"}))
        assert ok(xena.get("/me/join-offers"))["data"] == []
    assert ok(cast.learner.get("/me/join-offers"))["data"] == []  # a member already
    with Directory(cast.tenant, cast.contoso) as directory, cast.tenant.sign_in(f"wes@{DOMAIN}") as wes:
        held_back = directory.user(f"wes@{DOMAIN}", active=False)
        assert ok(wes.get("/me/join-offers"))["data"] == [], "its directory says that he is away"
        problem(wes.post("/me/join-requests", json=contoso), 404, "not_found")
        ok(cast.owner.put(f"{cast.org}/scim-settings", json={"deprovision": False}))
        assert len(ok(wes.get("/me/join-offers"))["data"]) == 1, "where the directory takes nobody away, it keeps nobody out"
        assert held_back["active"] is False
        with Threads(1) as pool, cast.tenant.scope() as entered:  # a moment before they would be in
            limits.lock(cast.contoso.id, SEATS)
            coming = pool.submit(wes.post, "/me/join-requests", json=contoso)
            until_waited_for(entered.using)
            ScimSettings.objects.filter(organization_id=cast.contoso.id).update(deprovision=True)
        problem(coming.result(), 404, "not_found")
    (offer,) = ok(zoe.get("/me/join-offers"))["data"]
    assert (offer["name"], offer["how"], offer["request"]) == ("Contoso", "allow", None)
    for state, offers in (("suspended", 0), ("active", 1)):
        with cast.tenant.scope():
            Organization.objects.filter(id=cast.contoso.id).update(state=state)
        assert len(ok(zoe.get("/me/join-offers"))["data"]) == offers
    page = zoe.get(f"{cast.tenant.url}/").text
    assert "Your company is here" in page and "join as a learner" in page
    with cast.tenant.scope():
        factories.member(cast.fabrikam, f"vic@{DOMAIN}")
    with cast.tenant.sign_in(f"vic@{DOMAIN}") as vic:  # a member of another one hears of it on that one's home
        assert "Contoso is here, too" in vic.get(f"{cast.tenant.url}/o/fabrikam/").text
    joined = race(*(lambda: zoe.post("/me/join-requests", json=contoso) for _ in range(4)))
    assert [answer.status_code for answer in joined].count(201) == 1
    assert {answer.status_code for answer in joined} <= {201, 404, 409}
    (member,) = [row for row in ok(cast.owner.get(f"{cast.org}/members"))["data"] if row["email"] == zoe.email]
    assert (member["role"], member["status"]) == ("learner", "active")
    # Whoever was removed doesn't come back by themself: they can ask.
    ok(cast.owner.delete(f"{cast.org}/members/{member['id']}"))
    (offer,) = ok(zoe.get("/me/join-offers"))["data"]
    assert offer["how"] == "ask"
    assert ok(zoe.post("/me/join-requests", json=contoso), 201)["outcome"] == "asked"
    # No seat is free: nothing happens.
    ok(cast.admin.put(f"{cast.org}/entitlements/seat:member", json={"limit": 0, "reason": "Pilot", "force": True}))
    with cast.tenant.sign_in(f"yan@{DOMAIN}") as yan:
        problem(yan.post("/me/join-requests", json=contoso), 402, "entitlement_limit_reached")
        ok(cast.owner.patch(at, json={"auto_join": "off"}))
        assert ok(yan.get("/me/join-offers"))["data"] == []
        problem(yan.post("/me/join-requests", json=contoso), 404, "not_found")
    zoe.close()
    stranger.close()


def test_they_ask_and_owners_decide(cast: Cast) -> None:
    _held(cast, "ask")
    contoso, tenant = {"organization": cast.contoso.public_id}, cast.tenant
    zoe, yan = tenant.sign_in(f"zoe@{DOMAIN}", name="Zoe"), tenant.sign_in(f"yan@{DOMAIN}")
    asked = race(*(lambda: zoe.post("/me/join-requests", json=contoso) for _ in range(3)))
    (request,) = {ok(answer, 201)["request"] for answer in asked}
    problem(yan.delete(f"/me/join-requests/{request}"), 404, "not_found")
    second = ok(yan.post("/me/join-requests", json=contoso), 201)["request"]
    assert "Zoe" in tenant.mail_for(cast.maintainer.email)["subject"]
    assert len(tenant.mails_for(cast.owner.email)) == 1  # while one waits, further ones bring no mail
    assert "You asked" in zoe.get(f"{tenant.url}/").text
    assert [row["email"] for row in ok(cast.manager.get(f"{cast.org}/join-requests?status=pending"))["data"]] == [yan.email, zoe.email]
    problem(cast.learner.get(f"{cast.org}/join-requests"), 403, "permission_denied")
    problem(cast.manager.post(f"{cast.org}/join-requests/{request}/approval"), 403, "permission_denied")
    problem(cast.outsider.post(f"/organizations/{cast.fabrikam.public_id}/join-requests/{request}/approval"), 404, "not_found")
    listed = cast.owner.get(f"{tenant.url}/o/contoso/join-requests").text
    assert "Zoe" in listed and re.search(r"Join requests.{0,200}?>2<", listed, re.DOTALL)

    decided = race(
        lambda: cast.owner.post(f"{cast.org}/join-requests/{request}/approval"),
        lambda: cast.maintainer.post(f"{cast.org}/join-requests/{request}/approval"),
    )
    assert sorted(answer.status_code for answer in decided) == [200, 409]
    assert ok(zoe.get(cast.org))["name"] == "Contoso"
    assert "Welcome to Contoso" in tenant.mail_for(zoe.email)["subject"]
    refused = ok(cast.maintainer.post(f"{cast.org}/join-requests/{second}/refusal", json={"reason": "Ask your manager"}))
    assert (refused["status"], refused["decided_by"]) == ("refused", cast.maintainer.email)
    assert "Ask your manager" in tenant.mail_for(yan.email)["text"]
    problem(cast.owner.post(f"{cast.org}/join-requests/{second}/approval"), 409, "join_request_closed")
    problem(yan.post("/me/join-requests", json=contoso), 409, "join_request_refused")
    tenant.move_clock(days=31)
    with tenant.sign_in(yan.email) as later:
        third = ok(later.post("/me/join-requests", json=contoso), 201)["request"]
        ok(later.delete(f"/me/join-requests/{third}"), 204)
        problem(later.delete(f"/me/join-requests/{third}"), 409, "join_request_closed")
    actions = [action for action in cast.actions() if action.startswith("join_request.")]
    assert actions == [f"join_request.{deed}" for deed in ("created", "created", "approved", "refused", "created", "withdrawn")]
    zoe.close()
    yan.close()


def test_people_who_are_here_already_are_invited_together(cast: Cast) -> None:
    made = ok(cast.owner.post(f"{cast.org}/domains", json={"domain": DOMAIN}), 201)["id"]
    at = f"{cast.org}/domains/{made}"
    problem(cast.owner.get(f"{at}/people"), 409, "domain_not_verified")
    problem(cast.owner.post(f"{at}/invitations", json={}), 409, "domain_not_verified")
    ok(cast.admin.post(f"{at}/decision", json={"decision": "verify", "reason": "Known"}))
    for email in (f"zoe@{DOMAIN}", f"yan@{DOMAIN}", f"zoe@sub.{DOMAIN}", f"zoe@not{DOMAIN}"):
        cast.tenant.sign_in(email).close()
    cast.tenant.staff(f"ada@{DOMAIN}", "csm").close()
    with cast.tenant.scope():
        User.objects.filter(email=f"yan@{DOMAIN}").update(name="Yan")
        factories.member(cast.fabrikam, f"wim@{DOMAIN}")  # their address isn't proven yet
    problem(cast.maintainer.get(f"{at}/people"), 403, "permission_denied")
    assert {row["email"] for row in ok(cast.owner.get(f"{at}/people"))["data"]} == {f"zoe@{DOMAIN}", f"yan@{DOMAIN}"}
    problem(cast.owner.post(f"{at}/invitations", json={"emails": ["zoe@elsewhere.example"]}), 422, "person_unknown")
    assert ok(cast.owner.post(f"{at}/invitations", json={"emails": [f"Yan@{DOMAIN}"]}))["created"] == 1
    assert ok(cast.owner.post(f"{at}/invitations", json={}))["created"] == 1
    assert ok(cast.owner.post(f"{at}/invitations", json={})) == {"created": 0, "refused": 0, "not_notified": 0, "rows": []}
    assert "Contoso invites you" in cast.tenant.mail_for(f"zoe@{DOMAIN}")["subject"]
