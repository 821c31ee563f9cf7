"""The other ways through single sign-on: OpenID Connect, proving anew, linking, signing out on either side, and looking after it."""

from __future__ import annotations

import re
import time
from base64 import b64decode
from datetime import timedelta
from functools import partial
from html import unescape
from typing import Any

import httpx
import pytest
from django.core import signing

from tenantry.audit.services import CLI
from tenantry.kit.clock import now
from tenantry.organizations import sign_in_policy
from tenantry.organizations.models import Organization
from tenantry.people.models import Session
from tenantry.people.sessions import COOKIE
from tenantry.sso import ending, testing, troubles, upkeep
from tenantry.sso.forms import MappingForm, SamlForm
from tenantry.sso.lookups import Found
from tenantry.sso.models import Certificate, Connection, Flow, SingleSession
from tenantry.sso.saml import certificates as x509

from .. import factories
from ..people import Cast, ok, problem, race
from ..users.test_factors import with_app
from .walking import Walk, code_of, connected


def openid(cast: Cast) -> dict[str, Any]:
    """Contoso with the built-in provider over OpenID Connect too."""
    made: dict[str, Any] = ok(cast.owner.post(f"{cast.org}/sso-connections", json={"kind": "oidc", "preset": "test"}), 201)
    assert made["state"] == "ready", made
    assert made["has_client_secret"]
    return made


def back(walk: Walk, start: str, **person: str) -> httpx.Response:
    """There and back over OpenID Connect."""
    answered = walk.http.post(walk.at_provider(start), data=person)
    assert answered.status_code == 302, answered.text
    return walk.get(answered.headers["location"])


def onward(page: httpx.Response) -> str:
    """Where a page leads that goes on by itself."""
    found = re.search(r'http-equiv="refresh" content="\d;url=([^"]+)"', page.text)
    assert found, page.text
    return unescape(found[1])


def test_a_provider_is_a_second_factor_for_its_own_organization_alone(cast: Cast) -> None:
    start = connected(cast)["ours"]["start_url"]
    for asking, step in (("contoso", ""), ("fabrikam", "second_factor_setup")):
        organization = getattr(cast, asking)
        with cast.tenant.scope():
            if asking == "fabrikam":
                factories.member(organization, "learner@contoso.example")
            sign_in_policy.save(organization=organization, values={"second_factor": "required", "grace_days": 0}, exempt=True, actor=CLI)
        walk = Walk(cast.tenant)
        assert walk.back(start, email="learner@contoso.example").status_code == 302
        answer = walk.http.get("/me")
        assert (answer.status_code == 200) == (not step), (asking, answer.text)
        assert step in answer.text
        if asking == "contoso":  # also for somebody new, whose next step is asked for when the terms are accepted
            new = Walk(cast.tenant)
            assert new.back(start, email="new@contoso.example").status_code == 302
            assert new.post("/terms").status_code == 302
            with cast.tenant.scope():
                assert Session.objects.get(user__email="new@contoso.example").awaits == ""
            ok(new.http.get("/me"))
    # Who has a factor is asked for it there.
    with_app(walk.api)
    again = Walk(cast.tenant)
    assert again.back(start, email="learner@contoso.example").status_code == 302
    problem(again.http.get("/me"), 401, "second_factor_required")


