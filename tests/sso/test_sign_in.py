"""Signing in by an organization's provider, end to end against the built-in one: who comes in, who doesn't, and that each says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx

from tenantry.audit.services import CLI
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.kit.clock import now
from tenantry.people.models import User
from tenantry.people.users import ensure_user
from tenantry.scim.models import ScimUser
from tenantry.sso.arrival import GOOGLE, private_account
from tenantry.sso.joining import session_end
from tenantry.sso.mapping import Proof
from tenantry.sso.models import Connection, Identity

from ..people import Cast, ok, problem, race
from ..scim.directory import Directory
from ..threads import Threads, until_waited_for
from .walking import Walk, code_of, connected


def test_a_new_colleague_signs_in_accepts_the_terms_and_is_a_member(cast: Cast) -> None:
    mapping = {"custom": {"department": "dept", "site": "location"}}
    made = connected(cast, group_roles=[{"group": "Plant managers", "role": "manager"}], mapping=mapping)
    start = made["ours"]["start_url"]
    walk = Walk(cast.tenant)
    grace = {"email": "grace@contoso.example", "name": "Grace Hopper", "groups": "Plant managers\nStaff"}
    back = walk.back(f"{start}?next=/account", **grace, more="dept = Research\ncost_centre = 4711")
    assert back.status_code == 302, back.text
    assert back.headers["location"].endswith("/account")
    assert walk.http.get("/me").status_code == 401, "the terms stand before everything"
    assert walk.get("/sign-in").headers["location"].startswith(f"/t/{cast.tenant.slug}/terms")
    assert cast.tenant.sign_in("grace@contoso.example").get("/me").status_code == 401, "by every other way too"
    assert walk.post("/terms").status_code == 302
    me = ok(walk.http.get("/me/profile"))
    assert me["email"] == "grace@contoso.example"
    actions = cast.actions()
    assert {"member.joined", "sso.identity_linked"} <= set(actions)
    listed = ok(cast.owner.get(f"{cast.org}/members", params={"email": "grace@contoso.example"}))["data"]
    assert [(row["role"], row["name"], row["attributes"]) for row in listed] == [("manager", "Grace Hopper", {"department": "Research"})]
    # A second time by another browser: the same person, no terms; the groups are others now, and so is the role.
    again = Walk(cast.tenant)
    assert again.back(start, email="grace@contoso.example", groups="Staff").status_code == 302
    assert ok(again.http.get("/me/profile"))["id"] == me["id"]
    at = f"{cast.org}/members/{listed[0]['id']}"
    assert ok(cast.owner.get(at))["attributes"] == {}, "what the provider no longer says is gone"
    assert again.back(start, email="grace@contoso.example", more="dept = Sales\nlocation = Oslo").status_code == 302
    assert ok(cast.owner.get(at))["attributes"] == {"department": "Sales", "site": "Oslo"}
    shown = Walk(cast.tenant, cast.owner).get(f"/o/contoso/members/{listed[0]['id']}").text
    assert "From the identity provider" in shown and "Oslo" in shown
    assert "attributes" not in ok(cast.learner.get(f"{cast.org}/members"))["data"][0], "for who may read members"
    told = ok(cast.admin.get(f"{cast.org}/audit-events", params={"action": "sso.attributes_changed"}))["data"]
    assert [event["changes"]["attributes"]["after"] for event in told] == [["department", "site"], ["department"], ["department"]]
    assert not any(value in str(told) for value in ("Sales", "Oslo", "Research")), "names, not values"
    # What the provider calls her is who she is: another subject with her address may be anybody whom it lets choose one.
    other = Walk(cast.tenant)
    assert code_of(other.back(start, email="grace@contoso.example", subject="g-2")) == "sso_subject_changed"
    # An owner says that it is her; then the old name finds her no more.
    ok(cast.owner.delete(at))
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "grace@contoso.example", "role": "learner"}), 201)
    assert other.back(start, email="grace@contoso.example", subject="g-2", more="dept = Legal").status_code == 302
    assert ok(other.http.get("/me/profile"))["id"] == me["id"]
    assert code_of(Walk(cast.tenant).back(start, email="grace@contoso.example")) == "sso_subject_changed"
    assert cast.actions().count("sso.identity_unlinked") == 1, "the old name's end is on the record"
    with cast.tenant.scope():  # of two providers the one used last; what another organization's says of her is that one's
        grace = User.objects.get(email="grace@contoso.example")
        for organization, said in ((cast.contoso, {"department": "Old", "site": "Oslo"}), (cast.fabrikam, {"site": "Rome"})):
            second = Connection(organization=organization, kind="oidc", name="Second", preset="generic")
            second.save(force_insert=True)
            told = {"subject": "s", "custom": said, "last_used_at": now() - timedelta(hours=1)}
            Identity(organization=organization, connection=second, user=grace, **told).save(force_insert=True)
    assert ok(cast.admin.get(at))["attributes"] == {"department": "Legal", "site": "Oslo"}
    assert Walk(cast.tenant).back(start, email="owner@contoso.example", groups="Plant managers").status_code == 302
    assert ok(cast.owner.get(cast.member_at("owner")))["role"] == "owner" and "sso.role_kept" not in cast.actions()
    cast.tenant.move_clock(hours=7)
    ok(other.http.get("/me"))
    cast.tenant.move_clock(hours=9)
    assert (other.http.get("/me").status_code, cast.owner.get("/me").status_code) == (401, 200), "the provider's session had eight hours"
    with cast.tenant.scope():
        proof = Proof(subject="g", session_until=(datetime.now(UTC) + timedelta(hours=2)).isoformat())
        until = session_end(second, proof)
        assert until is not None and abs(until - now() - timedelta(hours=2)) < timedelta(minutes=1), "by our clock, which is another"
        User.objects.filter(id=grace.id).update(email="grace@elsewhere.example")
    assert code_of(Walk(cast.tenant).back(start, email="grace@contoso.example", subject="g-2")) == "sso_domain_not_verified"


def test_a_provider_names_who_has_no_name_yet(cast: Cast) -> None:
    start = connected(cast)["ours"]["start_url"]
    cast.tenant.sign_in("lin@contoso.example")  # an account without a name
    for name in ("Lin", "Somebody Else"):
        walk = Walk(cast.tenant)
        assert walk.back(start, email="lin@contoso.example", name=name).status_code == 302
        walk.post("/terms")
        assert ok(walk.http.get("/me/profile"))["name"] == "Lin"
    told = ok(cast.admin.get("/audit-events", params={"action": "user.renamed"}))["data"]
    assert [row["changes"] for row in told] == [{"name": {"before": "", "after": "Lin"}}]


def test_each_refusal_has_its_code_and_is_on_the_record(cast: Cast) -> None:
    made = connected(cast)
    start = made["ours"]["start_url"]
    ok(cast.owner.post(f"{cast.member_at('expert')}/suspension", json={"reason": "away"}))
    ok(cast.owner.delete(cast.member_at("support"), params={"reason": "gone"}))
    cast.tenant.staff("nora@contoso.example", "support").close()
    with Directory(cast.tenant, cast.contoso) as directory:
        directory.user("u-77", active=False, emails=[{"value": "Away@contoso.example", "type": "work"}])
    for person, code in (
        ({"email": "owner@fabrikam.example"}, "sso_domain_not_verified"),
        ({"email": "eve@elsewhere.example"}, "sso_domain_not_verified"),
        ({"email": "expert@contoso.example"}, "sso_member_suspended"),
        ({"email": "support@contoso.example"}, "sso_member_removed"),
        ({"email": "nora@contoso.example"}, "sso_staff_refused"),
        ({"email": "away@contoso.example"}, "sso_directory_inactive"),
        ({"email": "x@contoso.example", "more": "email_verified = false"}, "sso_email_unverified"),
        ({"email": "x@contoso.example", "fault": "unsigned"}, "saml_assertion_unsigned"),
        ({"email": "x@contoso.example", "fault": "expired"}, "saml_confirmation_expired"),
    ):
        walk = Walk(cast.tenant)
        page = walk.back(start, **person)
        assert page.status_code == 403, page.text
        assert code_of(page) == code
        assert walk.http.get("/me").status_code == 401
    one = f"{cast.org}/sso-connections/{made['id']}"
    (trouble,) = ok(cast.owner.get(one))["troubles"]
    assert (trouble["code"], "saml_confirmation_expired" in trouble["detail"]) == ("answer_refused", True), "of answers, not of people"
    assert ok(cast.admin.get("/sso-troubles"))["data"][0]["troubles"] == [trouble]
    events = ok(cast.admin.get(f"{cast.org}/audit-events", params={"limit": 200}))["data"]
    refused = [event["reason"] for event in events if event["action"] == "sso.sign_in_refused"]
    assert len(refused) == 9
    assert Walk(cast.tenant).back(start, email="learner@contoso.example").status_code == 302
    assert ok(cast.owner.get(one))["troubles"] == [], "one that is right, and it is forgotten"
    # Who was removed comes back when an owner invites them, with the role that was offered.
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "support@contoso.example", "role": "manager"}), 201)
    assert Walk(cast.tenant).back(start, email="support@contoso.example").status_code == 302
    assert ok(cast.owner.get(cast.member_at("support")))["role"] == "manager"
    # Without just-in-time membership only who was invited gets in, to answer.
    ok(cast.owner.put(f"{cast.org}/sso-policy", json={"jit": False}))
    assert code_of(Walk(cast.tenant).back(start, email="new@contoso.example")) == "sso_not_a_member"
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "new@contoso.example", "role": "manager"}), 201)
    assert Walk(cast.tenant).back(start, email="new@contoso.example").status_code == 302
    # The organization of another domain speaks for it.
    with cast.tenant.scope():
        from .walking import verified

        verified(cast.fabrikam, "fabrikam.example")
    assert code_of(Walk(cast.tenant).back(start, email="owner@fabrikam.example")) == "sso_domain_of_another"


def test_of_google_workspaces_alone_count() -> None:
    """Its issuer speaks for everybody: also for a private account under the company's address, whose owner has left it."""
    private = Proof(subject="1", email="gone@contoso.example", email_verified=True)
    refused = private_account(f"{GOOGLE}/", private)
    assert refused is not None and refused.code == "sso_google_private"
    assert private_account(GOOGLE, replace(private, attributes={"hd": ["contoso.example"]})) is None
    assert private_account("https://idp.contoso.example", private) is None


