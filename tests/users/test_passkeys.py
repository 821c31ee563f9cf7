"""Passkeys: as a second factor, alone, and as a fresh proof; and everything that is no passkey of this person, place and moment."""

from __future__ import annotations

import copy
import os
from typing import Any

import pytest

from tenantry.people.models import Passkey, User
from tenantry.people.users import suspend_user

from ..factories import OPERATOR
from ..people import Cast, Client, ok, problem, race
from .authenticator import Authenticator, text
from .test_factors import sign_in, with_new_token, with_password

REFUSED = "passkey_refused"


def authenticator(**options: Any) -> Authenticator:
    return Authenticator(os.environ["TENANTRY_TEST_URL"], **options)


def options_of(client: Client, where: str) -> dict[str, Any]:
    """A challenge for this client."""
    found: dict[str, Any] = ok(client.post(where, json={}))["options"]
    return found


def with_passkey(client: Client, device: Authenticator | None = None, name: str = "Laptop") -> Authenticator:
    """Register one."""
    device = device or authenticator()
    ok(client.post("/me/passkeys", json={"name": name, "credential": device.create(options_of(client, "/me/passkeys/options"))}), 201)
    return device


def enter(cast: Cast, device: Authenticator, **wrong: Any) -> Any:
    """Sign in with it alone, in a new browser; returns the answer."""
    browser = cast.tenant.nobody()
    credential = device.get(options_of(browser, "/auth/passkey/options"), **wrong)
    return browser.post("/auth/passkey", json={"credential": credential})


def test_a_passkey_signs_in_by_itself_and_stands_for_the_second_factor(cast: Cast) -> None:
    with_password(cast)
    options = options_of(cast.learner, "/me/passkeys/options")
    device = authenticator()
    made = ok(cast.learner.post("/me/passkeys", json={"name": " My laptop ", "credential": device.create(options)}), 201)
    assert made["name"] == "My laptop" and len(made["recovery_codes"]) == 10
    assert options_of(cast.learner, "/me/passkeys/options")["excludeCredentials"][0]["id"] == text(device.id)
    browser = cast.tenant.nobody()
    asked = options_of(browser, "/auth/passkey/options")
    assert asked["allowCredentials"] == [] and asked["userVerification"] == "required"
    assert ok(browser.post("/auth/passkey", json={"credential": device.get(asked)}))["awaits"] == ""
    assert ok(browser.get("/me"))["user"]["id"] == cast.learner.id
    waiting = sign_in(cast)
    assert ok(waiting.get("/auth/second-factor"))["ways"] == ["passkey", "recovery"]
    answer = device.get(options_of(waiting, "/auth/second-factor/options"), verifies=False)  # beside the password having it is enough
    assert ok(waiting.post("/auth/second-factor", json={"credential": answer}))["awaits"] == ""
    ok(waiting.get("/me"))
    with_new_token(browser)
    cast.tenant.move_clock(minutes=20)
    problem(browser.post("/me/passkeys/options"), 403, "reauthentication_required")
    ok(browser.post("/auth/proof", json={"credential": device.get(options_of(browser, "/auth/proof/options"))}))
    with_passkey(browser, name="Key")
    rows = ok(browser.get("/me/passkeys"))["data"]
    assert [row["name"] for row in rows] == ["My laptop", "Key"]
    path = f"/me/passkeys/{rows[0]['id']}"
    problem(cast.owner.delete(path), 403, "reauthentication_required")
    problem(cast.tenant.sign_in(cast.owner.email).delete(path), 404, "not_found")
    assert ok(browser.patch(path, json={"name": "Old laptop"}))["name"] == "Old laptop"
    ok(browser.delete(path), 204)
    problem(enter(cast, device), 422, REFUSED)
    assert ok(browser.get("/me/factors"))["recovery_codes_left"] == 10


