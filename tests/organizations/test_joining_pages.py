"""The public page of an invitation, for everybody who may stand before it."""

from __future__ import annotations

import re

import httpx

from ..people import Cast, Client, ok, problem, race


def _invited(cast: Cast, email: str, role: str = "learner") -> str:
    """Contoso invites; returns the page's address."""
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": email, "role": role}), 201)
    return f"{cast.tenant.url}/invitations/{cast.tenant.invitation_token(email)}"


def _members(cast: Cast, email: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = ok(cast.admin.get(f"{cast.org}/members", params={"search": email}))["data"]
    return found


def _act(client: Client, page: str, act: str, **more: str) -> httpx.Response:
    return client.post(page, data={"act": act, **more})


def test_who_has_no_account_joins_in_one_go(cast: Cast) -> None:
    page = _invited(cast, "new@contoso.example")
    browser = cast.tenant.nobody()
    shown = browser.get(page)
    assert shown.status_code == 200
    assert "Join Contoso as new@contoso.example" in shown.text
    answer = _act(browser, page, "accept", return_to="//evil.example/")
    assert answer.headers["location"] == f"/t/{cast.tenant.slug}/o/contoso/"
    cookie = answer.headers["set-cookie"]
    assert f"Path=/t/{cast.tenant.slug}/" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert [member["role"] for member in _members(cast, "new@")] == ["learner"]
    inside = browser.get(f"{cast.tenant.url}/account")
    assert inside.status_code == 200
    assert "Your access has changed" not in inside.text
    assert browser.get(page).headers["location"].endswith("/o/contoso/")  # the back button leads on
    other = cast.tenant.nobody().get(page)
    assert other.status_code == 410
    assert "was accepted" in other.text


def test_return_to_stays_here(cast: Cast) -> None:
    page = _invited(cast, "new@contoso.example")
    answer = _act(cast.tenant.nobody(), f"{page}?return_to=/t/{cast.tenant.slug}/account", "accept")
    assert answer.headers["location"] == f"/t/{cast.tenant.slug}/account"


def test_many_clicks_make_one_membership(cast: Cast) -> None:
    page = _invited(cast, "new@contoso.example")
    answers = race(*[lambda: _act(cast.tenant.nobody(), page, "accept")] * 5)
    assert {answer.status_code for answer in answers} <= {302, 410}
    assert any(answer.status_code == 302 for answer in answers)
    assert len(_members(cast, "new@")) == 1


def test_who_has_an_account_proves_it_first(cast: Cast) -> None:
    page = _invited(cast, cast.outsider.email)
    browser = cast.tenant.nobody()
    assert "Mail me a sign-in link" in browser.get(page).text
    assert _act(browser, page, "accept").status_code == 401
    assert not _members(cast, cast.outsider.email)
    assert "Check your mail" in _act(browser, page, "link").text
    text = cast.tenant.mail_for(cast.outsider.email, count=2)["text"]
    found = re.search(r"https?://\S+/sign-in/link/(\S+)", text)
    assert found
    landed = browser.post(f"{cast.tenant.url}/sign-in/link/{found[1]}")
    assert landed.headers["location"] in page
    browser.headers["X-CSRFToken"] = landed.cookies["tenantry_csrf"]  # signing in changed it
    browser.cookies.delete("tenantry_csrf", domain="", path="/")
    assert _act(browser, page, "accept").status_code == 302
    assert len(_members(cast, cast.outsider.email)) == 1


def test_somebody_else_is_told_so(cast: Cast) -> None:
    page = _invited(cast, "new@contoso.example")
    assert f"signed in as {cast.learner.email}" in cast.learner.get(page).text
    assert _act(cast.learner, page, "accept").status_code == 403
    assert not _members(cast, "new@")
    answer = cast.learner.post(
        f"{cast.tenant.url}/sign-out", data={"next": page.removeprefix(cast.tenant.url.removesuffix(f"/t/{cast.tenant.slug}"))}
    )
    assert answer.headers["location"] in page


def test_declining_closes_it(cast: Cast) -> None:
    page = _invited(cast, "new@contoso.example")
    browser = cast.tenant.nobody()
    assert "You declined" in _act(browser, page, "decline").text
    assert browser.get(page).status_code == 410
    assert browser.get(f"{cast.tenant.url}/invitations/nonsense").status_code == 404


def test_ones_own_invitations_need_no_link(cast: Cast) -> None:
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": cast.outsider.email, "role": "manager"}), 201)
    (offer,) = ok(cast.outsider.get("/me/invitations"))["data"]
    assert offer["organization"] == "Contoso"
    path = f"/me/invitations/{offer['id']}"
    problem(cast.learner.post(f"{path}/acceptance"), 404, "not_found")
    problem(cast.learner.post(f"{path}/refusal"), 404, "not_found")
    assert ok(cast.outsider.post(f"{path}/acceptance"))["role"] == "manager"
    assert ok(cast.outsider.post(f"{path}/acceptance"))["role"] == "manager"
    assert not ok(cast.outsider.get("/me/invitations"))["data"]


def test_pages_lead_nobody_to_the_sign_in(cast: Cast) -> None:
    answer = cast.nobody.get(f"{cast.tenant.url}/account/sessions")
    assert answer.status_code == 302
    assert answer.headers["location"] == f"/t/{cast.tenant.slug}/sign-in?next=%2Ft%2F{cast.tenant.slug}%2Faccount%2Fsessions"
    assert cast.nobody.get(f"{cast.tenant.url}/o/contoso/logo.png").status_code == 404
    assert cast.nobody.get(f"{cast.tenant.url}/account", headers={"Accept": "application/json"}).status_code == 401
