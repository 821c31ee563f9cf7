"""A test mail: sent at once, outside the request's transaction, and answered with the server's own words."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from tenantry.mail import transports
from tenantry.mail.letters import Written
from tenantry.mail.routes import Route

from ..people import Cast, ok, problem
from ..servers import free_port
from .servers import FULL, GONE, PASSWORD, TOKEN, USER, Postmark, Smtp

AT, TEST = "/settings/mail", "/settings/mail/test"
TO = {"to": "ada@contoso.example"}


def _try(cast: Cast, settings: dict[str, Any], to: str = TO["to"], **more: Any) -> dict[str, Any]:
    ok(cast.admin.put(AT, json={**settings, **more}))
    answer: dict[str, Any] = ok(cast.admin.post(TEST, json={"to": to}))
    return answer


def test_it_arrives_and_is_on_the_record(cast: Cast, server: Smtp) -> None:
    found = _try(cast, server.settings, from_name="Northwind Academy")
    assert (found["sent"], found["code"], found["server_said"], found["source"]) == (True, None, None, "tenant")
    (mail,) = server.mails
    assert (mail["To"], mail["From"]) == (TO["to"], "Northwind Academy <hello@northwind.example>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@northwind.example>")
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    event = ok(cast.admin.get("/audit-events"))["data"][0]
    assert (event["action"], event["target"]["label"]) == ("mail_settings.tested", TO["to"])
    assert event["changes"]["outcome"]["after"] == "sent"


def test_it_shows_the_servers_own_words(cast: Cast, server: Smtp) -> None:
    wrong = _try(cast, server.settings, password="stale")
    assert (wrong["sent"], wrong["code"]) == (False, "login_refused")
    assert wrong["server_said"] == "535 5.7.8 Username and Password not accepted"
    gone = _try(cast, server.settings, GONE, password=PASSWORD)
    assert (gone["code"], gone["server_said"]) == ("recipient_refused", "550 5.1.1 The mailbox you tried to reach does not exist")
    plain = _try(cast, server.settings, tls="starttls")
    assert (plain["code"], "STARTTLS" in plain["server_said"]) == ("tls_failed", True)
    closed = _try(cast, server.settings, port=free_port(), password=PASSWORD)
    assert (closed["code"], closed["server_said"]) == ("unreachable", "Connection refused")
    assert server.mails == []
    said = str(ok(cast.admin.get("/audit-events", params={"action": "mail_settings.tested"})))
    assert "recipient_refused" in said and "mailbox" not in said and PASSWORD not in said


def test_postmark_is_spoken_to_with_the_tenants_own_token(cast: Cast, api: Postmark) -> None:
    assert _try(cast, api.settings)["sent"]
    assert api.tokens == [TOKEN]
    assert api.mails[0]["From"] == "Northwind <hello@northwind.example>"
    assert api.mails[0]["TextBody"] and api.mails[0]["HtmlBody"]
    gone = _try(cast, api.settings, GONE)
    assert (gone["code"], "marked as inactive" in gone["server_said"]) == ("recipient_refused", True)
    unheard = _try(cast, api.settings, FULL)
    assert (unheard["code"], unheard["server_said"]) == ("recipient_refused", "422 Words that nobody has seen before.")
    wrong = _try(cast, api.settings, token="stale-token")
    assert (wrong["code"], wrong["server_said"]) == (
        "login_refused", "401 The Server Token you provided in the request was invalid.",
    )  # fmt: skip


def test_who_asks_and_how_often(cast: Cast) -> None:
    nora = cast.tenant.staff("nora@northwind.example", "admin")
    assert ok(nora.post(TEST))["to"] == nora.email, "one's own address, where none is said"
    assert ok(nora.post(TEST, json={}))["transport"] == "console"
    problem(cast.admin.post(TEST, json={}), 422, "email_missing")
    problem(cast.tenant.key("auditor").post(TEST, json=TO), 403, "permission_denied")
    for _ in range(8):
        ok(nora.post(TEST))
    problem(nora.post(TEST), 429, "rate_limited")


def test_no_transaction_is_open_while_the_server_is_asked_and_a_key_still_counts_once(cast: Cast, server: Smtp) -> None:
    """The row of the Idempotency-Key is committed before the mail leaves: whoever comes meanwhile is told so, and waits for no lock."""
    ok(cast.admin.put(AT, json=server.settings))
    asked, go_on, headers = threading.Event(), threading.Event(), {"Idempotency-Key": "once"}

    def hold() -> None:
        asked.set()
        go_on.wait(10)

    server.before = hold
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(cast.admin.post(TEST, json=TO, headers=headers)))
    first.start()
    assert asked.wait(10)
    problem(cast.admin.post(TEST, json=TO, headers=headers), 409, "idempotency_key_in_progress")
    ok(cast.admin.put(AT, json={**server.settings, "from_name": "Changed meanwhile"}))
    go_on.set()
    first.join()
    again = cast.admin.post(TEST, json=TO, headers=headers)
    assert again.json() == ok(answers[0])
    assert again.headers["idempotent-replayed"] == "true"
    assert len(server.mails) == 1


def test_a_server_that_never_answers_and_one_that_only_some_may_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "TIMEOUT_SECONDS", 0.2)
    mail = Written("Hello", "Hello", "<p>Hello</p>")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        route = Route("tenant", "smtp", sender="hello@northwind.example", host="127.0.0.1", port=port, tls="none")
        with pytest.raises(transports.Undelivered) as slow:
            transports.send(route, to="ada@contoso.example", mail=mail)
        assert (slow.value.code, slow.value.final) == ("timed_out", False)
        secrets = {"token": TOKEN, "password": PASSWORD}
        for guarded in (
            Route("tenant", "smtp", route.sender, host="127.0.0.1", port=port, username=USER, secrets=secrets, guarded=True),
            Route("tenant", "smtp", route.sender, host="localhost", port=port, tls="implicit", guarded=True),
            Route("tenant", "postmark", route.sender, options={"api_url": f"https://localhost:{port}/"}, secrets=secrets, guarded=True),
            Route("tenant", "postmark", route.sender, options={"api_url": f"https://127.0.0.1:{port}/"}, secrets=secrets, guarded=True),
        ):
            with pytest.raises(transports.Undelivered) as refused:
                transports.send(guarded, to="ada@contoso.example", mail=mail)
            assert (refused.value.code, refused.value.final) == ("host_refused", True), guarded.host
        silent.settimeout(0.05)
        silent.accept()[0].close()  # the first, unguarded one
        with pytest.raises(TimeoutError):
            silent.accept()
