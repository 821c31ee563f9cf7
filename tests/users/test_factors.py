"""Second factors: codes of an app, recovery codes, remembered browsers, and what stands between a password and the workspace."""

from __future__ import annotations

import time
from datetime import timedelta

import pyotp
import pytest

from tenantry.kit.clock import now
from tenantry.people import history
from tenantry.people.models import Passkey, RecoveryCode, Session, SignIn, Totp, User
from tenantry.people.passwords import set_password

from ..factories import OPERATOR
from ..people import Cast, Client, ok, problem
from ..threads import Threads, meet, until_waited_for

PASSWORD = "seven green herons"


def code_of(secret: str, *, ahead: int = 0) -> str:
    """What the app shows now, or ``ahead`` steps of 30 seconds later."""
    return pyotp.TOTP(secret).at(int(time.time()) + ahead * 30)


def with_app(client: Client) -> tuple[str, list[str]]:
    """Set an app up; returns its secret and the recovery codes. The app's present code is used up by it."""
    secret: str = ok(client.post("/me/factors/totp"), 201)["secret"]
    return secret, ok(client.post("/me/factors/totp/confirmation", json={"code": code_of(secret)}))["recovery_codes"]


def sign_in(cast: Cast, client: Client | None = None) -> Client:
    """The learner, with the right password, in a new browser or in that one."""
    browser = client or cast.tenant.nobody()
    body = ok(browser.post("/auth/password", json={"email": cast.learner.email, "password": PASSWORD}))
    assert body["awaits"] in ("", "second_factor", "second_factor_setup")
    return with_new_token(browser)


def with_new_token(browser: Client) -> Client:
    """A sign-in changes the token against forgery; a browser's page would have the new one."""
    given = next(cookie for cookie in browser.cookies.jar if cookie.name == "tenantry_csrf" and cookie.domain)
    for cookie in [cookie for cookie in browser.cookies.jar if cookie.name == "tenantry_csrf" and not cookie.domain]:
        browser.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
    browser.headers["X-CSRFToken"] = str(given.value)
    return browser


def with_password(cast: Cast) -> None:
    with cast.tenant.scope():
        user = User.objects.get(id=cast.learner.me.id)
        set_password(user=user, password=PASSWORD, keep_session=Session.objects.filter(user=user).first(), actor=OPERATOR)


def test_an_app_stands_between_the_password_and_the_workspace(cast: Cast) -> None:
    with_password(cast)
    assert ok(cast.learner.get("/me/factors"))["totp"] is None
    meet(cast.tenant, "people_totp", *[lambda: ok(cast.learner.post("/me/factors/totp"), 201)] * 3)  # clicked more than once
    secret = ok(cast.learner.post("/me/factors/totp"), 201)["secret"]
    problem(cast.learner.post("/me/factors/totp/confirmation", json={"code": "000000"}), 422, "code_wrong")
    ok(sign_in(cast).get("/me"))  # not confirmed: it counts for nothing
    done = ok(cast.learner.post("/me/factors/totp/confirmation", json={"code": code_of(secret)}))
    assert len(set(done["recovery_codes"])) == 10 and done["awaits"] == ""
    browser = sign_in(cast)
    body = problem(browser.get("/me"), 401, "second_factor_required")
    assert body["awaits"] == "second_factor"
    assert ok(browser.get("/auth/second-factor")) == {"awaits": "second_factor", "ways": ["totp", "recovery"]}
    problem(browser.post("/auth/second-factor", json={"code": code_of(secret)}), 422, "code_wrong")  # it confirmed the app: used up
    problem(browser.post("/auth/second-factor", json={"code": code_of(secret, ahead=3)}), 422, "code_wrong")
    with Threads(4) as pool:
        with cast.tenant.scope():
            list(Totp.objects.select_for_update().filter(user=cast.learner.me))
            sent = [pool.submit(browser.post, "/auth/second-factor", json={"code": code_of(secret, ahead=1)}) for _ in range(4)]
            time.sleep(0.5)  # they have come as far as they can
        answers = [each.result() for each in sent]
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert [answer.status_code for answer in answers].count(200) == 1
    ok(browser.get("/me"))
    problem(browser.post("/auth/second-factor", json={"code": code_of(secret, ahead=1)}), 401, "unauthenticated")
    problem(cast.nobody.get("/auth/second-factor"), 401, "unauthenticated")
    late = cast.nobody.post(f"{cast.tenant.url}/sign-in/second-factor", data={"code": "000000", "next": "/account"}, follow_redirects=True)
    assert "That took too long" in late.text and late.url.params["next"] == "/account", late.text
    again = cast.learner.post(f"{cast.tenant.url}/account/security/app", data={"code": code_of(secret)})
    assert again.status_code == 302, "a page that was loaded again begins no new app"
    mails = [mail["subject"] for mail in cast.tenant.mails_for(cast.learner.email)]
    assert mails.count("Your sign-in was changed") == 1
    with cast.tenant.scope():
        row = Totp.objects.get(user=cast.learner.me)
        assert secret.encode() not in bytes(row.sealed_secret)
        assert all(done["recovery_codes"][0].encode() not in bytes(kept.code_hash) for kept in RecoveryCode.objects.all())