def test_what_is_no_answer_of_this_passkey_here_and_now_is_refused(cast: Cast) -> None:
    device = with_passkey(cast.learner)
    assert enter(cast, device).status_code == 200
    for wrong in (
        {"origin": "https://tenantry.example.evil"}, {"site": "evil.example"}, {"type": "webauthn.create"}, {"crossOrigin": True},
        {"challenge": text(os.urandom(32))}, {"verifies": False}, {"counter": 1}, {"handle": os.urandom(16)},
    ):  # fmt: skip
        problem(enter(cast, device, **wrong), 422, REFUSED)
    problem(enter(cast, authenticator()), 422, REFUSED)  # registered nowhere
    stranger = authenticator()
    stranger.id, stranger.handle = device.id, device.handle
    problem(enter(cast, stranger), 422, REFUSED)  # the right name with a wrong key
    assert enter(cast, device).status_code == 200, "refusals don't harm it"
    with cast.tenant.scope():
        suspend_user(user_id=cast.learner.me.id, reason="away", notify=False, actor=OPERATOR)
    problem(enter(cast, device), 403, "user_suspended")


def test_a_challenge_is_for_one_browser_one_purpose_and_one_use(cast: Cast) -> None:
    device = with_passkey(cast.learner)
    one, other = cast.tenant.nobody(), cast.tenant.nobody()
    options = options_of(one, "/auth/passkey/options")
    options_of(other, "/auth/passkey/options")
    credential = device.get(options)
    problem(other.post("/auth/passkey", json={"credential": credential}), 422, REFUSED)  # somebody else's browser
    problem(cast.learner.post("/auth/proof", json={"credential": credential}), 422, REFUSED)  # another purpose
    answers = race(*[lambda: one.post("/auth/passkey", json={"credential": credential})] * 5)
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422, 422]
    late = options_of(other, "/auth/passkey/options")
    cast.tenant.move_clock(minutes=6)
    problem(other.post("/auth/passkey", json={"credential": device.get(late)}), 422, REFUSED)
    fresh = options_of(other, "/auth/passkey/options")
    problem(other.post("/auth/passkey", json={"credential": device.get(fresh, verifies=False)}), 422, REFUSED)
    problem(other.post("/auth/passkey", json={"credential": device.get(fresh)}), 422, REFUSED)  # used up by the wrong answer


def test_a_copy_of_a_passkey_is_noticed_and_one_that_does_not_count_works(cast: Cast) -> None:
    device = with_passkey(cast.learner)
    copied = copy.copy(device)
    assert enter(cast, device).status_code == 200
    problem(enter(cast, copied), 422, REFUSED)
    silent = with_passkey(cast.learner, authenticator(counter=None), "Phone")
    assert [enter(cast, silent).status_code for _ in range(2)] == [200, 200]


def test_a_registration_is_for_the_person_who_asked(cast: Cast) -> None:
    device = authenticator()
    options = options_of(cast.learner, "/me/passkeys/options")
    credential = device.create(options)
    problem(cast.manager.post("/me/passkeys", json={"name": "x", "credential": credential}), 422, REFUSED)
    ok(cast.learner.post("/me/passkeys", json={"name": "x", "credential": credential}), 201)
    problem(cast.learner.post("/me/passkeys", json={"name": "x", "credential": credential}), 422, REFUSED)
    again = device.create(options_of(cast.manager, "/me/passkeys/options"))
    problem(cast.manager.post("/me/passkeys", json={"name": "x", "credential": again}), 409, "passkey_known")
    problem(cast.learner.post("/me/passkeys", json={"name": " ", "credential": again}), 422, "name_invalid")
    with cast.tenant.scope():
        assert Passkey.objects.get().user_id == User.objects.get(id=cast.learner.me.id).id


@pytest.mark.parametrize("where", ["/auth/passkey", "/me/passkeys"])
def test_nonsense_is_refused_like_anything_else(where: str, cast: Cast) -> None:
    options = options_of(cast.learner, "/me/passkeys/options")
    good = authenticator().create(options)
    answer = good["response"]
    broken: list[dict[str, Any]] = [
        {}, {"response": None}, {"response": {"clientDataJSON": "!!"}}, {"response": {"clientDataJSON": text(b"[]")}},
        {"response": {"clientDataJSON": text(b'{"challenge": 7}')}}, {"response": {"clientDataJSON": text(b"{")}},
        {**good, "id": 7}, {**good, "response": {**answer, "attestationObject": text(b"\x9f" * 5000)}},
        {**good, "response": {**answer, "attestationObject": "x" * 30_000}}, {**good, "type": "other"},
    ]  # fmt: skip
    for credential in broken:
        problem(cast.learner.post(where, json={"credential": credential, **({"name": "x"} if "me" in where else {})}), 422, REFUSED)