def test_an_answer_counts_once_and_in_the_browser_that_asked(cast: Cast) -> None:
    start = connected(cast)["ours"]["start_url"]
    walk = Walk(cast.tenant)
    url, fields = walk.answer(walk.at_provider(start), email="learner@contoso.example")
    delivered = race(*[lambda: walk.deliver(url, fields)] * 4)
    assert sorted(answer.status_code for answer in delivered) == [303, 403, 403, 403]
    assert {code_of(answer) for answer in delivered if answer.status_code == 403} <= {"sso_flow_used", "sso_replayed"}
    onward = next(answer.headers["location"] for answer in delivered if answer.status_code == 303)
    stranger = Walk(cast.tenant).get(onward)
    assert code_of(stranger) == "sso_browser_mismatch", "a way in that somebody sends me signs me in as nobody"
    finished = race(*[lambda: walk.get(onward)] * 3)
    assert sorted(answer.status_code for answer in finished) == [302, 403, 403]
    # An answer for which nobody asked, and one for a request of another browser's flow.
    unasked = {"SAMLResponse": fields["SAMLResponse"]}
    assert code_of(walk.deliver(url, unasked)) in ("sso_flow_used", "sso_replayed")
    assert code_of(walk.deliver(url, {"SAMLResponse": "bm90IHhtbA=="})).startswith("saml_")
    assert httpx.post(url, data={}).status_code == 403
    # Ten minutes, at the provider and between the two halves of the way back.
    late, provider = Walk(cast.tenant), walk.at_provider(start)
    waiting = late.deliver(*late.answer(late.at_provider(start), email="learner@contoso.example")).headers["location"]
    cast.tenant.move_clock(minutes=11)
    assert code_of(walk.deliver(*walk.answer(provider, email="learner@contoso.example"))) == "sso_flow_expired"
    assert code_of(late.get(waiting)) == "sso_flow_unknown"


