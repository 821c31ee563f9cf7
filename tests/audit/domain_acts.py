"""What is done to domains, act by act, for test_every_mutation.py."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .test_every_mutation import Story


def domains(story: Story) -> None:
    """From the claim to giving it up, and those who join by it."""
    cast, at = story.cast, "/organizations/{organization}/domains"
    path = f"{cast.org}/domains"
    name = f"d{secrets.token_hex(6)}.example"
    one = story.act(cast.owner, f"POST {at}", path, "domain.claimed", json={"domain": name})["id"]
    at, path = f"{at}/{{domain}}", f"{path}/{one}"
    story.act(cast.owner, f"POST {at}/verification", f"{path}/verification", ("domain.check_failed", {}))
    held = ("domain.verified", {"state": ("pending", "verified"), "method": (None, "staff")})
    story.act(cast.admin, f"POST {at}/decision", f"{path}/decision", held, json={"decision": "verify", "reason": "known"})
    story.act(cast.owner, f"PATCH {at}", path, ("domain.changed", {"auto_join": ("ask", "off")}), json={"auto_join": "off"})
    story.act(cast.owner, f"PATCH {at}", path, ("domain.changed", {"auto_join": ("off", "ask")}), json={"auto_join": "ask"})
    people = [cast.tenant.sign_in(f"{who}@{name}") for who in ("una", "vic", "wim", "xia")]
    story.seen |= story._events().keys()
    asks, requests = "POST /me/join-requests", []
    for person in people[:3]:
        body = {"organization": cast.contoso.public_id}
        requests.append(story.act(person, asks, "/me/join-requests", "join_request.created", json=body)["request"])
    where = "/organizations/{organization}/join-requests/{request}"
    approved = ("join_request.approved", {"status": ("pending", "approved")})
    story.act(cast.owner, f"POST {where}/approval", f"{cast.org}/join-requests/{requests[0]}/approval", approved, "member.added")
    refused = ("join_request.refused", {"status": ("pending", "refused")})
    story.act(cast.owner, f"POST {where}/refusal", f"{cast.org}/join-requests/{requests[1]}/refusal", refused, json={})
    story.act(people[2], "DELETE /me/join-requests/{request}", f"/me/join-requests/{requests[2]}", "join_request.withdrawn")
    invited = ("domain.people_invited", {"invited": (None, 1)})
    body = {"emails": [f"xia@{name}"]}
    story.act(cast.owner, f"POST {at}/invitations", f"{path}/invitations", invited, "invitation.created", json=body)
    story.act(cast.owner, f"DELETE {at}", path, ("domain.removed", {"state": ("verified", None)}))
    for person in people:
        person.close()


def sign_in_policy(story: Story) -> None:
    """The rules, and staff's way out of the list of networks."""
    cast, at = story.cast, "/organizations/{organization}/sign-in-policy"
    changed = {"idle_minutes": (None, 60), "allowed_networks": ([], ["127.0.0.0/8"])}
    story.act(cast.owner, f"PUT {at}", f"{cast.org}/sign-in-policy", ("sign_in_policy.changed", changed),
              json={"idle_minutes": 60, "allowed_networks": ["127.0.0.0/8"]})  # fmt: skip
    lifted = ("sign_in_policy.lifted", {"allowed_networks": (["127.0.0.0/8"], [])})
    story.act(cast.admin, f"POST {at}/lifting", f"{cast.org}/sign-in-policy/lifting", lifted, json={"reason": "They moved"})