def test_openid_connect_from_end_to_end(cast: Cast) -> None:
    connected(cast)
    made = openid(cast)
    start = made["ours"]["start_url"]
    walk = Walk(cast.tenant)
    done = back(walk, f"{start}?next=/account", email="grace@contoso.example", name="Grace Hopper", groups="Staff")
    assert (done.status_code, done.headers["location"]) == (302, "/account"), done.text
    assert walk.post("/terms").status_code == 302
    assert ok(walk.http.get("/me/profile"))["name"] == "Grace Hopper"
    # State and code are this browser's, once.
    other = Walk(cast.tenant)
    answered = other.http.post(other.at_provider(start), data={"email": "learner@contoso.example"})
    stolen = answered.headers["location"]
    assert code_of(Walk(cast.tenant).get(stolen)) == "sso_browser_mismatch"
    assert other.get(stolen).status_code == 302
    assert code_of(other.get(stolen)) in ("sso_flow_used", "sso_browser_mismatch")
    assert code_of(walk.get(f"{made['ours']['callback_url']}?code=x&state=made-up")) == "oidc_state_mismatch"
    away = Walk(cast.tenant)
    state = re.search(r"[?&]state=([^&]+)", away.at_provider(start))
    assert state
    declined = away.get(f"{made['ours']['callback_url']}?error=access_denied&state={state[1]}&iss=http%3A%2F%2Felsewhere.example")
    assert code_of(declined) == "oidc_response_issuer_mismatch"
    assert code_of(back(Walk(cast.tenant), start, email="owner@fabrikam.example")) == "sso_domain_not_verified"
    refused = ok(cast.admin.get(f"{cast.org}/audit-events", params={"action": "sso.sign_in_refused"}))["data"]
    assert refused[0]["target"]["label"] == "owner@fabrikam.example", "whom the provider meant"
    # Google can't ask anew, so nobody is sent there for it.
    assert "sso" in ok(walk.http.get("/auth/proof"))["ways"]
    with cast.tenant.scope():
        Connection.objects.filter(kind="oidc").update(issuer="https://accounts.google.com")
    assert "sso" not in ok(walk.http.get("/auth/proof"))["ways"]
    page = walk.get("/prove").text
    assert "in another way" in page and "Mail me a link" in page and "purpose=prove" not in page
    with cast.tenant.scope():
        Connection.objects.filter(kind="oidc").update(issuer=made["issuer"])
    # A client secret that is wrong is the provider's refusal, told as such.
    ok(cast.owner.patch(f"{cast.org}/sso-connections/{made['id']}", json={"client_secret": "another"}))
    assert code_of(back(Walk(cast.tenant), start, email="learner@contoso.example")) == "oidc_client_refused"


def test_proving_anew_and_linking(cast: Cast) -> None:
    start = connected(cast)["ours"]["start_url"]
    walk = Walk(cast.tenant)
    assert walk.back(start, email="learner@contoso.example").status_code == 302
    cast.tenant.move_clock(minutes=20)
    proving = f"{start}?purpose=prove&next=/account"
    assert "purpose=prove" in unescape(walk.get("/prove?next=/account").text)
    other = walk.back(proving, email="manager@contoso.example")
    assert code_of(other) == "sso_other_person"
    assert f'href="/t/{cast.tenant.slug}/prove?next=/account"' in other.text, "no dead end: there are other ways"
    with cast.tenant.scope():
        Session.objects.filter(method="sso").update(expires_at=now() + timedelta(days=14))
    assert walk.back(proving, email="learner@contoso.example").headers["location"].endswith("/account")
    assert code_of(Walk(cast.tenant).get(proving)) == "sso_other_session"
    # Whom the provider let pass without asking has proven nothing.
    kept = walk.answer(walk.at_provider(proving), email="learner@contoso.example")
    with cast.tenant.scope():
        Flow.objects.filter(purpose="prove", answered_at=None).update(begun_real=now() + timedelta(minutes=3))
    assert code_of(walk.deliver(*kept)) == "sso_not_proved_anew"
    # Somebody with an address elsewhere links themself while signed in, and then comes in by the provider.
    with cast.tenant.scope():
        from .. import factories

        factories.member(cast.contoso, "consultant@elsewhere.example")
    consultant = Walk(cast.tenant, cast.tenant.sign_in("consultant@elsewhere.example"))
    connection = re.search(r"con_\w+", start)
    assert connection
    link = f"/account/sso/{connection[0]}/link"
    assert "/prove" in Walk(cast.tenant, cast.manager).post(link).headers["location"], "a new way in, after 20 minutes"
    url, fields = consultant.answer(consultant.at_provider(onward(consultant.post(link))), email="c@agency.example", subject="c-1")
    delivered = consultant.deliver(url, fields).headers["location"]
    hers = consultant.http.cookies[COOKIE]
    consultant.http.cookies[COOKIE] = cast.manager.cookies[COOKIE]  # somebody else has signed in there meanwhile
    assert code_of(consultant.get(delivered)) == "sso_other_session"
    consultant.http.cookies[COOKIE] = hers
    begun = onward(consultant.post(link))
    assert consultant.back(begun, email="c@agency.example", subject="c-1").headers["location"].endswith("/account/sso")
    again = Walk(cast.tenant)
    assert again.back(start, email="c@agency.example", subject="c-1").status_code == 302
    assert ok(again.http.get("/me/profile"))["email"] == "consultant@elsewhere.example"
    linked = ok(again.http.get("/me/sso-identities"))["data"]
    assert [(row["subject"], row["by_person"]) for row in linked] == [("c-1", True)]
    ok(consultant.api.delete(f"/me/sso-identities/{linked[0]['id']}"), 204)
    assert code_of(Walk(cast.tenant).back(start, email="c@agency.example", subject="c-1")) == "sso_domain_not_verified"
    # The provider's session has eight hours: ours was shortened to them, and no later proof makes it longer.
    cast.tenant.move_clock(hours=1)
    assert walk.back(proving, email="learner@contoso.example").headers["location"].endswith("/account")
    for minutes, status in ((10, 200), (30, 401)):
        cast.tenant.move_clock(hours=8, minutes=minutes)
        assert walk.http.get("/me").status_code == status


