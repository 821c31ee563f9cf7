"""Many invitations at once, from real files: a report row by row, and nothing by halves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tenantry.organizations.models import Invitation

from ..people import Cast, ok, problem, queries

CONTOSO = (Path(__file__).parents[1] / "data" / "contoso-people.csv").read_bytes()


def _csv(cast: Cast, data: bytes | str, who: str = "owner") -> httpx.Response:
    content = data if isinstance(data, bytes) else data.encode()
    return cast[who].post(f"{cast.org}/invitations/bulk", content=content, headers={"content-type": "text/csv"})


def _outcomes(report: dict[str, Any]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in report["rows"]:
        found.setdefault(row["outcome"], []).append(row["row"])
    return found


def test_a_real_file(cast: Cast) -> None:
    """A BOM, CRLF, duplicates in another case, spaces, a formula, a role that nobody knows; and 25 member seats, of which 4 are held."""
    assert CONTOSO.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in CONTOSO
    ok(cast.admin.put(f"{cast.org}/entitlements/seat:member", json={"limit": 25}))
    report = ok(_csv(cast, CONTOSO))
    assert (report["created"], report["refused"], len(report["rows"])) == (24, 16, 40)
    by_row = {row["row"]: row for row in report["rows"]}
    assert [by_row[n]["outcome"] for n in (1, 2, 3)] == ["created"] * 3
    assert [by_row[n]["code"] for n in (35, 37, 38, 40)] == ["email_invalid", "role_unknown", "email_missing", "email_invalid"]
    assert [by_row[n]["outcome"] for n in (33, 34)] == ["duplicate", "duplicate"]
    assert by_row[36]["outcome"] == "created", "an admin seat is free though the member seats are full"
    assert by_row[39]["email"] == "spaced@contoso.example"
    over = [row for row in report["rows"] if row["outcome"] == "over_limit"]
    assert len(over) == 10
    assert {row["code"] for row in over} == {"entitlement_limit_reached"}
    standing = {row["resource_type"]: row["current"] for row in ok(cast.owner.get(f"{cast.org}/entitlements"))["data"]}
    assert (standing["seat:member"], standing["seat:admin"]) == (25, 3 + 3)
    with cast.tenant.scope():
        kept = Invitation.objects.get(email="member17@contoso.example")
        assert (kept.name, kept.team) == ("Développeuse", "Field")
        assert Invitation.objects.get(email="member09@contoso.example").name == "Field Trainer, North"
    again = ok(_csv(cast, CONTOSO))
    assert (again["created"], len(_outcomes(again)["already_invited"])) == (0, 24)
    assert {row["resource_type"]: row["current"] for row in ok(cast.owner.get(f"{cast.org}/entitlements"))["data"]} == standing
    assert cast.actions().count("invitation.created") == 24


def test_nobody_gives_by_file_what_they_may_not_give(cast: Cast) -> None:
    report = ok(_csv(cast, CONTOSO, "maintainer"))
    refused = {row["email"]: row["code"] for row in report["rows"] if row["code"] == "role_not_grantable"}
    assert set(refused) == {"finance.lead@contoso.example", "platform.lead@contoso.example", "owner2@contoso.example"}
    problem(_csv(cast, CONTOSO, "manager"), 403, "permission_denied")
    problem(_csv(cast, CONTOSO, "outsider"), 404, "not_found")


def test_members_and_the_invited_are_named_and_not_invited(cast: Cast) -> None:
    ok(cast.owner.post(f"{cast.org}/invitations", json={"email": "there@x.example", "role": "learner"}), 201)
    ok(cast.owner.post(f"{cast.member_at('expert')}/suspension", json={}))
    report = ok(_csv(cast, f"email\n{cast.learner.email.upper()}\nTHERE@x.example\n{cast['expert'].email}\nnew@x.example\n"))
    assert [row["outcome"] for row in report["rows"]] == ["already_member", "already_invited", "already_member", "created"]
    assert (report["created"], report["refused"]) == (1, 0)


def test_json_rows_do_the_same(cast: Cast) -> None:
    rows = [{"email": "a@x.example", "role": "Manager", "team": "T"}, {"email": "b@x.example"}, {"role": "learner"}]
    report = ok(cast.owner.post(f"{cast.org}/invitations/bulk", json={"rows": rows}))
    assert [row["outcome"] for row in report["rows"]] == ["created", "created", "invalid"]
    shown = {row["email"]: row["role"] for row in ok(cast.owner.get(f"{cast.org}/invitations"))["data"]}
    assert shown == {"a@x.example": "manager", "b@x.example": "learner"}
    for wrong in ([], {"rows": "x"}, {"rows": [1]}, "text", {"rows": [["a"]]}):
        problem(cast.owner.post(f"{cast.org}/invitations/bulk", json=wrong), 422, "validation_failed")
    problem(
        cast.owner.post(f"{cast.org}/invitations/bulk", content=b"x", headers={"content-type": "text/plain"}), 415, "media_type_unsupported"
    )
    problem(
        cast.owner.post(f"{cast.org}/invitations/bulk", content=b"{", headers={"content-type": "application/json"}),
        422,
        "validation_failed",
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "csv_empty"),
        (b"\r\n \r\n", "csv_empty"),
        (b"name,role\nA,learner\n", "csv_unreadable"),
        (b"\xff\xfe\x00e\x00m", "csv_unreadable"),
        (b"email\n\x00\n", "csv_unreadable"),
        ("email\n" + "a@b.example\n" * 5001, "too_many"),
        ("email\n" + "x" * (2 * 1024 * 1024), "too_many"),
    ],
    ids=["empty", "blank", "no address", "other encoding", "binary", "rows", "bytes"],
)
def test_a_file_that_cant_be_read_says_why(data: Any, code: str, cast: Cast) -> None:
    problem(_csv(cast, data), 422, code)


def test_a_bare_list_of_addresses_needs_no_header(cast: Cast) -> None:
    report = ok(_csv(cast, "a@x.example\nb@x.example,manager,Bo,Field\n\n  c@x.example  \n"))
    assert [row["outcome"] for row in report["rows"]] == ["created"] * 3
    with cast.tenant.scope():
        bo = Invitation.objects.get(email="b@x.example")
        assert (bo.role, bo.name, bo.team) == ("manager", "Bo", "Field")


@pytest.mark.parametrize(
    "data", ["email;role\na@x.example;manager\n", "e-mail,role\ra@x.example,manager\r", "EMAIL , Role\na@x.example, Manager\n"]
)
def test_other_dialects(data: str, cast: Cast) -> None:
    answer = _csv(cast, data)
    if ";" in data:
        problem(answer, 422, "csv_unreadable")
    else:
        assert _outcomes(ok(answer)) == {"created": [1]}
        assert ok(cast.owner.get(f"{cast.org}/invitations"))["data"][0]["role"] == "manager"


def test_five_thousand_rows_cost_a_handful_of_statements_and_seconds(cast: Cast) -> None:
    data = "email,role\n" + "".join(f"p{n}@big.example,learner\n" for n in range(5000))
    started = time.monotonic()
    answer = _csv(cast, data)
    assert ok(answer)["created"] == 5000
    assert queries(answer) < 80
    assert time.monotonic() - started < 30
    small = _csv(cast, "email\nz1@x.example\nz2@x.example\n")
    assert ok(small)["created"] == 2
    ok(cast.admin.delete(cast.org), 204)  # the worker has nothing left to mail and goes on with the other tests'


def test_a_mail_that_somebody_waits_for_overtakes_those_by_the_thousand(cast: Cast) -> None:
    """One worker serves all: an import must not keep anybody from signing in."""
    _csv(cast, "email\n" + "".join(f"q{n}@big.example\n" for n in range(2000)))
    ok(cast.nobody.post("/auth/link", json={"email": cast.learner.email}), 202)
    cast.tenant.mail_for(cast.learner.email)
    with cast.tenant.scope():
        mailed = Invitation.objects.filter(organization=cast.contoso, mailed_at__isnull=False).count()
    ok(cast.admin.delete(cast.org), 204)  # the worker has nothing left to mail and goes on with the other tests'
    assert mailed < 2000
