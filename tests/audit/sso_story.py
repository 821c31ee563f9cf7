"""What single sign-on's operations write into the record."""

from __future__ import annotations

from typing import Any

from tenantry.sso.models import Connection

from .. import factories
from ..people import ok
from ..sso.walking import verified


def single_sign_on(story: Any) -> None:
    """A connection from its making to its end, and a policy that is enforced, opened and lifted: for a domain of nobody's."""
    cast, at, org = story.cast, "/organizations/{organization}", story.cast.org
    connections, policy = f"{org}/sso-connections", f"{org}/sso-policy"
    made = story.act(cast.owner, f"POST {at}/sso-connections", connections, "sso.connection_created",
                     json={"kind": "oidc", "name": "IdP", "client_id": "tenantry", "client_secret": "heron-secret-5"})  # fmt: skip
    one, path = f"{at}/sso-connections/{{connection}}", f"{connections}/{made['id']}"
    story.act(cast.owner, f"PATCH {one}", path, ("sso.connection_changed", {"name": ("IdP", "Okta")}), json={"name": "Okta"})
    with cast.tenant.scope():
        Connection.objects.update(state="ready", tested_at=Connection.objects.get().created_at)
        verified(cast.contoso, "quiet.example")
        identity = factories.linked(cast.contoso, cast.learner.me)
    test = story.act(cast.owner, f"POST {one}/test", f"{path}/test", "sso.test_begun")
    codes = story.act(cast.owner, f"POST {at}/sso-policy/recovery-codes", f"{policy}/recovery-codes", "sso.recovery_codes_made")["codes"]
    story.secrets |= {test["url"].partition("flow=")[2], "heron-secret-5", *codes}
    enforced = {"mode": ("off", "enforced"), "sessions_ended": (None, 0)}
    story.act(cast.owner, f"PUT {at}/sso-policy", policy, ("sso.policy_changed", enforced), json={"mode": "enforced"})
    window, lifted = f"{policy}/break-glass", ("sso.enforcement_lifted", {"mode": ("enforced", "test")})
    story.act(cast.owner, f"POST {at}/sso-policy/break-glass", window, ("sso.window_opened", {"hours": (None, 2)}),
              json={"hours": 2, "reason": "IdP down"})  # fmt: skip
    story.act(cast.owner, f"DELETE {at}/sso-policy/break-glass", window, "sso.window_closed")
    story.act(cast.admin, f"POST {at}/sso-policy/lift", f"{policy}/lift", lifted, json={"reason": "asked by phone"})
    story.act(cast.learner, "DELETE /me/sso-identities/{identity}", f"/me/sso-identities/{identity}", "sso.identity_unlinked")
    ok(cast.owner.get(path))
    story.act(cast.owner, f"DELETE {one}", path, "sso.connection_deleted")
