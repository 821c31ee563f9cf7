"""Looking after a directory: its tokens, what it may do, which role its groups give, and what went wrong."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tenantry.access.bearer import PATTERN
from tenantry.kit.answers import scim_error
from tenantry.kit.problems import Problem, conflict, invalid
from tenantry.scim import alerts, errors, mappings, settings
from tenantry.scim.errors import BLOTTED, without_secrets
from tenantry.scim.explanations import explain

from ..people import Cast, Client, ok, problem, race
from .directory import GROUP, Directory

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def _made(cast: Cast, name: str = "Okta", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = ok(cast.owner.post(f"{cast.org}/scim-tokens", json={"name": name, **more}), 201)
    return made


def _directory(cast: Cast, token: str, base: str = "") -> Client:
    return Client(base or f"{cast.tenant.url}/scim/v2", key=token)


def _refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that an answer is this error, in the shape of RFC 7644 §3.12."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/scim+json"), response.text
    body: dict[str, Any] = response.json()
    assert (body["schemas"], body["status"], response.headers["x-problem-code"]) == ([ERROR], str(status), code)
    assert body["detail"]
    return body


def _events(cast: Cast, action: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = ok(cast.admin.get(f"{cast.org}/audit-events", params={"action": action, "limit": 200}))["data"]
    return rows


def test_a_token_is_shown_once_works_at_its_door_alone_and_ends_when_it_is_revoked(cast: Cast) -> None:
    made = _made(cast, allowed_ips=["127.0.0.1"])
    token = made.pop("token")
    assert re.fullmatch(PATTERN, token) and token.startswith("tk_scim_") and token.startswith(made["prefix"])
    assert made.pop("base_url") == f"{cast.tenant.url}/scim/v2"
    assert (made["status"], made["created_by"], made["allowed_ips"], made["last_used_at"]) == ("active", cast.owner.id, ["127.0.0.1"], None)
    listed = cast.maintainer.get(f"{cast.org}/scim-tokens")
    assert ok(listed)["data"] == [made]
    assert token[14:] not in listed.text
    directory = _directory(cast, token)
    answer = directory.get("/Users")
    ok(answer)
    assert answer.headers["content-type"].startswith("application/scim+json")
    assert "ratelimit-limit" in answer.headers
    assert ok(cast.owner.get(f"{cast.org}/scim-tokens"))["data"][0]["last_used_at"]
    # Not at the API, not at pages, and keys and sessions not here.
    assert "SCIM" in problem(_directory(cast, token, cast.tenant.api).get("/members"), 401, "key_invalid")["detail"]
    problem(_directory(cast, token, cast.tenant.url).get("/account"), 401, "key_invalid")
    question = {"organization": cast.contoso.public_id, "user": cast.learner.id, "permission": "members:read"}
    problem(_directory(cast, token, cast.tenant.api).post("/access/check", json=question), 401, "key_invalid")
    assert "tk_scim_" in _refused(_directory(cast, cast.admin.key).get("/Users"), 401, "key_invalid")["detail"]
    by_cookie = httpx.get(f"{cast.tenant.url}/scim/v2/Users", cookies=dict(cast.owner.cookies))
    _refused(by_cookie, 401, "unauthenticated")
    ids = [row["id"] for row in ok(cast.admin.get("/keys"))["data"]]
    assert made["id"] not in ids and made["id"].replace("sct_", "key_") not in ids
    for method, path in (("GET", ""), ("POST", "/rotation"), ("DELETE", "")):
        same = f"/keys/{made['id'].replace('sct_', 'key_')}{path}"
        problem(cast.admin.request(method, same, json={"overlap_hours": 1} if path else None), 404, "not_found")
    at = f"{cast.org}/scim-tokens/{made['id']}"
    problem(cast.outsider.delete(at.replace(cast.contoso.public_id, cast.fabrikam.public_id)), 404, "not_found")
    assert cast.owner.delete(at).status_code == 204
    problem(cast.owner.delete(at), 409, "key_revoked")
    for _ in range(2):
        answer = directory.get("/Users")
        _refused(answer, 401, "key_revoked")
        assert answer.headers["www-authenticate"] == "Bearer"
    told = _events(cast, "scim_token.refused")
    assert [(row["actor"]["kind"], row["actor"]["label"], row["source"], row["reason"]) for row in told] == [
        ("scim_token", "Okta", "scim", "key_revoked")
    ], "once a minute, by its name"
    (kept,) = ok(cast.owner.get(f"{cast.org}/scim-errors"))["data"]
    assert (kept["code"], kept["status"], kept["token"]) == ("key_revoked", 401, "Okta") and "revoked" in kept["meaning"]
    assert [len(_events(cast, f"scim_token.{deed}")) for deed in ("created", "revoked")] == [1, 1]


def test_two_tokens_work_at_a_time_each_within_its_limits(cast: Cast) -> None:
    answers = race(*[lambda: cast.owner.post(f"{cast.org}/scim-tokens", json={"name": "Entra"})] * 4)
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]
    assert problem(next(a for a in answers if a.status_code == 409), 409, "scim_token_limit")["limit"] == 2
    first, second = ok(cast.owner.get(f"{cast.org}/scim-tokens"))["data"]
    for row in (first, second):
        assert cast.owner.delete(f"{cast.org}/scim-tokens/{row['id']}").status_code == 204
    foreign = _made(cast, allowed_ips=["198.51.100.0/24"])
    _refused(_directory(cast, foreign["token"]).get("/Users"), 403, "address_not_allowed")
    for wrong in ({"name": ""}, {"name": "x", "expires_at": "2001-01-01T00:00:00Z"}, {"name": "x", "allowed_ips": ["here"]}):
        assert cast.owner.post(f"{cast.org}/scim-tokens", json=wrong).status_code == 422
    short = _made(cast, expires_at=_in_days(cast, 1))
    # A provider calls from its own machines: the organization's networks are for its members, and its directory has its own list.
    for networks, status in ((["203.0.113.0/24"], 403), ([], 200)):
        ok(cast.admin.put(f"{cast.org}/sign-in-policy", json={"allowed_networks": networks}))
        assert cast.owner.get(cast.org).status_code == status
        assert _directory(cast, short["token"]).get("/Users").status_code == 200
        _refused(_directory(cast, foreign["token"]).get("/Users"), 403, "address_not_allowed")
    assert _directory(cast, short["token"]).get("/Users").status_code == 200
    cast.tenant.move_clock(days=2)
    _refused(_directory(cast, short["token"]).get("/Users"), 401, "key_expired")
    problem(cast.owner.post(f"{cast.org}/scim-tokens", json={"name": "x"}), 403, "reauthentication_required")
    ok(cast.admin.post(f"{cast.org}/scim-tokens", json={"name": "In place of the one that has expired"}), 201)


def _in_days(cast: Cast, days: int) -> str:
    from datetime import timedelta

    from tenantry.kit.clock import now

    with cast.tenant.scope():
        return (now() + timedelta(days=days)).isoformat()


def test_a_token_outlives_its_maker_and_is_counted_by_itself(cast: Cast) -> None:
    ok(cast.admin.post(f"{cast.org}/members", json={"email": "second@contoso.example", "role": "owner"}), 201)
    second = cast.tenant.sign_in("second@contoso.example")
    made = ok(second.post(f"{cast.org}/scim-tokens", json={"name": "Okta"}), 201)
    key = ok(second.post("/keys", json={"name": "k", "scopes": ["members:read"], "organization": cast.contoso.public_id}), 201)
    members = ok(cast.owner.get(f"{cast.org}/members"))["data"]
    membership = next(row["id"] for row in members if row["email"] == "second@contoso.example")
    ok(cast.owner.delete(f"{cast.org}/members/{membership}"))
    problem(Client(cast.tenant.api, key=key["key"]).get(f"{cast.org}/members"), 401, "key_revoked")
    ok(cast.admin.put(f"{cast.org}/rate-limits", json={"limits": {"scim": 1}}))
    other = ok(cast.admin.post(f"{cast.org}/scim-tokens", json={"name": "Another"}), 201)
    answers = race(*[lambda: _directory(cast, made["token"]).get("/Users")] * 12)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert _refused(refused[0], 429, "rate_limited") and int(refused[0].headers["retry-after"]) >= 1
    assert _directory(cast, other["token"]).get("/Users").status_code == 200, "it has a count of its own"


def test_who_may_look_after_a_directory(cast: Cast) -> None:
    paths = [f"{cast.org}/scim-{name}" for name in ("tokens", "settings", "group-mappings", "errors", "status")]
    for role in ("owner", "maintainer", "billing_admin", "learner"):
        may_read = role in ("owner", "maintainer")
        for path in paths:
            assert cast[role].get(path).status_code == (200 if may_read else 403), (role, path)
        if role != "owner":
            problem(cast[role].post(paths[0], json={"name": "x"}), 403, "permission_denied")
            problem(cast[role].put(paths[1], json={"enabled": False}), 403, "permission_denied")
            problem(cast[role].put(paths[2], json=[]), 403, "permission_denied")
    for path in paths:
        problem(cast.outsider.get(path), 404, "not_found")
    ok(cast.admin.put(paths[1], json={"deprovision": False}))


def test_settings_are_read_by_the_directory_and_changed_by_owners(cast: Cast) -> None:
    at = f"{cast.org}/scim-settings"
    before = cast.owner.get(at)
    assert ok(before) == {"enabled": True, "provision": True, "deprovision": True, "update_profile": True, "default_role": "learner"}
    with cast.tenant.scope():
        assert settings.of(cast.contoso.id) == settings.Settings()
    changed = cast.owner.put(at, json={"provision": False, "default_role": "manager"}, headers={"If-Match": before.headers["etag"]})
    assert ok(changed) == {**before.json(), "provision": False, "default_role": "manager"}
    problem(cast.owner.put(at, json={"enabled": False}, headers={"If-Match": before.headers["etag"]}), 412, "version_stale")
    for role in ("owner", "maintainer", "billing_admin"):
        found = problem(cast.owner.put(at, json={"default_role": role}), 422, "role_not_default")
        assert found["errors"][0]["pointer"] == "/default_role"
    problem(cast.owner.put(at, json={"default_role": "king"}), 422, "role_unknown")
    ok(cast.owner.put(at, json={"provision": False}))
    (told,) = _events(cast, "scim.settings_changed")
    assert told["changes"] == {"provision": {"before": True, "after": False}, "default_role": {"before": "learner", "after": "manager"}}
    with cast.tenant.scope():
        found = settings.of(cast.contoso.id)
        assert (found.provision, found.default_role) == (False, "manager")
        assert settings.of(cast.fabrikam.id) == settings.Settings()
        with pytest.raises(Problem, match="switched off"):
            settings.require_enabled(settings.Settings(enabled=False))


def test_groups_give_the_highest_role_that_is_mapped(cast: Cast) -> None:
    at = f"{cast.org}/scim-group-mappings"
    wanted = [{"group": "Everyone", "role": "learner"}, {"group": "Leads", "role": "manager"}, {"group": "IT", "role": "maintainer"}]
    assert ok(cast.owner.put(at, json=wanted))["data"] == list(reversed(wanted))
    with cast.tenant.scope():
        for groups, role in (
            ([], None), (["Nobody's"], None), (["everyone"], "learner"), (["Everyone", " LEADS "], "manager"),
            (["leads", "IT", "everyone"], "maintainer"),
        ):  # fmt: skip
            assert mappings.role_for(cast.contoso.id, groups) == role, groups
        assert mappings.role_for(cast.fabrikam.id, ["Everyone"]) is None
    # A key that may change identity but give no governance role keeps its hands off such mappings.
    key = cast.tenant.organization_key(cast.contoso, scopes=["identity:read", "identity:write"])
    governed = wanted[2]
    for refused in ([], [governed | {"role": "learner"}], [governed, {"group": "Board", "role": "owner"}]):
        assert problem(key.put(at, json=refused), 403, "role_not_grantable")["role"] in ("maintainer", "owner")
    ok(key.put(at, json=[governed, {"group": "Leads", "role": "expert"}]))
    ok(cast.owner.put(at, json=[governed, {"group": "leads", "role": "expert"}]))
    for wrong, pointer in (
        ([{"group": " ", "role": "learner"}], "/0/group"),
        ([*wanted, {"group": "EVERYONE", "role": "expert"}], "/3/group"),
        ([{"group": "x", "role": "king"}], "/0/role"),
    ):
        body = cast.owner.put(at, json=wrong)
        assert body.status_code == 422 and [error["pointer"] for error in body.json()["errors"]] == [pointer], body.text
    changes = [row["changes"]["mappings"]["after"] for row in _events(cast, "scim.mappings_changed")]
    assert changes == [{"IT": "maintainer", "leads": "expert"}, {"IT": "maintainer", "Leads": "expert"},
                       {row["group"]: row["role"] for row in wanted}]  # fmt: skip


def test_mappings_change_roles_at_once_and_never_that_of_the_last_owner(cast: Cast, directory: Directory) -> None:
    at = f"{cast.org}/scim-group-mappings"
    owner, mia = directory.user(cast.owner.email), directory.user("mia@contoso.example")
    for group, member in (("Board", owner), ("Leads", mia)):
        ok(directory.post("/Groups", json={"schemas": [GROUP], "displayName": group, "members": [{"value": member["id"]}]}), 201)
    board = {"group": "Board", "role": "owner"}
    ok(cast.owner.put(at, json=[board, {"group": "Leads", "role": "manager"}]))
    found = directory.member("mia@contoso.example")
    assert found is not None and found.role == "manager"
    problem(cast.owner.put(at, json=[]), 409, "last_owner")
    assert ok(cast.owner.get(at))["data"][0] == board, "refused as a whole"
    ok(cast.owner.put(at, json=[board]))
    found = directory.member("mia@contoso.example")
    assert found is not None and found.role == "learner", "what came from a group goes with its mapping"
    seen = cast.owner.get(at).headers["etag"]
    for wanted, changed in (([board], False), ([board, {"group": "Sales", "role": "manager"}], True)):
        assert (ok(cast.owner.put(at, json=wanted, headers={"If-Match": seen})) and cast.owner.get(at).headers["etag"] != seen) is changed
    problem(cast.owner.put(at, json=[board], headers={"If-Match": seen}), 412, "version_stale")
    standing = ok(cast.owner.get(f"{cast.org}/scim-status"))
    assert (standing["users_active"], standing["groups"], standing["mappings"]) == (2, 2, 2)
    assert "Your directory also sends Leads" in cast.owner.get(f"{cast.tenant.url}/o/contoso/directory-sync/groups").text


def test_refusals_are_kept_without_what_is_personal_and_explained(cast: Cast) -> None:
    sent = {"userName": "mia@contoso.example", "password": "hunter2", "active": False, "name": {"givenName": "Mia"}}
    with cast.tenant.scope(organizations=[cast.contoso.id]):
        errors.note(
            organization_id=cast.contoso.id, problem=Problem(402, "entitlement_limit_reached", "All seats are taken."), status=403,
            method="POST", path="/scim/v2/Users", token_name="Okta", user_name="mia@contoso.example", sent=sent,
        )  # fmt: skip
        errors.note(
            organization_id=cast.contoso.id, problem=invalid("No\x00", pointer="/x"), status=400, method="PATCH",
            path="/scim/v2/Users/\x00", scim_type="invalidValue", sent=[1, None],
        )  # fmt: skip
    page = ok(cast.maintainer.get(f"{cast.org}/scim-errors", params={"limit": 1}))
    (row,) = ok(cast.owner.get(f"{cast.org}/scim-errors", params={"cursor": page["next_cursor"]}))["data"]
    assert (page["data"][0]["scim_type"], row["status"], row["code"]) == ("invalidValue", 403, "entitlement_limit_reached")
    assert row["meaning"].startswith("No seat") and "Free a seat" in row["way_out"]
    assert row["sent"] == {"userName": "mia@contoso.example", "password": BLOTTED, "active": False, "name": {"givenName": BLOTTED}}
    assert ok(cast.owner.get(f"{cast.org}/scim-status"))["errors"] == 2
    with cast.tenant.scope():
        assert errors.latest(cast.fabrikam.id, limit=5).rows == []


def test_no_more_than_a_thousand_errors_are_kept_and_shown(cast: Cast) -> None:
    from tenantry.scim.models import ScimError

    with cast.tenant.scope():
        rows = [
            ScimError(organization_id=cast.contoso.id, request_id=str(n), method="GET", path="/", status=404, code="not_found", detail="x")
            for n in range(errors.KEPT + 20)
        ]
        ScimError.objects.bulk_create(rows)
        shown = errors.latest(cast.contoso.id, limit=errors.KEPT + 5).rows
        assert (len(shown), shown[0].request_id, shown[-1].request_id) == (errors.KEPT, str(errors.KEPT + 19), "20")
    with cast.tenant.scope():
        errors._trim(cast.contoso.id)
        assert ScimError.objects.count() == errors.KEPT


def test_owners_are_told_once_a_day_though_the_request_is_rolled_back(cast: Cast) -> None:
    ok(cast.admin.post(f"{cast.org}/members", json={"email": "robot@contoso.example", "role": "owner", "service_account": True}), 201)
    for days, mails in ((0, 1), (0, 1), (2, 2)):
        cast.tenant.move_clock(days=days)
        with pytest.raises(Problem), cast.tenant.scope(organizations=[cast.contoso.id]):
            alerts.tell("seats", organization_id=cast.contoso.id, who="mia@contoso.example")
            raise conflict("refused", "as a request is")
        cast.tenant.jobs_done()
        found = [mail for mail in cast.tenant.mails_for(cast.owner.email) if mail["template"] == "scim_seats"]
        assert len(found) == mails
    assert "mia@contoso.example" in found[0]["text"] and "/o/contoso" in found[0]["text"].replace(cast.contoso.slug, "contoso")
    assert cast.tenant.mails_for(cast.maintainer.email) == cast.tenant.mails_for("robot@contoso.example") == []


def test_an_owner_connects_a_directory_on_pages_without_scripts(cast: Cast) -> None:
    url, owner = f"{cast.tenant.url}/o/contoso/directory-sync", cast.owner
    assert "No directory is connected" in owner.get(url).text
    assert "Waiting for the first request" in owner.get(f"{url}/guide?provider=entra").text
    answer = owner.post(f"{url}/tokens/new?provider=entra", data={"name": "Entra", "last_day": "", "allowed_ips": "here"})
    assert (answer.status_code, "is no address and no network" in answer.text) == (422, True)
    made = owner.post(f"{url}/tokens/new?provider=entra", data={"name": "Entra", "last_day": "", "allowed_ips": ""})
    (token,) = re.findall(PATTERN.replace("(live|test|scim)", "scim"), made.text)
    assert ("Tenant URL" in made.text, made.headers["cache-control"]) == (True, "no-store")
    person = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "mia@contoso.example"}
    ok(_directory(cast, token).post("/Users", json=person), 201)
    assert _directory(cast, token).post("/Users", json={**person, "userName": "no address"}).status_code in (201, 400)
    assert _directory(cast, token).post("/Users", json={**person, "schemas": "x", "active": []}).status_code == 400
    page = owner.get(f"{url}/guide?provider=entra").text
    assert "arrived" in page and "hx-trigger" not in page, "nothing more to wait for"
    page = owner.get(url).text
    assert token not in page and "What failed of late" in page and "Today" in page

    (version,) = re.findall(r'name="version" value="(\d+)"', owner.get(f"{url}/groups").text)
    rows = {
        "version": version,
        "0_group": "IT",
        "0_role": "maintainer",
        "1_group": "",
        "1_role": "owner",
        "2_group": "it",
        "2_role": "learner",
        "rows": "3",
    }
    more = owner.post(f"{url}/groups", data={**rows, "more": "1"})
    assert (more.status_code, more.text.count('list="known-groups"')) == (200, 4)
    refused = owner.post(f"{url}/groups", data=rows)
    assert refused.status_code == 422
    assert refused.text.index("stands there twice") > refused.text.index('name="2_group"'), "beside the row that is wrong"
    saved = owner.post(f"{url}/groups", data={**rows, "2_group": "Team leads", "2_role": "manager"})
    assert saved.status_code == 302
    late = owner.post(f"{url}/groups", data={**rows, "2_group": ""})
    assert (late.status_code, "Load them again" in late.text) == (412, True), "nobody takes back what another has saved meanwhile"
    assert ok(owner.get(f"{cast.org}/scim-group-mappings"))["data"] == [
        {"group": "IT", "role": "maintainer"}, {"group": "Team leads", "role": "manager"},
    ]  # fmt: skip
    assert "Team leads" in (seen := cast.maintainer.get(f"{url}/groups").text) and 'name="0_group"' not in seen

    form = owner.get(f"{url}/settings").text
    version = re.findall(r'name="version" value="(\d+)"', form)
    answer = owner.post(f"{url}/settings", data={"version": version[0], "enabled": "on", "provision": "on", "default_role": "expert"})
    assert answer.status_code == 302
    held = ok(owner.get(f"{cast.org}/scim-settings"))
    assert held == {"enabled": True, "provision": True, "deprovision": False, "update_profile": False, "default_role": "expert"}
    assert owner.post(f"{url}/settings", data={"version": version[0], "default_role": "learner"}).status_code == 412
    assert cast.maintainer.post(f"{url}/settings", data={"version": "2", "default_role": "learner"}).status_code == 403
    assert "disabled" in cast.maintainer.get(f"{url}/settings").text

    (row,) = ok(owner.get(f"{cast.org}/scim-tokens"))["data"]
    assert "No other token works" in owner.get(f"{url}/tokens/{row['id']}/revocation").text
    assert owner.post(f"{url}/tokens/{row['id']}/revocation").status_code == 302
    _refused(_directory(cast, token).get("/Users"), 401, "key_revoked")
    assert owner.post(f"{url}/tokens/{row['id']}/revocation").status_code == 409


def test_the_shape_of_errors_is_that_of_the_rfc() -> None:
    import json

    for given, status, kind in (
        (Problem(402, "entitlement_limit_reached", "Full."), 403, None),
        (invalid("Wrong.", pointer="/userName"), 400, "invalidValue"),
        (Problem(400, "filter_invalid", "?", scim_type="invalidFilter"), 400, "invalidFilter"),
        (Problem(409, "already_member", "Twice."), 409, "uniqueness"),
        (Problem(429, "rate_limited", "Slow.", headers={"Retry-After": "1"}), 429, None),
    ):
        answer = scim_error(given)
        body = json.loads(answer.content)
        assert (answer.status_code, body["status"], body.get("scimType")) == (status, str(status), kind)
        assert answer.headers.get("Retry-After") == given.headers.get("Retry-After")


def test_every_refusal_has_words() -> None:
    for code, kind, status in (
        ("", "", 401),
        ("", "invalidFilter", 400),
        ("last_owner", "mutability", 409),
        ("new_one", "", 500),
        ("", "", 418),
    ):
        words = explain(code=code, scim_type=kind, status=status)
        assert words.meaning.endswith(".") and words.way_out.endswith(".")
    assert explain(code="last_owner", scim_type="mutability", status=409).meaning.startswith("This person is the last owner")


def test_of_a_body_only_the_shape_and_what_was_asked_for_is_kept() -> None:
    given = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            {"op": "Replace", "path": "active", "value": {"active": "False", "phoneNumbers": [{"type": "work", "value": "+1"}]}}
        ],
    }
    kept = without_secrets(given)
    assert kept["schemas"] == given["schemas"]
    (operation,) = kept["Operations"]
    assert operation == {
        "op": "Replace",
        "path": "active",
        "value": {"active": "False", "phoneNumbers": [{"type": "work", "value": BLOTTED}]},
    }
