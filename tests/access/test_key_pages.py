"""The pages about keys, as a browser without scripts uses them."""

from __future__ import annotations

import re
from html import unescape

import httpx

from tenantry.access.permissions import registered

from ..people import Cast, Client, ok, problem


def _keys_in(text: str) -> list[str]:
    return re.findall(r"tk_test_[A-Za-z0-9_-]{43}[a-z2-7]{6}", text)


def _rows(cast: Cast) -> list[dict[str, str]]:
    found: list[dict[str, str]] = ok(cast.admin.get("/keys", params={"organization": cast.contoso.public_id}))["data"]
    return found


def _ticked(page: httpx.Response) -> set[str]:
    return set(re.findall(r'value="([a-z_]+:[a-z_]+)" checked', page.text))


def test_a_key_is_chosen_made_shown_once_rotated_and_revoked(cast: Cast) -> None:
    url, owner = f"{cast.tenant.url}/o/contoso/keys", cast.owner
    assert "There are no keys yet" in owner.get(url).text
    blank = owner.get(f"{url}/new")
    assert _ticked(blank) == set()
    assert all(p.name in blank.text for p in registered().values() if "owner" in p.roles)
    assert "organizations:create" not in blank.text, "no organization's key reaches it"
    typed = {"name": "Zapier", "last_day": "", "allowed_ips": "127.0.0.1"}
    chosen = owner.post(f"{url}/new", data={**typed, "preset": "people", "scopes": "billing:read"})
    assert chosen.status_code == 200
    assert _ticked(chosen) >= {"members:write", "billing:read"}
    assert 'value="Zapier"' in chosen.text
    assert _rows(cast) == [], "nothing is made by choosing"
    assert _ticked(owner.post(f"{url}/new", data={**typed, "clear": "1", "scopes": "billing:read"})) == set()

    made = owner.post(f"{url}/new", data={**typed, "scopes": ["members:read", "billing:read"]})
    (plain,) = _keys_in(made.text)
    assert made.headers["cache-control"] == "no-store"
    (row,) = _rows(cast)
    assert (row["name"], set(row["scopes"]), row["allowed_ips"]) == ("Zapier", {"members:read", "billing:read"}, ["127.0.0.1"])
    program = Client(cast.tenant.api, key=plain)
    ok(program.get(f"{cast.org}/members"))

    page = owner.get(f"{url}/{row['id']}")
    assert plain not in page.text
    assert plain not in owner.get(url).text
    may, _, beyond = page.text.partition("What it can't reach" if "What it can't reach" in page.text else "What it can&#x27;t reach")
    assert "members:directory" in may, "comes with members:read"
    assert "members:write" in beyond
    assert "organizations:create" in beyond
    assert "Today" in page.text, "it was used"

    rotated = owner.post(f"{url}/{row['id']}/rotation", data={"overlap_hours": "4"})
    (second,) = _keys_in(rotated.text)
    for key in (plain, second):
        ok(Client(cast.tenant.api, key=key).get(f"{cast.org}/members"))
    assert "A newer key has taken its place" in owner.get(f"{url}/{row['id']}").text
    again = owner.post(f"{url}/{row['id']}/rotation", data={"overlap_hours": "4"})
    assert (again.status_code, "was replaced before" in again.text) == (409, True)
    answer = owner.post(f"{url}/{row['id']}/revocation", data={"reason": "done"})
    assert (answer.status_code, answer.headers["location"].endswith("/o/contoso/keys")) == (302, True)
    problem(program.get("/me"), 401, "key_revoked")
    assert "Revoked" in owner.get(f"{url}?status=revoked").text
    assert "No key matches" in owner.get(f"{url}?q=nothing").text


def test_what_is_refused_stands_beside_its_field(cast: Cast) -> None:
    url = f"{cast.tenant.url}/o/contoso/keys/new"
    good = {"name": "x", "last_day": "", "allowed_ips": "", "scopes": "members:read"}
    for wrong, words in (
        ({"allowed_ips": "10.0.0.1/8"}, "Did you mean 10.0.0.0/8?"),
        ({"allowed_ips": "house"}, "is no address and no network"),
        ({"last_day": "2020-01-01"}, "lies in the past"),
        ({"scopes": ""}, "Select a valid choice"),
        ({"name": ""}, "required"),
    ):
        answer = cast.owner.post(url, data={**good, **wrong})
        assert answer.status_code == 422, wrong
        assert words in unescape(answer.text), wrong
    answer = cast.owner.post(url, data={**good, "scopes": []})
    assert (answer.status_code, "Choose at least one scope" in answer.text) == (422, True)
    closed = cast.maintainer.get(url)
    assert re.search(r'value="billing:write" disabled', closed.text)
    assert cast.maintainer.post(url, data={**good, "scopes": "billing:write"}).status_code == 422
    assert _rows(cast) == []


def test_pages_keep_to_whose_they_are(cast: Cast) -> None:
    with_name = {"name": "<b>bold</b>", "scopes": ["members:read"]}
    of_all = ok(cast.admin.post("/keys", json=with_name), 201)["id"]
    own = ok(cast.owner.post("/keys", json={**with_name, "organization": cast.contoso.public_id}), 201)["id"]
    url, nora = cast.tenant.url, cast.tenant.staff("nora@northwind.example", "admin")
    for path in ("", "/rotation", "/revocation"):
        assert cast.owner.get(f"{url}/o/contoso/keys/{of_all}{path}").status_code == 404
        assert cast.outsider.get(f"{url}/o/fabrikam/keys/{own}{path}").status_code == 404
        assert cast.owner.get(f"{url}/staff/keys/{own}{path}").status_code == 404
        assert cast.manager.get(f"{url}/o/contoso/keys/{own}{path}").status_code == 403
        for key in (of_all, own):
            shown = nora.get(f"{url}/staff/keys/{key}{path}")
            assert shown.status_code == 200
            assert "<b>bold</b>" not in shown.text
    console = nora.get(f"{url}/staff/keys").text
    assert "Contoso" in console and "The workspace" in console
    made = nora.post(f"{url}/staff/keys/new", data={"name": "All", "scopes": "users:read"})
    ok(Client(cast.tenant.api, key=_keys_in(made.text)[0]).get("/users"))
    auditor = cast.tenant.staff("aiko@northwind.example", "auditor")
    assert "New key" not in auditor.get(f"{url}/staff/keys").text
    assert auditor.get(f"{url}/staff/keys/new").status_code == 403
    assert auditor.post(f"{url}/staff/keys/{own}/revocation", data={}).status_code == 403
    assert nora.post(f"{url}/staff/keys/{own}/revocation", data={"reason": ""}).status_code == 302
    assert _rows(cast)[0]["status"] == "revoked"
