"""The workspace's name, support address and colour: who may change them, and where they are seen."""

from __future__ import annotations

from ..people import Cast, ok, problem

WHOLE = {
    "name": "Northwind Learning",
    "support_email": "help@northwind.example",
    "colour": "#c2410c",
    "terms_url": "https://northwind.example/terms",
}


def test_it_is_read_and_replaced_under_a_version(cast: Cast) -> None:
    first = cast.admin.get("/settings/program")
    assert (ok(first), first.headers["etag"]) == ({"name": "Northwind", "support_email": "", "colour": "", "terms_url": ""}, '"v0"')
    changed = cast.admin.put("/settings/program", json=WHOLE, headers={"If-Match": '"v0"'})
    assert (ok(changed), changed.headers["etag"]) == (WHOLE, '"v1"')
    stale = cast.admin.put("/settings/program", json=WHOLE | {"name": "Other"}, headers={"If-Match": '"v0"'})
    problem(stale, 412, "version_stale")
    same = cast.admin.put("/settings/program", json=WHOLE)
    assert same.headers["etag"] == '"v1"', "what changes nothing makes no version"
    assert ok(cast.admin.put("/settings/program", json={"name": "Northwind"})) == {
        "name": "Northwind",
        "support_email": "",
        "colour": "",
        "terms_url": "",
    }


def test_what_is_wrong_is_named(cast: Cast) -> None:
    for wrong, pointer, code in (
        ({"name": "  "}, "/name", "name_invalid"),
        ({"name": "a\u0007b"}, "/name", "name_invalid"),
        ({"support_email": "help"}, "/support_email", "email_invalid"),
        ({"colour": "orange"}, "/colour", "colour_invalid"),
    ):
        refused = problem(cast.admin.put("/settings/program", json=WHOLE | wrong), 422, code)
        assert [error["pointer"] for error in refused["errors"]] == [pointer]


def test_admins_change_it_auditors_read_it_and_nobody_else_knows_of_it(cast: Cast) -> None:
    auditor, support = cast.tenant.staff("aiko@northwind.example", "auditor"), cast.tenant.staff("sam@northwind.example", "support")
    ok(auditor.get("/settings/program"))
    problem(auditor.put("/settings/program", json=WHOLE), 403, "permission_denied")
    problem(support.get("/settings/program"), 403, "permission_denied")
    problem(cast.owner.get("/settings/program"), 404, "not_found")
    page = auditor.get(f"{cast.tenant.url}/staff/program")
    assert (page.status_code, "Admins can change this." in page.text, ">Save<" in page.text) == (200, True, False)
    form = {**WHOLE, "version": "0", "csrfmiddlewaretoken": auditor.headers["X-CSRFToken"]}
    assert auditor.post(f"{cast.tenant.url}/staff/program", data=form).status_code == 403


def test_every_page_and_mail_says_it_from_then_on(cast: Cast) -> None:
    nora, url = cast.tenant.staff("nora@northwind.example", "admin"), cast.tenant.url
    form = {**WHOLE, "version": "0", "csrfmiddlewaretoken": nora.headers["X-CSRFToken"]}
    assert nora.post(f"{url}/staff/program", data=form).headers["location"].endswith("/staff/program")
    assert nora.post(f"{url}/staff/program", data=form | {"name": "Late"}).status_code == 412
    sign_in, nowhere = cast.nobody.get(f"{url}/sign-in").text, cast.nobody.get(f"{url}/nowhere").text
    for page in (sign_in, nowhere):
        assert "mailto:help@northwind.example" in page
        assert "Northwind Learning" in page
        assert "program.css?c2410c" in page
    theme = cast.nobody.get(f"{url}/program.css")
    assert theme.headers["content-type"].startswith("text/css")
    assert "--brand-h: 38" in theme.text
    ok(cast.nobody.post("/auth/link", json={"email": "nora@northwind.example"}), 202)
    mail = cast.tenant.mail_for("nora@northwind.example")
    assert "Northwind Learning" in mail["text"]
    assert "help@northwind.example" in mail["text"]
    assert "help@northwind.example" not in cast.nobody.get(f"{cast.other_tenant.url}/sign-in").text
