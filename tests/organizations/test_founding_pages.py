"""The wizard: nothing exists before its last step, and then everything at once."""

from __future__ import annotations

import io

import httpx
from PIL import Image

from ..people import Cast, Client, ok, problem, race

BASICS = {"name": "Litware", "country": "IN", "default_currency": "INR", "time_zone": "Asia/Kolkata", "can_sponsor": "on"}
DETAILS = {"legal_name": "Litware Pvt Ltd", "funding_mode": "wallet", "tax_ids_gstin": "27AAPFU0939F1ZV", "billing_address_city": "Pune"}


def _logo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), "#e8590c").save(out, "JPEG", exif=b"Exif\0\0secret place")
    return out.getvalue()


def _step(client: Client, cast: Cast, step: str, **data: str) -> httpx.Response:
    return client.post(f"{cast.tenant.url}/organizations/new/{step}", data={"go": "next", **data})


def _through(client: Client, cast: Cast) -> None:
    assert _step(client, cast, "basics", **BASICS).headers["location"].endswith("/details")
    assert _step(client, cast, "details", **DETAILS).headers["location"].endswith("/brand")
    address = f"{cast.tenant.url}/organizations/new/brand"
    answer = client.post(address, data={"go": "next", "brand_colour": "#E8590C"}, files={"logo": ("logo.jpg", _logo(), "image/jpeg")})
    assert answer.headers["location"].endswith("/people")
    people = {"email_0": "Bo@litware.example", "role_0": "maintainer", "email_1": "", "role_1": "learner"}
    assert _step(client, cast, "people", **people).headers["location"].endswith("/confirm")


def _named(cast: Cast, name: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = ok(cast.admin.get("/organizations", params={"search": name}))["data"]
    return found


def test_everything_is_founded_at_once_and_once(cast: Cast) -> None:
    _through(cast.learner, cast)
    assert not _named(cast, "litware")
    assert cast.learner.get(f"{cast.tenant.url}/organizations/new/logo.png").headers["content-type"] == "image/png"
    assert cast.manager.get(f"{cast.tenant.url}/organizations/new/logo.png").status_code == 404
    answers = race(*[lambda: _step(cast.learner, cast, "confirm")] * 4)
    assert {answer.status_code for answer in answers} == {302}
    (made,) = _named(cast, "litware")
    shown = ok(cast.admin.get(f"/organizations/{made['id']}"))
    assert (shown["tax_ids"], shown["funding_mode"], shown["brand_colour"]) == ({"gstin": "27AAPFU0939F1ZV"}, "wallet", "#e8590c")
    assert shown["has_logo"]
    members = ok(cast.admin.get(f"/organizations/{made['id']}/members"))["data"]
    assert [(member["email"], member["role"]) for member in members] == [(cast.learner.email, "owner")]
    invited = ok(cast.admin.get(f"/organizations/{made['id']}/invitations"))["data"]
    assert [(row["email"], row["role"]) for row in invited] == [("bo@litware.example", "maintainer")]
    logo = cast.learner.get(f"{cast.tenant.url}/o/litware/logo.png")
    assert b"secret place" not in logo.content
    assert "--brand-h" in cast.learner.get(f"{cast.tenant.url}/o/litware/theme.css").text
    assert cast.outsider.get(f"{cast.tenant.url}/o/litware/logo.png").status_code == 404


def test_answers_stay_when_one_comes_back(cast: Cast) -> None:
    _step(cast.learner, cast, "basics", **BASICS)
    back = _step(cast.learner, cast, "details", **{**DETAILS, "go": "back"})
    assert back.headers["location"].endswith("/basics")
    assert 'value="Litware"' in cast.learner.get(f"{cast.tenant.url}/organizations/new/basics").text
    assert "27AAPFU0939F1ZV" in cast.learner.get(f"{cast.tenant.url}/organizations/new/details").text
    cast.tenant.move_clock(days=8)
    fresh = cast.tenant.sign_in(cast.learner.email)
    assert 'value="Litware"' not in fresh.get(f"{cast.tenant.url}/organizations/new/basics").text


def test_cancelling_leaves_nothing(cast: Cast) -> None:
    _through(cast.learner, cast)
    cast.learner.post(f"{cast.tenant.url}/organizations/new/cancel")
    assert cast.learner.get(f"{cast.tenant.url}/organizations/new/logo.png").status_code == 404
    assert cast.learner.get(f"{cast.tenant.url}/organizations/new/confirm").headers["location"].endswith("/basics")
    assert not _named(cast, "litware")


def test_a_wrong_answer_is_named_beside_its_field(cast: Cast) -> None:
    _step(cast.learner, cast, "basics", **BASICS)
    answer = _step(cast.learner, cast, "details", **{**DETAILS, "tax_ids_gstin": "27AAPFU0939F1ZX"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "no valid GSTIN" in answer.text
    gated = _step(cast.learner, cast, "basics", **BASICS, can_host="on")
    assert gated.status_code == 302  # the box is closed: what a forged form says in it counts for nothing
    answer = _step(cast.learner, cast, "people", email_0=cast.learner.email, role_0="learner")
    assert answer.status_code == 422
    assert "That is you" in answer.text


def test_the_api_founds_with_first_invitations_too(cast: Cast) -> None:
    body = {
        "name": "Litware",
        "country": "IN",
        "default_currency": "INR",
        "invitations": [{"email": "bo@litware.example", "role": "manager"}],
    }
    made = ok(cast.learner.post("/organizations", json=body), 201)
    assert [row["role"] for row in ok(cast.admin.get(f"/organizations/{made['id']}/invitations"))["data"]] == ["manager"]
    twice = {**body, "name": "Twice", "invitations": body["invitations"] * 2}
    refused = problem(cast.learner.post("/organizations", json=twice), 422, "duplicate")
    assert refused["errors"][0]["pointer"] == "/invitations/1/email"
    assert not _named(cast, "twice")