def test_a_recovery_code_opens_once_and_new_ones_replace_them(cast: Cast) -> None:
    with_password(cast)
    problem(cast.learner.post("/me/recovery-codes"), 409, "no_second_factor")
    _, codes = with_app(cast.learner)
    _, others = with_app(cast.owner)
    browser = sign_in(cast)
    assert ok(browser.post("/auth/second-factor", json={"code": codes[0].upper().replace("-", " ")}))["awaits"] == ""
    assert ok(browser.get("/me/factors"))["recovery_codes_left"] == 9
    waiting = sign_in(cast, browser)  # that browser isn't remembered, for nobody asked for it
    for wrong in (codes[0], others[0]):
        problem(waiting.post("/auth/second-factor", json={"code": wrong}), 422, "code_wrong")
    ok(with_new_token(waiting).post("/auth/second-factor", json={"code": codes[2]}))
    meet(cast.tenant, "people_recoverycode", *[lambda: ok(browser.post("/me/recovery-codes"), 201)] * 3)
    assert ok(browser.get("/me/factors"))["recovery_codes_left"] == 10
    fresh = ok(browser.post("/me/recovery-codes"), 201)["recovery_codes"]
    assert not set(fresh) & set(codes)
    problem(sign_in(cast).post("/auth/second-factor", json={"code": codes[1]}), 422, "code_wrong")
    ok(sign_in(cast).post("/auth/second-factor", json={"code": fresh[1]}))
    rows = ok(browser.get("/me/sign-ins"))["data"]
    assert [(row["outcome"], row["second_factor"], row["reason"]) for row in rows[:4]] == [
        ("succeeded", "recovery", ""), ("refused", "", "code_wrong"), ("waiting", "", ""), ("refused", "", "code_wrong")
    ]  # fmt: skip
    told = ok(cast.admin.get("/audit-events", params={"action": "user.second_factor_refused"}))["data"]
    assert [row["reason"] for row in told] == ["code_wrong"] * 3
    assert ok(cast.admin.get(f"/users/{cast.learner.id}/sign-ins"))["data"] == rows
    problem(cast.owner.get(f"/users/{cast.learner.id}/sign-ins"), 404, "not_found")


def test_guessing_ends_soon(cast: Cast) -> None:
    with_password(cast)
    with_app(cast.learner)
    browser = sign_in(cast)
    answers = [browser.post("/auth/second-factor", json={"code": f"{number:06}"}).status_code for number in range(12)]
    assert answers == [422] * 9 + [429] * 3  # the app's confirmation was the first of ten


def test_a_remembered_browser_is_asked_again_after_thirty_days_or_a_new_password(cast: Cast) -> None:
    with_password(cast)
    _, codes = with_app(cast.learner)
    browser = sign_in(cast)
    ok(browser.post("/auth/second-factor", json={"code": codes[0], "remember": True}))
    ok(sign_in(cast, browser).get("/me"))
    problem(sign_in(cast).get("/me"), 401, "second_factor_required")  # another browser
    with_app(cast.owner)
    with cast.tenant.scope():
        set_password(user=cast.owner.me, password=PASSWORD, keep_session=Session.objects.get(user=cast.owner.me), actor=OPERATOR)
    other = ok(browser.post("/auth/password", json={"email": cast.owner.email, "password": PASSWORD}))
    assert other["awaits"] == "second_factor", "it stands for whom it was remembered for"
    ok(sign_in(cast, browser).get("/me"))
    (device,) = ok(browser.get("/me/devices"))["data"]
    ok(browser.delete(f"/me/devices/{device['id']}"), 204)
    problem(browser.delete(f"/me/devices/{device['id']}"), 404, "not_found")
    ok(sign_in(cast, browser).post("/auth/second-factor", json={"code": codes[1], "remember": True}))
    cast.tenant.move_clock(days=29)
    ok(sign_in(cast, browser).get("/me"))
    cast.tenant.move_clock(days=31)
    ok(sign_in(cast, browser).post("/auth/second-factor", json={"code": codes[2], "remember": True}))
    ok(sign_in(cast, browser).get("/me"))
    # Another factor, or another password: it is forgotten, and the codes go with the last factor.
    ok(browser.delete("/me/factors/totp"), 204)
    assert ok(browser.get("/me/factors"))["recovery_codes_left"] == 0
    _, codes = with_app(browser)
    ok(sign_in(cast, browser).post("/auth/second-factor", json={"code": codes[0], "remember": True}))
    ok(sign_in(cast, browser).get("/me"))
    with cast.tenant.scope():
        set_password(user=User.objects.get(id=cast.learner.me.id), password=PASSWORD, actor=OPERATOR)
    problem(sign_in(cast, browser).get("/me"), 401, "second_factor_required")


