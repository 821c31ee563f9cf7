"""The map of roles is the table that the vendor agreed to."""

from __future__ import annotations

import re
from pathlib import Path

from tenantry.access.permissions import ROLES, permissions_of, registered, role_holds, seat_of

from ..people import Cast, ok, problem

TABLE = Path(__file__).parents[1] / "data" / "permissions.md"
LETTERS = {role.letter: role.name for role in ROLES.values()}


def _agreed() -> dict[str, frozenset[str]]:
    """``{permission: roles}`` of the table: two columns of permissions beside their letters."""
    agreed: dict[str, frozenset[str]] = {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 4 or cells[0] in ("permission", "---"):
            continue
        for names, holders in ((cells[0], cells[1]), (cells[2], cells[3])):
            roles = frozenset(ROLES) if holders.startswith("all") else frozenset(LETTERS[letter] for letter in holders.split())
            plain = re.sub(r"\(.*?\)", "", names)
            agreed |= {name.strip(): roles for name in plain.split(",") if name.strip()}
    return agreed


def test_the_table_is_read_whole() -> None:
    agreed = _agreed()
    assert len(agreed) > 60
    assert agreed["organization:delete"] == {"owner"}
    assert agreed["members:read"] == {"owner", "maintainer", "manager", "support"}
    assert agreed["keys:write"] == {"owner", "maintainer"}


def test_every_registered_permission_is_held_as_agreed() -> None:
    agreed, differing = _agreed(), {}
    for name, permission in registered().items():
        if permission.roles and permission.roles != agreed.get(name):
            differing[name] = sorted(permission.roles), sorted(agreed.get(name, ["not in the table"]))
    assert differing == {}


def test_what_no_role_holds_is_staffs_alone() -> None:
    for name, permission in registered().items():
        if not permission.roles:
            assert permission.staff, f"nobody holds {name}"
        assert "admin" in permission.staff or name in ("audit:read_money",), f"the tenant's admin lacks {name}"


def test_the_auditor_changes_nothing() -> None:
    for name, permission in registered().items():
        if "auditor" in permission.staff:
            assert re.search(r":(read|list|directory|export)", name), name


def test_rank_opens_nothing_by_itself() -> None:
    assert ROLES["maintainer"].rank > ROLES["billing_admin"].rank
    for name in ("billing:write", "billing:funding", "settings:write_billing_fields"):
        assert role_holds("billing_admin", name)
        assert not role_holds("maintainer", name)
    touching_people = [name for name in registered() if name.startswith(("members:", "invitations:")) and name != "members:directory"]
    assert not any(role_holds("billing_admin", name) for name in [*touching_people, "settings:write", "audit:read_operations"])
    assert [seat_of(name) for name in ROLES] == ["seat:admin"] * 3 + ["seat:member"] * 4


def test_the_api_shows_the_same_map(cast: Cast) -> None:
    roles = {row["name"]: row for row in ok(cast.learner.get("/roles"))["data"]}
    assert {name: row["permissions"] for name, row in roles.items()} == {name: permissions_of(name) for name in ROLES}
    assert [row["rank"] for row in roles.values()] == [100, 80, 70, 60, 40, 20, 10]
    listed = {row["name"]: row for row in ok(cast.learner.get("/permissions"))["data"]}
    assert set(listed) == set(registered())
    assert all(set(row["roles"]) == registered()[name].roles for name, row in listed.items())
    mine = ok(cast.learner.get("/me"))["memberships"][0]
    assert mine["permissions"] == permissions_of("learner")
    problem(cast.nobody.get("/roles"), 401, "unauthenticated")