def test_the_last_seat_is_taken_and_the_next_is_told(cast: Cast) -> None:
    start = connected(cast)["ours"]["start_url"]
    used = ok(cast.owner.get(f"{cast.org}/usage/seat:member"))["current"]
    ok(cast.admin.put(f"{cast.org}/entitlements/seat:member", json={"limit": used + 1, "reason": "Pilot"}))
    assert Walk(cast.tenant).back(start, email="one@contoso.example").status_code == 302
    for person in ("two@contoso.example", "three@contoso.example"):
        page = Walk(cast.tenant).back(start, email=person)
        assert code_of(page) == "sso_no_seat"
        assert "No seat is free" in page.text
    cast.tenant.mail_for("owner@contoso.example")
    cast.tenant.jobs_done()
    mails = [mail for mail in cast.tenant.mails_for("owner@contoso.example") if mail["template"] == "sso_no_seat"]
    assert len(mails) == 1
    assert "two@contoso.example" in mails[0]["text"]
    with cast.tenant.scope():
        from tenantry.people.models import User

        assert not User.objects.filter(email="two@contoso.example").exists(), "who can't join isn't made known either"


def test_a_directory_that_was_faster_is_heard(cast: Cast) -> None:
    """Somebody signs in for the first time while their directory speaks of them, too: the seats are held before the person."""
    start = connected(cast)["ours"]["start_url"]
    for name, answer in (("wanted", 302), ("unwanted", 403)):
        walk, email = Walk(cast.tenant), f"{name}@contoso.example"
        onward = walk.deliver(*walk.answer(walk.at_provider(start), email=email)).headers["location"]
        with Threads(1) as pool:
            with cast.tenant.scope() as entered:
                limits.lock(cast.contoso.id, SEATS)
                coming = pool.submit(walk.get, onward)
                until_waited_for(entered.using)
                if answer == 302:
                    ensure_user(email=email, actor=CLI)
                else:
                    told = {"user_name": email, "user_name_key": email, "address_key": email, "active": False, "data": {}}
                    ScimUser(organization_id=cast.contoso.id, **told).save(force_insert=True)
            page = coming.result()
        assert page.status_code == answer, page.text
    assert code_of(page) == "sso_directory_inactive"


