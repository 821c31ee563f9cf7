"""Settings → Mail as staff use it: forms without scripts, and the part that HTMX asks for."""

from __future__ import annotations

import re

import httpx

from tenantry.mail.models import Message

from .. import factories
from ..people import Cast, Client, ok
from .servers import PASSWORD, Smtp

AT = "staff/settings/mail"


def _post(client: Client, cast: Cast, path: str, **given: object) -> httpx.Response:
    headers = {"Accept": "text/html", **({"HX-Request": "true"} if given.pop("htmx", False) else {})}
    return client.post(f"{cast.tenant.url}/{path}", data={name: str(value) for name, value in given.items()}, headers=headers)


def _page(client: Client, cast: Cast, path: str = AT, **query: str) -> str:
    answer = client.get(f"{cast.tenant.url}/{path}", params=query, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_an_admin_chooses_a_server_tries_it_and_keeps_it(cast: Cast, server: Smtp) -> None:
    nora = cast.tenant.staff("nora@northwind.example", "admin")
    assert "Mails reach nobody." in _page(nora, cast)
    assert "Server token" in _page(nora, cast, transport="postmark")
    typed = {**server.settings, "version": 0, "to": nora.email}

    refused = _post(nora, cast, AT, **{**typed, "host": ""})
    assert refused.status_code == 422 and "Nothing was saved." in refused.text
    refused = _post(nora, cast, AT, **{**typed, "port": 465, "tls": "starttls"})
    assert refused.status_code == 422 and "Port 465 speaks TLS from the start" in refused.text

    part = _post(nora, cast, f"{AT}/test", htmx=True, **{**typed, "password": "stale"}).text
    assert part.lstrip().startswith('<div id="trial"') and "535 5.7.8 Username and Password not accepted" in part
    whole = _post(nora, cast, f"{AT}/test", **typed)
    assert whole.status_code == 200 and "The server took the mail to nora@northwind.example" in whole.text
    assert PASSWORD not in part + whole.text, "what was typed as a password isn't sent back"
    assert len(server.mails) == 1
    assert ok(nora.get("/settings/mail"))["version"] == 0, "trying saves nothing"
    untried = _post(nora, cast, f"{AT}/test", htmx=True, **{**typed, "host": "", "to": "nobody"})
    assert untried.status_code == 422 and "Not tried" in untried.text

    assert _post(nora, cast, AT, **typed).status_code == 302
    page = _page(nora, cast)
    assert "Mails go by SMTP, 127.0.0.1." in page and "One is kept." in page and PASSWORD not in page
    stale = _post(nora, cast, AT, **{**typed, "version": 0})
    assert stale.status_code == 412 and "Somebody changed these settings meanwhile." in stale.text
    assert _post(nora, cast, AT, **{**typed, "version": 1, "password": ""}).status_code == 302
    assert ok(nora.get("/settings/mail"))["has_password"]

    auditor = cast.tenant.staff("aud@northwind.example", "auditor")
    read = _page(auditor, cast)
    assert "Save</button>" not in read and "Send a test" not in read and "disabled" in read
    assert _post(auditor, cast, AT, **typed).status_code == 403


def test_what_did_not_arrive_who_gets_none_and_how_mails_look(cast: Cast) -> None:
    nora = cast.tenant.staff("nora@northwind.example", "admin")
    assert "Everything arrived" in _page(nora, cast, f"{AT}/messages")
    assert "Nobody is suppressed" in _page(nora, cast, f"{AT}/suppressions")
    with cast.tenant.scope():
        failed, shut = factories.failed_mail("late@contoso.example"), factories.suppressed("gone@contoso.example")
    page = _page(nora, cast, f"{AT}/messages")
    assert "late@contoso.example" in page and "The server can&#x27;t be reached." in page and "Connection refused" in page
    assert "late@contoso.example" not in _page(nora, cast, f"{AT}/messages", status="sent")
    assert _post(nora, cast, f"{AT}/messages/{failed}/retry").status_code == 302
    cast.tenant.jobs_done()
    with cast.tenant.scope():
        assert Message.objects.get(to="late@contoso.example").status == "sent"
    assert "550 5.1.1 unknown" in _page(nora, cast, f"{AT}/suppressions", q="gone")
    assert _post(nora, cast, f"{AT}/suppressions/{shut}/lift").status_code == 302
    assert "Nobody is suppressed" in _page(nora, cast, f"{AT}/suppressions")

    once = _post(nora, cast, f"{AT}/reports").text
    found = re.search(r"//tenantry:([A-Za-z0-9_-]{43})@[^<]*/api/v1/mail/events/postmark", once)
    assert found
    assert ok(cast.nobody.post("/mail/events/postmark", json={}, auth=("tenantry", found[1]))) == {"taken": 0}
    assert found[1] not in _page(nora, cast)

    assert "Contoso invites you" in _page(nora, cast, "operator/mail")
    page = nora.get(f"{cast.tenant.url}/operator/mail/invitation", headers={"Accept": "text/html"})
    assert "frame-src 'self'" in page.headers["content-security-policy"] and "As plain text" in page.text
    framed = nora.get(f"{cast.tenant.url}/operator/mail/invitation/html")
    assert framed.headers["x-frame-options"] == "SAMEORIGIN"
    assert "sandbox" in framed.headers["content-security-policy"] and "script-src" not in framed.headers["content-security-policy"]
    assert nora.get(f"{cast.tenant.url}/operator/mail/nothing").status_code == 404