def test_staff_reset_the_factors_of_somebody_who_lost_them(cast: Cast) -> None:
    with_password(cast)
    _, codes = with_app(cast.learner)
    browser = sign_in(cast)
    ok(browser.post("/auth/second-factor", json={"code": codes[1], "remember": True}))
    path = f"/users/{cast.learner.id}/factors"
    assert ok(cast.admin.get(path))["totp"]
    problem(cast.admin.request("DELETE", path, json={"reason": " "}), 422, "reason_missing")
    problem(cast.owner.request("DELETE", path, json={"reason": "x"}), 404, "not_found")
    problem(cast.tenant.staff("sam@northwind.example", "support").request("DELETE", path, json={"reason": "x"}), 403, "permission_denied")
    nora = cast.tenant.staff("nora@northwind.example", "admin")
    problem(nora.request("DELETE", f"/users/{nora.id}/factors", json={"reason": "x"}), 409, "own_account")
    domain = ok(cast.owner.post(f"{cast.org}/domains", json={"domain": "contoso.example"}), 201)["id"]
    cast.tenant.move_clock(minutes=16)  # what opens more than it closes asks staff, too, for a fresh proof
    problem(nora.request("DELETE", path, json={"reason": "x"}), 403, "reauthentication_required")
    for at, body in (
        ("/staff", {"email": "a@b.example", "role": "admin"}),
        (f"{cast.org}/sign-in-policy/lifting", {"reason": "x"}),
        (f"{cast.org}/sso-policy/lift", {"reason": "x"}),
        (f"{cast.org}/domains/{domain}/decision", {"decision": "verify", "reason": "x"}),
    ):
        problem(nora.post(at, json=body), 403, "reauthentication_required")
    done = ok(cast.admin.request("DELETE", path, json={"reason": "Lost her phone"}))
    assert (done["totp"], done["recovery_codes_left"]) == (None, 0)
    problem(cast.admin.request("DELETE", path, json={"reason": "again"}), 409, "no_second_factor")
    assert "Lost her phone" in cast.tenant.mail_for(cast.learner.email)["text"]
    assert codes[0] not in cast.tenant.mail_for(cast.learner.email)["text"]
    with_app(sign_in(cast, browser))
    problem(sign_in(cast, browser).get("/me"), 401, "second_factor_required")  # no longer remembered


def test_a_new_device_is_told_of_but_not_the_first(cast: Cast) -> None:
    with_password(cast)
    subjects = lambda: [mail["subject"] for mail in cast.tenant.mails_for(cast.learner.email)]  # noqa: E731  # asked twice
    first = sign_in(cast)
    sign_in(cast)  # the same program from the same network
    assert subjects() == []
    phone = cast.tenant.nobody()
    phone.headers["User-Agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"
    sign_in(cast, phone)
    phone.headers["User-Agent"] += " after an update"  # the same one: its cookie says so
    sign_in(cast, phone)
    assert subjects() == ["A new device signed in"]
    assert "Safari on iOS" in cast.tenant.mail_for(cast.learner.email)["text"]
    problem(cast.nobody.post("/auth/password", json={"email": cast.learner.email, "password": "wrong"}), 401, "sign_in_failed")
    rows = ok(first.get("/me/sign-ins"))["data"]
    assert [(row["outcome"], row["new_device"]) for row in rows[:3]] == [("refused", False), ("succeeded", False), ("succeeded", True)]
    assert rows[0]["reason"] == "sign_in_failed" and rows[0]["ip"] == "127.0.0.1"
    with cast.tenant.scope():
        assert SignIn.objects.filter(created_at__gt=now() - timedelta(minutes=1)).count() >= 5
    with cast.tenant.scope():  # as behind a proxy that names the country
        history._tell(SignIn(new_device=True, device="Firefox on Linux", ip="203.0.113.7", country="DE"), cast.learner.me)
    assert "203.0.113.7 (DE)" in cast.tenant.mail_for(cast.learner.email, count=2)["text"]
    # Who was only refused isn't known by that; nor is a browser known from elsewhere; and it is told once the last step is taken.
    _, codes = with_app(cast.manager)
    with cast.tenant.scope():
        set_password(user=cast.manager.me, password=PASSWORD, keep_session=Session.objects.get(user=cast.manager.me), actor=OPERATOR)
    known, tablet, hers = cast.tenant.nobody(), cast.tenant.nobody(), {"email": cast.manager.email, "password": PASSWORD}
    tablet.headers["User-Agent"] = "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) Safari/604.1"

    def told() -> int:
        return [mail["subject"] for mail in cast.tenant.mails_for(cast.manager.email)].count("A new device signed in")

    problem(tablet.post("/auth/password", json=hers | {"password": "wrong"}), 401, "sign_in_failed")
    for browser, code, mails in ((known, 0, 0), (tablet, 1, 1), (cast.tenant.nobody(), 2, 2)):
        ok(browser.post("/auth/password", json=hers))
        assert told() == max(mails - 1, 0)
        ok(with_new_token(browser).post("/auth/second-factor", json={"code": codes[code]}))
        assert told() == mails
        with cast.tenant.scope():
            SignIn.objects.filter(method="password").exclude(user_agent=tablet.headers["User-Agent"]).update(ip="203.0.113.9")


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("198.51.100.1", "198.51.100.254", True), ("198.51.100.1", "198.51.101.1", False), (None, None, True),
        (None, "198.51.100.1", False),
        ("2001:db8:1::1", "2001:db8:1:ffff::1", True), ("2001:db8:1::1", "2001:db8:2::1", False), ("::1", "198.51.100.1", False),
    ],
)  # fmt: skip
def test_one_network_is_told_from_another(one: str | None, other: str | None, near: bool) -> None:
    assert history._near(one, other) is near