def test_domain_check_and_the_sign_in_page_tell_of_domains_and_of_nobody(cast: Cast) -> None:
    check = "/auth/sso/domain-check"
    assert ok(cast.nobody.post(check, json={"email": "owner@contoso.example"})) == {"sso": False, "enforced": False, "url": None}
    made = connected(cast)
    known = ok(cast.nobody.post(check, json={"email": "owner@contoso.example"}))
    unknown = ok(cast.nobody.post(check, json={"email": "nobody@contoso.example"}))
    assert known["sso"] and not known["enforced"]
    assert known["url"].replace("owner%40", "nobody%40") == unknown["url"]
    walk = Walk(cast.tenant)
    page = walk.http.post(f"{cast.tenant.url}/sign-in", data={"email": "lea@contoso.example"})
    assert "Continue to Contoso IdP" in page.text
    assert "Mail me a link instead" in page.text
    with cast.tenant.scope():
        from tenantry.sso.models import Certificate

        Certificate.objects.all().delete()
    problem(cast.nobody.post(check, json={"email": "lea@contoso.example"}), 422, "sso_provider_misconfigured")
    page = walk.http.post(f"{cast.tenant.url}/sign-in", data={"email": "lea@contoso.example"})
    assert page.status_code == 422
    assert "doesn&#x27;t work at the moment" in page.text
    assert code_of(walk.get(made["ours"]["start_url"])).startswith("saml_certificate")
