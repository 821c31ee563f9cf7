"""What test_every_mutation.py does about second factors."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pyotp

from ..people import ok
from ..users.authenticator import Authenticator

if TYPE_CHECKING:
    from .test_every_mutation import Story

CHALLENGES = ("/auth/passkey", "/auth/second-factor", "/auth/proof", "/me/passkeys")


def impersonation(story: Story) -> None:
    """Staff ask, an owner allows; they begin, raise it and stop; the next is refused, and so are all."""
    cast, at, org = story.cast, "/impersonations", "/organizations/{organization}"
    sam = cast.tenant.staff("sam@northwind.example", "support")
    own, sam.kind = sam.me, "staff"  # type: ignore[attr-defined]  # read by Story
    story.seen |= story._events().keys()
    decided = ("impersonation.consent_changed", {"consent": ("always", "ask")})
    story.act(cast.owner, f"PUT {org}/impersonation-consent", f"{cast.org}/impersonation-consent", decided, json={"consent": "ask"})
    wanted = {"user": cast.learner.id, "organization": cast.contoso.public_id, "reason": "She can't find her course"}
    asked = story.act(sam, f"POST {at}", at, "impersonation.requested", json=wanted)["id"]
    path = f"{cast.org}{at}/{asked}"
    story.act(cast.owner, f"POST {org}{at}/{{impersonation}}/approval", f"{path}/approval", "impersonation.approved")
    story.act(sam, f"POST {at}", at, "impersonation.started", json=wanted)
    sam.me, sam.kind = cast.learner.me, "user"  # type: ignore[attr-defined]  # as whom the record knows them now
    story.act(sam, f"POST {at}/{{impersonation}}/raise", f"{at}/{asked}/raise", "impersonation.raised", json={"reason": "To mend it"})
    story.act(sam, f"DELETE {at}/{{impersonation}}", f"{at}/{asked}", "impersonation.ended")
    sam.me, sam.kind = own, "staff"  # type: ignore[attr-defined]  # as above
    again = story.act(sam, f"POST {at}", at, "impersonation.requested", json=wanted)["id"]
    story.act(cast.owner, f"DELETE {org}{at}/{{impersonation}}", f"{cast.org}{at}/{again}", "impersonation.declined")


def factors(story: Story) -> None:
    """A manager sets up an app, passes it, remembers the browser, and removes all of it again; a maintainer's is reset."""
    cast, me, other = story.cast, story.cast.manager, story.cast.maintainer
    secret = ok(me.post("/me/factors/totp"), 201)["secret"]
    code = {"code": pyotp.TOTP(secret).now()}
    done = story.act(me, "POST /me/factors/totp/confirmation", "/me/factors/totp/confirmation", "factor.added", json=code)
    fresh = story.act(me, "POST /me/recovery-codes", "/me/recovery-codes", "recovery_codes.made")["recovery_codes"]
    story.secrets |= {secret, *done["recovery_codes"], *fresh}
    browser = cast.tenant.sign_in(me.email)
    story.seen |= story._events().keys()
    proof = {"code": fresh[0], "remember": True}
    story.act(browser, "POST /auth/second-factor", "/auth/second-factor", "device.remembered", "user.second_factor_passed", json=proof)
    story.act(me, "POST /auth/proof", "/auth/proof", "user.proved", json={"code": fresh[1]})
    device = ok(me.get("/me/devices"))["data"][0]["id"]
    story.act(me, "DELETE /me/devices/{device}", f"/me/devices/{device}", "device.forgotten")
    story.act(me, "DELETE /me/factors/totp", "/me/factors/totp", "factor.removed")
    device = Authenticator(os.environ["TENANTRY_TEST_URL"])
    made = {"name": "Laptop", "credential": device.create(ok(me.post("/me/passkeys/options"))["options"])}
    kept = story.act(me, "POST /me/passkeys", "/me/passkeys", "factor.added", json=made)
    story.secrets |= set(kept["recovery_codes"])
    path, called = f"/me/passkeys/{kept['id']}", ("passkey.renamed", {"name": ("Laptop", "Old laptop")})
    story.act(me, "PATCH /me/passkeys/{passkey}", path, called, json={"name": "Old laptop"})
    fresh_browser = cast.tenant.nobody()
    fresh_browser.me = me.me
    answer = {"credential": device.get(ok(fresh_browser.post("/auth/passkey/options", json={}))["options"])}
    story.act(fresh_browser, "POST /auth/passkey", "/auth/passkey", "user.signed_in", json=answer)
    story.act(me, "DELETE /me/passkeys/{passkey}", path, "factor.removed")
    secret = ok(other.post("/me/factors/totp"), 201)["secret"]
    ok(other.post("/me/factors/totp/confirmation", json={"code": pyotp.TOTP(secret).at(int(time.time()))}))
    story.seen |= story._events().keys()
    reset = {"json": {"reason": "lost"}}
    story.act(cast.admin, "DELETE /users/{user}/factors", f"/users/{other.id}/factors", "factor.reset", **reset)
    impersonation(story)