def test_an_openid_provider_ends_sessions_and_is_asked_to_end_its_own(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    saml = connected(cast)["ours"]
    made = openid(cast)
    ours = made["ours"]
    walk = Walk(cast.tenant)
    assert back(walk, ours["start_url"], email="learner@contoso.example").status_code == 302
    farewell = onward(walk.post("/sign-out"))
    there = walk.get(farewell)
    assert walk.get(farewell.replace(made["id"], saml["start_url"].split("/")[-2])).headers["location"].endswith("/sign-in")
    assert walk.http.get("/me").status_code == 401
    asked = there.headers["location"]
    assert "/test-provider/oidc/end-session?" in asked and "id_token_hint=ey" in asked
    assert walk.get(asked).headers["location"].startswith(ours["slo_url"])
    assert walk.get(asked.replace("id_token_hint=ey", "id_token_hint=x")).status_code == 400, "the provider reads it"
    with cast.tenant.scope():
        assert SingleSession.objects.filter(sealed_id_token__isnull=False).count() == 1
        ending.forget_id_tokens()
        assert SingleSession.objects.filter(sealed_id_token__isnull=False).count() == 1, "whoever has just signed out goes on"
    cast.tenant.move_clock(hours=2)
    with cast.tenant.scope():
        ending.forget_id_tokens()
        assert not SingleSession.objects.filter(sealed_id_token__isnull=False).exists()
    assert back(walk, ours["start_url"], email="learner@contoso.example").status_code == 302
    over = ok(walk.api.post("/auth/sign-out", json={}))
    assert "id_token_hint=ey" in walk.get(over["provider_sign_out_url"]).headers["location"]
    before = time.time() - 301
    with monkeypatch.context() as then:  # five minutes are enough to go on
        then.setattr(time, "time", lambda: before)
        old = signing.dumps(signing.loads(farewell.rpartition("/")[2], salt=ending._SALT), salt=ending._SALT)
    assert walk.get(farewell.rpartition("/")[0] + "/" + old).headers["location"].endswith("/sign-in")
    assert walk.http.get("/me").status_code == 401
    assert back(walk, ours["start_url"], email="learner@contoso.example").status_code == 302
    other = Walk(cast.tenant)
    assert back(other, ours["start_url"], email="expert@contoso.example").status_code == 302
    third = Walk(cast.tenant)
    assert third.back(saml["start_url"], email="learner@contoso.example").status_code == 302
    told = {"logout_url": ours["slo_url"], "oidc_subject": "learner@contoso.example"}
    page = Walk(cast.tenant).http.post(f"{cast.tenant.url}/test-provider/oidc/end", data=told)
    token = re.search(r'name="logout_token" value="([^"]+)"', page.text)
    assert token
    assert httpx.post(ours["slo_url"], data={"logout_token": token[1]}).status_code == 200
    assert [each.http.get("/me").status_code for each in (walk, other, third)] == [401, 200, 200], "this provider's, and this person's"
    assert httpx.post(ours["slo_url"], data={"logout_token": token[1]}).status_code == 400, "it counts once"
    refused = httpx.post(ours["slo_url"], data={"logout_token": "x.y.z"})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert walk.get(ours["start_url"].replace("/start", "/farewell/made-up")).headers["location"].endswith("/sign-in")
    reasons = [(row["action"], row["reason"]) for row in ok(cast.admin.get(f"{cast.org}/audit-events", params={"limit": 4}))["data"]]
    assert ("sso.sessions_ended", "") in reasons and [reason for action, reason in reasons if action == "sso.logout_refused"] == [
        "oidc_token_malformed", "sso_replayed",
    ]  # fmt: skip
    with cast.tenant.scope():
        assert ending.end_sessions_of(Connection.objects.get(kind="oidc"), subject="", indexes=()) == 0
    ok(other.http.get("/me"))
    ok(cast.admin.patch(f"{cast.org}/sso-connections/{made['id']}", json={"single_logout": False}))
    assert other.api.post("/auth/sign-out", json={}).status_code == 204, "who doesn't want it stays signed in there"


def test_sign_in_that_begins_at_the_provider_is_off_until_it_is_turned_on(cast: Cast) -> None:
    made = connected(cast)
    stranger = Walk(cast.tenant)

    def begun() -> tuple[str, dict[str, str]]:
        page = stranger.http.post(
            f"{cast.tenant.url}/test-provider/begin", data={"audience": made["ours"]["entity_id"], "email": "learner@contoso.example"}
        )
        found = re.search(r'<form[^>]*action="([^"]+)" data-onward>', page.text)
        assert found, page.text
        fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text[found.end() :])
        return unescape(found[1]), {name: unescape(value) for name, value in fields}

    assert code_of(stranger.deliver(*begun())) == "saml_unsolicited"
    one = f"{cast.org}/sso-connections/{made['id']}"
    assert ok(cast.owner.get(one))["troubles"] == [], "what nobody asked for says nothing of the provider"
    ok(cast.owner.patch(one, json={"idp_initiated": True}))
    answers = race(*[partial(stranger.deliver, *begun())] * 3)
    assert sorted(answer.status_code for answer in answers) == [303, 403, 403]
    assert {code_of(answer) for answer in answers if answer.status_code == 403} == {"sso_replayed"}
    url, fields = begun()
    came = stranger.http.post(url, data=fields)
    assert came.status_code == 303
    assert stranger.get(came.headers["location"]).status_code == 302
    ok(stranger.http.get("/me"))