def test_whoever_an_organization_asks_sets_a_factor_up_before_they_go_on(cast: Cast) -> None:
    with_password(cast)
    ok(cast.owner.put(f"{cast.org}/sign-in-policy", json={"second_factor": "required", "grace_days": 1}))
    ok(sign_in(cast).get("/me"))
    assert "asks everybody for a second factor" in cast.learner.get(f"{cast.tenant.url}/o/contoso/").text
    assert ok(cast.learner.get("/me/factors"))["required_from"]
    cast.tenant.move_clock(hours=25)
    problem(cast.learner.get("/me"), 401, "second_factor_setup_required")  # signed in since before the grace was over
    stale = problem(cast.learner.post("/me/factors/totp"), 403, "reauthentication_required")  # it may be somebody else's unlocked screen
    assert "Sign in again" in stale["detail"], "not POST /auth/proof, which is shut to who still has to set one up"
    problem(cast.learner.post("/auth/proof", json={"password": "x"}), 401, "second_factor_setup_required")
    anew = cast.learner.get(f"{cast.tenant.url}/o/contoso/", follow_redirects=True)
    assert anew.url.path.endswith("/sign-in") and "Sign in once more" in anew.text, anew.text
    browser = sign_in(cast)
    problem(browser.get("/me"), 401, "second_factor_setup_required")
    problem(browser.post("/auth/second-factor", json={"code": "000000"}), 401, "unauthenticated")  # there is none to prove
    page = browser.get(f"{cast.tenant.url}/o/contoso/", follow_redirects=True)
    assert page.url.path.endswith("/sign-in/second-factor/set-up") and 'class="qr"' in page.text
    secret = ok(browser.post("/me/factors/totp"), 201)["secret"]
    done = ok(browser.post("/me/factors/totp/confirmation", json={"code": code_of(secret)}))
    assert len(done["recovery_codes"]) == 10 and done["awaits"] == ""
    ok(browser.get("/me"))
    problem(browser.delete("/me/factors/totp"), 409, "last_factor")
    asked = browser.get(f"{cast.tenant.url}/account/security/app/remove").text
    assert "this is your last" in asked and ">Remove</button>" not in asked
    # Of two that go at once, the second is the last.
    from .test_passkeys import with_passkey

    with_passkey(browser)
    with Threads(1) as pool:
        with cast.tenant.scope() as entered:
            User.objects.select_for_update().get(id=cast.learner.me.id)
            removal = pool.submit(browser.delete, "/me/factors/totp")
            until_waited_for(entered.using)
            Passkey.objects.filter(user=cast.learner.me).delete()
        problem(removal.result(), 409, "last_factor")
    assert ok(browser.get("/me/factors"))["totp"]
    # Asked no longer, whoever waits goes on; asked at once, an open session waits from its next request on.
    problem(cast.manager.get("/me"), 401, "second_factor_setup_required")
    ok(cast.admin.put(f"{cast.org}/sign-in-policy", json={"second_factor": "off"}))
    ok(cast.manager.get("/me"))
    ok(cast.admin.put(f"{cast.org}/sign-in-policy", json={"second_factor": "required", "grace_days": 0}))
    problem(cast.manager.get("/me"), 401, "second_factor_setup_required")
