"""Invitations: offered, looked at, answered once, and never leaking."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tenantry.organizations.invitations import expire_due
from tenantry.organizations.models import Invitation, Membership

from ..people import Cast, Client, ok, problem, race

EMAIL = "guest@contoso.example"


def _invite(cast: Cast, email: str = EMAIL, role: str = "learner", **more: Any) -> Any:
    return cast.owner.post(f"{cast.org}/invitations", json={"email": email, "role": role, **more})


def _token(cast: Cast, email: str = EMAIL, role: str = "learner") -> str:
    ok(_invite(cast, email, role), 201)
    return cast.tenant.invitation_token(email)


def _seats(cast: Cast) -> dict[str, int]:
    return {row["resource_type"]: row["current"] for row in ok(cast.owner.get(f"{cast.org}/entitlements"))["data"]}


def test_an_invitation_holds_its_seat_and_is_mailed(cast: Cast) -> None:
    before = _seats(cast)
    made = ok(_invite(cast, " Guest@Contoso.Example", "manager", name="Guest", team="Field"), 201)
    assert (made["email"], made["role"], made["status"], made["inviter"]) == (EMAIL, "manager", "pending", cast.owner.email)
    assert "token" not in made
    assert _seats(cast) == {**before, "seat:member": before["seat:member"] + 1, "seat:total": before["seat:total"] + 1}
    mail = cast.tenant.mail_for(EMAIL)
    assert "Contoso" in mail["subject"]
    assert f"{cast.tenant.url}/invitations/" in mail["text"]
    assert [row["id"] for row in ok(cast.manager.get(f"{cast.org}/invitations"))["data"]] == [made["id"]]
    assert [row["id"] for row in ok(cast.manager.get(f"{cast.org}/invitations", params={"status": "expired"}))["data"]] == []
    problem(cast.billing_admin.get(f"{cast.org}/invitations"), 403, "permission_denied")
    problem(cast.learner.get(f"{cast.org}/invitations"), 403, "permission_denied")


def test_what_the_link_tells_and_no_more(cast: Cast) -> None:
    token = _token(cast)
    offer = ok(cast.nobody.get("/invitations/verify", params={"token": token}))
    assert set(offer) == {"organization", "inviter", "role", "email", "has_account", "seats_free", "expires_at"}
    assert (offer["organization"], offer["inviter"], offer["role"], offer["email"]) == ("Contoso", cast.owner.email, "learner", EMAIL)
    assert (offer["has_account"], offer["seats_free"]) == (False, True)
    cast.tenant.sign_in(EMAIL)
    assert ok(cast.nobody.get("/invitations/verify", params={"token": token}))["has_account"] is True
    ok(cast.nobody.get("/invitations/verify", params={"token": token}))
    problem(cast.nobody.get("/invitations/verify", params={"token": "A" * 43}), 404, "invitation_unknown")
    problem(cast.other_tenant.nobody().get("/invitations/verify", params={"token": token}), 404, "invitation_unknown")
    problem(cast.nobody.get("/invitations/verify"), 422, "validation_failed")


def test_who_is_invited_accepts(cast: Cast) -> None:
    token = _token(cast, role="manager")
    before = _seats(cast)
    guest = cast.tenant.sign_in(EMAIL)
    made = ok(guest.post("/invitations/accept", json={"token": token}))
    assert (made["email"], made["role"], made["status"]) == (EMAIL, "manager", "active")
    assert _seats(cast) == before, "the seat that the invitation held is the member's now"
    assert [(m["name"], m["role"]) for m in ok(guest.get("/me"))["memberships"]] == [("Contoso", "manager")]
    assert ok(guest.post("/invitations/accept", json={"token": token}))["id"] == made["id"]  # a double click
    assert cast.actions()[-3:] == ["invitation.created", "member.joined", "invitation.accepted"]
    problem(cast.nobody.get("/invitations/verify", params={"token": token}), 410, "invitation_closed")
    problem(cast.nobody.post("/invitations/decline", json={"token": token}), 410, "invitation_closed")


def test_somebody_new_joins_with_the_link_alone(cast: Cast) -> None:
    token = _token(cast)
    browser = cast.tenant.nobody()
    ok(browser.post("/invitations/accept", json={"token": token}))
    assert ok(browser.get("/me"))["user"]["email"] == EMAIL
    problem(cast.tenant.nobody().post("/invitations/accept", json={"token": token}), 410, "invitation_closed")


def test_what_others_call_somebody_counts_until_they_have_a_name(cast: Cast) -> None:
    """And it is on the record, like each change of a name."""
    guest = cast.tenant.sign_in(EMAIL)

    def named(path: str, called: str, count: int) -> str:
        ok(cast.admin.post(f"{path}/invitations", json={"email": EMAIL, "role": "learner", "name": called}), 201)
        ok(guest.post("/invitations/accept", json={"token": cast.tenant.invitation_token(EMAIL, count=count)}))
        name: str = ok(guest.get("/me/profile"))["name"]
        return name

    assert ok(guest.get("/me/profile"))["name"] == ""
    assert named(cast.org, " Grace ", 1) == "Grace"
    assert named(f"/organizations/{cast.fabrikam.public_id}", "Amazing", 2) == "Grace"
    told = ok(cast.admin.get("/audit-events", params={"action": "user.renamed"}))["data"]
    assert [(row["actor"]["label"], row["changes"]) for row in told] == [(EMAIL, {"name": {"before": "", "after": "Grace"}})]


def test_who_has_an_account_signs_in_first(cast: Cast) -> None:
    """A link that lies in a mailbox for two weeks is no key to an account."""
    token = _token(cast, cast.outsider.email)
    problem(cast.nobody.post("/invitations/accept", json={"token": token}), 401, "sign_in_to_accept")
    ok(cast.outsider.post("/invitations/accept", json={"token": token}))


def test_another_signed_in_person_is_told_so(cast: Cast) -> None:
    token = _token(cast)
    body = problem(cast.outsider.post("/invitations/accept", json={"token": token}), 403, "invitation_for_another")
    assert EMAIL in body["detail"]
    assert cast.outsider.email in body["detail"]
    problem(cast.admin.post("/invitations/accept", json={"token": token}), 403, "person_required")
    plain = Client(cast.tenant.api)
    plain.headers.pop("X-CSRFToken")
    plain.cookies = cast.outsider.cookies
    problem(plain.post("/invitations/accept", json={"token": token}), 403, "csrf_failed")


def test_declining_frees_the_seat(cast: Cast) -> None:
    before = _seats(cast)
    token = _token(cast)
    ok(cast.nobody.post("/invitations/decline", json={"token": token}), 204)
    assert _seats(cast) == before
    problem(cast.nobody.post("/invitations/decline", json={"token": token}), 410, "invitation_closed")
    problem(cast.tenant.sign_in(EMAIL).post("/invitations/accept", json={"token": token}), 410, "invitation_closed")
    assert cast.actions()[-1] == "invitation.declined"
    ok(_invite(cast), 201)


def test_revoking_takes_the_offer_back(cast: Cast) -> None:
    before = _seats(cast)
    token = _token(cast)
    made = ok(cast.owner.get(f"{cast.org}/invitations"))["data"][0]
    at = f"{cast.org}/invitations/{made['id']}"
    problem(cast.manager.delete(at), 403, "permission_denied")
    assert ok(cast.owner.delete(at))["status"] == "revoked"
    assert _seats(cast) == before
    problem(cast.owner.delete(at), 409, "invitation_closed")
    problem(cast.owner.post(f"{at}/resend"), 409, "invitation_closed")
    problem(cast.nobody.post("/invitations/accept", json={"token": token}), 410, "invitation_closed")


def test_a_maintainer_does_not_revoke_change_or_send_again_what_an_owner_offered(cast: Cast) -> None:
    made = ok(_invite(cast, role="owner"), 201)
    problem(cast.maintainer.delete(f"{cast.org}/invitations/{made['id']}"), 403, "role_not_grantable")
    problem(cast.maintainer.post(f"{cast.org}/invitations/{made['id']}/resend"), 403, "role_not_grantable")
    body = {"email": EMAIL, "role": "learner"}
    problem(cast.maintainer.post(f"{cast.org}/invitations", json=body), 403, "role_not_grantable")
    assert ok(cast.owner.get(f"{cast.org}/invitations"))["data"][0]["role"] == "owner"


def test_sending_again_ends_the_old_link(cast: Cast) -> None:
    old = _token(cast)
    made = ok(cast.owner.get(f"{cast.org}/invitations"))["data"][0]
    at = f"{cast.org}/invitations/{made['id']}"
    refused = cast.owner.post(f"{at}/resend")
    assert problem(refused, 429, "resend_too_soon")["retry_after"] == int(refused.headers["retry-after"])
    cast.tenant.move_clock(minutes=2)
    again = ok(cast.owner.post(f"{at}/resend"))
    assert again["expires_at"] > made["expires_at"]
    new = cast.tenant.invitation_token(EMAIL, count=2)
    assert new != old
    problem(cast.nobody.get("/invitations/verify", params={"token": old}), 404, "invitation_unknown")
    ok(cast.nobody.get("/invitations/verify", params={"token": new}))


def test_inviting_again_sends_again_instead_of_twice(cast: Cast) -> None:
    first = ok(_invite(cast), 201)
    problem(_invite(cast), 429, "resend_too_soon")
    cast.tenant.move_clock(minutes=2)
    again = ok(_invite(cast, role="maintainer"), 200)
    assert (again["id"], again["role"]) == (first["id"], "maintainer")
    assert len(ok(cast.owner.get(f"{cast.org}/invitations"))["data"]) == 1
    seats = _seats(cast)
    assert (seats["seat:admin"], seats["seat:member"]) == (4, 4)
    assert cast.actions()[-3:] == ["invitation.created", "invitation.changed", "invitation.resent"]


def test_it_runs_out_after_two_weeks_and_gives_the_seat_back(cast: Cast) -> None:
    before = _seats(cast)
    token = _token(cast)
    cast.tenant.move_clock(days=13, hours=23)
    ok(cast.nobody.get("/invitations/verify", params={"token": token}))
    cast.tenant.move_clock(days=14, minutes=1)
    problem(cast.nobody.get("/invitations/verify", params={"token": token}), 410, "invitation_closed")
    problem(cast.nobody.post("/invitations/accept", json={"token": token}), 410, "invitation_closed")
    with cast.tenant.scope():
        assert expire_due() == 1
        assert expire_due() == 0
    owner = cast.tenant.sign_in(cast.owner.email)
    assert {row["resource_type"]: row["current"] for row in ok(owner.get(f"{cast.org}/entitlements"))["data"]} == before
    assert ok(owner.get(f"{cast.org}/invitations"))["data"][0]["status"] == "expired"
    assert cast.actions()[-1] == "invitation.expired"


def test_one_that_ran_out_is_replaced_before_the_sweep_comes(cast: Cast) -> None:
    first = ok(_invite(cast), 201)
    seats = _seats(cast)
    cast.tenant.move_clock(days=15)
    again = ok(cast.admin.post(f"{cast.org}/invitations", json={"email": EMAIL, "role": "learner"}), 201)
    assert again["id"] != first["id"]
    rows = ok(cast.admin.get(f"{cast.org}/entitlements"))["data"]
    assert {row["resource_type"]: row["current"] for row in rows} == seats


def test_adding_somebody_who_is_invited_settles_the_invitation(cast: Cast) -> None:
    ok(_invite(cast, role="maintainer"), 201)
    ok(cast.owner.post(f"{cast.org}/members", json={"email": EMAIL, "role": "learner"}), 201)
    seats = _seats(cast)
    assert (seats["seat:admin"], seats["seat:member"], seats["seat:total"]) == (3, 5, 8)
    assert ok(cast.owner.get(f"{cast.org}/invitations"))["data"][0]["status"] == "accepted"
    problem(_invite(cast), 409, "already_member")
    ok(cast.owner.post(f"{cast.member_at('learner')}/suspension", json={}))
    problem(_invite(cast, cast.learner.email), 409, "already_member")


def test_a_double_click_in_many_tabs_joins_once(cast: Cast) -> None:
    for turn in range(3):
        email = f"guest{turn}@contoso.example"
        token = _token(cast, email)
        if turn:  # with an account, in one browser
            guest = cast.tenant.sign_in(email)
            calls = [partial(guest.post, "/invitations/accept", json={"token": token})] * 6
        else:  # without one, in many
            calls = [partial(cast.tenant.nobody().post, "/invitations/accept", json={"token": token}) for _ in range(6)]
        statuses = sorted(answer.status_code for answer in race(*calls))
        assert statuses == [200] * 6 if turn else set(statuses) <= {200, 410} and 200 in statuses
        with cast.tenant.scope():
            assert Membership.objects.filter(organization=cast.contoso, user__email=email).count() == 1
    assert cast.actions().count("member.joined") == 3
    assert _seats(cast)["seat:member"] == 7


@pytest.mark.parametrize("turn", range(3))
def test_of_acceptance_and_its_opposite_at_once_one_happens(turn: int, cast: Cast) -> None:
    before = _seats(cast)
    token = _token(cast)
    made = ok(cast.owner.get(f"{cast.org}/invitations"))["data"][0]
    guest = cast.tenant.sign_in(EMAIL)
    opposite = [
        partial(cast.owner.delete, f"{cast.org}/invitations/{made['id']}"),
        partial(cast.nobody.post, "/invitations/decline", json={"token": token}),
        partial(cast.owner.post, f"{cast.org}/members", json={"email": EMAIL, "role": "learner"}),
    ][turn]
    joined, other = race(partial(guest.post, "/invitations/accept", json={"token": token}), opposite)
    assert {joined.status_code, other.status_code} & {200, 201, 204}
    assert {joined.status_code, other.status_code} <= {200, 201, 204, 409, 410}, (joined.text, other.text)
    with cast.tenant.scope():
        in_ = Membership.objects.filter(organization=cast.contoso, user__email=EMAIL, status="active").count()
        assert Invitation.objects.filter(organization=cast.contoso, status="pending").count() == 0
    assert _seats(cast)["seat:member"] == before["seat:member"] + in_


@pytest.mark.parametrize("turn", range(3))
def test_revoking_and_accepting_at_once_never_wait_for_each_other_in_a_circle(turn: int, cast: Cast) -> None:
    """Both take the seat lock and the invitation's row; in two orders that would be a deadlock, answered 503."""
    tokens = {email: _token(cast, email) for email in (f"g{n}@contoso.example" for n in range(4))}
    rows = {row["email"]: row["id"] for row in ok(cast.owner.get(f"{cast.org}/invitations"))["data"]}
    calls = []
    for email, token in tokens.items():
        guest = cast.tenant.sign_in(email)
        calls += [
            partial(guest.post, "/invitations/accept", json={"token": token}),
            partial(cast.owner.delete, f"{cast.org}/invitations/{rows[email]}"),
        ]
    statuses = [answer.status_code for answer in race(*calls)]
    assert 503 not in statuses
    assert set(statuses) <= {200, 409, 410}