def test_a_test_tells_what_each_claim_was_taken_for() -> None:
    sent = {"sub": ["ann@x.example"], "mail": ["ann@x.example"], "fn": ["Ann"], "ln": ["Lee"], "g": ["a", "b"], "t": ["Ann"], "o": ["x"]}
    outcome = {"email": "ann@x.example", "name": "Ann Lee", "groups": ["a", "b"], "custom_names": {"title": "t"}, "claims": sent}
    taken = {row["name"]: row["meaning"] for row in testing.rows(outcome)}
    part = "Part of the name"
    assert taken == {"sub": "Subject", "mail": "E-mail", "fn": part, "ln": part, "g": "Groups", "t": "title", "o": ""}


def test_a_line_of_the_mapping_says_what_is_what() -> None:
    for lines, wrong in (("CN=Staff,OU=x = manager\n\n", ""), ("Staff", "Staff"), ("a = manager\nStaff =", "Staff ="), ("= x", "= x")):
        for name in ("group_roles", "custom"):
            found = MappingForm({name: lines}, saml=True).errors.get(name)
            assert found == (
                [f"“{wrong}” isn't of the form {'group = role' if name == 'group_roles' else 'ours = theirs'}."] if wrong else None
            )


def test_connections_are_set_up_field_by_field_and_looked_after(cast: Cast) -> None:
    at = f"{cast.org}/sso-connections"
    document = Walk(cast.tenant).get("/test-provider/saml/metadata")
    draft = ok(cast.owner.post(at, json={"kind": "saml", "preset": "okta"}), 201)
    assert (draft["state"], draft["missing"]) == ("draft", ["idp_entity_id", "sso_url", "certificates"])
    problem(cast.owner.post(f"{at}/{draft['id']}/test"), 409, "sso_connection_incomplete")
    one = f"{at}/{draft['id']}"
    ready = cast.owner.patch(one, json={"metadata_xml": document.text, "mapping": {"email": "mail", "custom": {"department": "dept"}}})
    assert ok(ready)["state"] == "ready"
    assert "MII" not in ready.text.replace(ready.json()["ours"]["entity_id"], ""), "fields, and no document"
    problem(cast.owner.patch(one, json={"name": "x"}, headers={"If-Match": '"v1"'}), 412, "version_stale")
    for body, code in (
        ({"metadata_xml": "<no/>"}, "sso_metadata_invalid"),
        ({"metadata_url": "http://169.254.169.254/latest"}, "url_refused"),
        ({"metadata_url": "http://127.0.0.1:9/metadata"}, "sso_metadata_unreachable"),
        ({"certificates": ["rubbish"]}, "sso_certificate_refused"),
        ({"sso_url": "javascript:alert(1)"}, "url_refused"),
        ({"mapping": {"shoe": "x"}}, "attribute_mapping_invalid"),
        ({"issuer": "https://idp.contoso.example"}, "sso_setting_foreign"),
        ({"sso_binding": "artifact"}, "validation_failed"),
        ({"group_roles": [{"group": "g", "role": "owner"}]}, "role_unknown"),
    ):
        problem(cast.owner.patch(one, json=body), 422, code)
    assert "no SAML metadata" in cast.owner.patch(one, json={"metadata_xml": "<!doctype html><p>Sign in"}).json()["detail"]
    ended = document.text.replace("entityID=", 'validUntil="2020-01-01T00:00:00Z" entityID=')
    assert "(saml_metadata_expired)" in cast.owner.patch(one, json={"metadata_xml": ended}).json()["detail"], "as the guides call it"
    (stored,) = document.text.partition("X509Certificate>")[2].partition("</")[0].split()
    pasted = f"-----BEGIN CERTIFICATE-----\n{stored}\n-----END CERTIFICATE-----\n"
    for text, parts in ((stored, [stored]), (pasted * 2, [pasted.strip()] * 2)):
        filled = SamlForm({"name": "x", "certificates": text})
        assert filled.is_valid() and filled.values()["certificates"] == parts
        ok(cast.owner.patch(one, json={"certificates": parts}))
    page = Walk(cast.tenant, cast.owner).post(f"/o/contoso/sso/{draft['id']}", name="Okta", certificates="rubbish")
    assert page.status_code == 422 and 'id="id_certificates-error"' in page.text, "beside its field"
    rolling = ok(cast.owner.post(at, json={"kind": "saml"}), 201)["id"]
    for keep, count in ({}, 1), ({"keep_certificates": "on"}, 2), ({}, 1):
        _, another = x509.make(name="next", moment=now())
        Walk(cast.tenant, cast.owner).post(f"/o/contoso/sso/{rolling}", name="Rolling", certificates=another, **keep)
        assert len(ok(cast.owner.get(f"{at}/{rolling}"))["certificates"]) == count
    _, ended = x509.make(name="old", moment=now() - timedelta(days=365 * 30))
    page = Walk(cast.tenant, cast.owner).post(f"/o/contoso/sso/{rolling}", name="Rolling", certificates=ended, keep_certificates="on")
    assert page.status_code == 422 and 'id="id_certificates-error"' in page.text, "also beside one that counts"
    assert "Keep the present" in Walk(cast.tenant, cast.owner).get(f"/o/contoso/sso/{rolling}").text
    ok(cast.owner.delete(f"{at}/{rolling}"), 204)
    by_form = ok(cast.owner.patch(one, json={"sso_binding": "post", "slo_binding": "post"}))
    assert (ready.json()["sso_binding"], by_form["sso_binding"], by_form["slo_binding"]) == ("redirect", "post", "post")
    token = ok(cast.owner.post(f"{one}/test"), 201)["url"]
    assert 'name="SAMLRequest"' in Walk(cast.tenant).get(token).text, "a page that posts, and no redirect"
    assert 'value="post" selected' in Walk(cast.tenant, cast.owner).get(f"/o/contoso/sso/{draft['id']}").text
    problem(cast.owner.post(at, json={"kind": "saml", "preset": "nonsense"}), 422, "preset_unknown")
    keyed = ok(cast.owner.post(at, json={"kind": "oidc", "client_authentication": "private_key_jwt"}), 201)
    assert keyed["missing"] == ["issuer", "client_id"], "and no secret"
    (key,) = Walk(cast.tenant).get(keyed["ours"]["jwks_url"]).json()["keys"]
    assert key["x5c"][0][:60] in Walk(cast.tenant).get(keyed["ours"]["certificate_url"]).text.replace("\n", "")
    unable = cast.owner.post(at, json={"kind": "oidc", "preset": "test", "client_authentication": "private_key_jwt"})
    problem(unable, 422, "sso_client_authentication_unsupported")
    problem(cast.owner.post(at, json={"kind": "oidc", "issuer": "http://127.0.0.1:9"}), 422, "sso_discovery_failed")
    metadata = Walk(cast.tenant).get(draft["ours"]["metadata_url"])
    assert draft["ours"]["acs_url"] in metadata.text
    problem(cast.maintainer.post(at, json={"kind": "saml"}), 403, "permission_denied")
    ok(cast.maintainer.get(at))
    # One that takes requests by POST alone gets a page that posts them, signed where that was asked for.
    posting = re.sub(r'<md:SingleSignOnService Binding="[^"]+Redirect"[^>]+>', "", document.text)
    ok(cast.owner.patch(one, json={"metadata_xml": posting, "sign_requests": True}))
    page = Walk(cast.tenant).get(ok(cast.owner.post(f"{one}/test"), 201)["url"])
    sent = re.search(r'name="SAMLRequest" value="([^"]+)"', page.text)
    assert page.status_code == 200 and sent and b"SignatureValue" in b64decode(unescape(sent[1]))
    assert re.search(r"form-action[^;]* http:( |;|$)", page.headers["content-security-policy"])
    # Certificates that end: told at 30 days and at 7, once each, and not again after a roll-over.
    with cast.tenant.scope():
        Certificate.objects.update(not_after=now() + timedelta(days=20))
        assert (upkeep.warn(), upkeep.warn(), upkeep.critical()) == (1, 0, 0)
        (ready,) = Connection.objects.filter(state="ready")
        troubles.note_refusal(ready, "oidc_access_denied")  # the person's doing
        for days, code in ((31, []), (20, ["ending"]), (5, ["critical"]), (-1, ["expired"])):
            assert [each.code for each in troubles.of(ready, now() + timedelta(days=days))] == [f"certificate_{end}" for end in code]
        Certificate.objects.update(not_after=now() + timedelta(days=5))
        assert (upkeep.warn(), upkeep.warn(), upkeep.critical()) == (1, 0, 1)
        connection = Connection.objects.get(metadata_url="", state="ready")
        upkeep.take_over(connection.id, "", connection.issuer, "It answers with status 500.")
    subjects = [mail["subject"] for mail in cast.tenant.mails_for("owner@contoso.example")]
    assert subjects == [
        "Your identity provider can't be read",
        "A certificate of your identity provider ends within days",
        "A certificate of your identity provider ends soon",
    ]
    shown = ok(cast.owner.get(one))
    assert shown["certificates"][0]["state"] == "critical"
    assert [trouble["code"] for trouble in shown["troubles"]] == ["certificate_critical", "metadata_unreadable"]
    (listed,) = ok(cast.admin.get("/sso-troubles"))["data"]
    assert (listed["connection"], listed["organization_name"], listed["mode"]) == (draft["id"], "Contoso", "off")
    assert listed["troubles"] == shown["troubles"] and "status 500" in listed["troubles"][1]["detail"]
    problem(cast.owner.get("/sso-troubles"), 404, "not_found")
    page = Walk(cast.tenant, cast.tenant.staff("sam@vendor.example", "support")).get("/staff/sso").text
    assert "Contoso" in page and "ends within 7 days" in page and "status 500" in page
    assert "A certificate ends" in Walk(cast.tenant, cast.owner).get("/o/contoso/sso").text
    # What the daily reading brought, a form that was open meanwhile doesn't take back.
    before = connection.version
    with cast.tenant.scope():
        for moved in (False, True, False):
            url = "https://idp.contoso.example/moved" if moved else connection.sso_url
            upkeep.take_over(connection.id, "", connection.issuer, Found({"sso_url": url}))
            connection.refresh_from_db()
    problem(cast.owner.patch(one, json={"name": "Late"}, headers={"If-Match": f'"v{before}"'}), 412, "version_stale")
    assert (connection.version, cast.actions().count("sso.connection_refreshed")) == (before + 1, 1)
    for rows, change, undo in (
        (Organization.objects.filter(id=cast.contoso.id), {"deleted_at": now()}, {"deleted_at": None}),
        (Connection.objects.filter(state="ready"), {"state": "draft", "refresh_error": ""}, {}),
    ):
        with cast.tenant.scope():
            rows.update(**change)
        assert ok(cast.admin.get("/sso-troubles"))["data"] == [], change
        with cast.tenant.scope():
            rows.update(**undo) if undo else None
    ok(cast.owner.delete(one), 204)
