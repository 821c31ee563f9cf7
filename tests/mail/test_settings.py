"""Settings, Mail: what is refused before it is saved, what is kept, and who may see it."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as installation

from config.environment import Environment
from tenantry.kit.problems import Problem
from tenantry.mail import routes, settings
from tenantry.mail.providers import PROVIDERS
from tenantry.tenancy.settings import Group, read_group

from ..people import Cast, ok, problem

AT = "/settings/mail"
SMTP = {"transport": "smtp", "host": "smtp.example.com", "from_email": "hello@northwind.example"}
POSTMARK = {"transport": "postmark", "token": "t-1", "from_email": "hello@northwind.example"}


def test_until_something_is_saved_the_installation_rules(cast: Cast) -> None:
    shown = ok(cast.admin.get(AT))
    assert (shown["transport"], shown["version"], shown["has_password"], shown["has_token"]) == ("environment", 0, False, False)
    assert shown["in_force"] == {**shown["in_force"], "source": "development", "transport": "console", "delivers": False}
    problem(cast.tenant.key("csm").get(AT), 403, "permission_denied")
    problem(cast.owner.get(AT), 404, "not_found")
    auditor = cast.tenant.key("auditor")
    ok(auditor.get(AT))
    problem(auditor.put(AT, json=SMTP), 403, "permission_denied")


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"transport": "smtp"}, ["/host", "/from_email"]),
    ({**SMTP, "from_email": ""}, ["/from_email"]),
    ({**SMTP, "from_email": "nobody"}, ["/from_email"]),
    ({**SMTP, "reply_to": "nobody"}, ["/reply_to"]),
    ({**SMTP, "host": "smtp.example.com:587"}, ["/host"]),
    ({**SMTP, "host": "https://smtp.example.com"}, ["/host"]),
    ({**SMTP, "tls": "ssl"}, ["/tls"]),
    ({**SMTP, "port": 465}, ["/tls"]),
    ({**SMTP, "port": 587, "tls": "implicit"}, ["/tls"]),
    ({**SMTP, "port": 70000}, ["/port"]),
    ({**SMTP, "username": "ada"}, ["/password"]),
    ({**SMTP, "password": "secret"}, ["/username"]),
    ({"transport": "postmark", "from_email": "hello@northwind.example"}, ["/token"]),
    ({"transport": "postmark"}, ["/token", "/from_email"]),
    ({**POSTMARK, "options": {"colour": "red"}}, ["/options/colour"]),
    ({**POSTMARK, "options": {"api_url": "api.example.com"}}, ["/options/api_url"]),
    ({**POSTMARK, "transport": "mailjet"}, ["/password"]),
    ({**POSTMARK, "transport": "scaleway"}, ["/options/project_id"]),
    ({**POSTMARK, "transport": "postal"}, ["/options/api_url"]),
    ({**POSTMARK, "transport": "pigeon"}, ["/transport"]),
]


def test_a_save_that_can_not_work_is_refused_with_the_field_named(cast: Cast) -> None:
    for body, pointers in REFUSED:
        found = problem(cast.admin.put(AT, json=body), 422, "validation_failed")
        assert [error["pointer"] for error in found["errors"]] == pointers, body
        assert found["detail"] == found["errors"][0]["detail"]
    assert ok(cast.admin.get(AT))["version"] == 0, "nothing of it was saved"


def test_secrets_are_kept_sealed_and_never_shown(cast: Cast) -> None:
    body = {**SMTP, "username": "northwind", "password": "plum-basket-73"}
    answer = cast.admin.put(AT, json=body)
    saved = ok(answer)
    assert saved["has_password"]
    assert (saved["in_force"]["source"], saved["in_force"]["transport"], saved["in_force"]["delivers"]) == ("tenant", "smtp", True)
    assert "plum" not in answer.text + cast.admin.get(AT).text
    again = ok(cast.admin.put(AT, json={**SMTP, "username": "northwind"}))
    assert again["has_password"], "left blank, it stays"
    with cast.tenant.scope():
        assert read_group("mail").secrets == {"password": "plum-basket-73"}
    ok(cast.admin.put(AT, json={**SMTP, "username": "northwind", "password": "rotated"}))
    with cast.tenant.scope():
        assert read_group("mail").secrets == {"password": "rotated"}


def test_a_kept_password_goes_to_no_other_server(cast: Cast) -> None:
    """Otherwise whoever may change the settings, but never saw the password, could have it sent to a server of theirs."""
    ok(cast.admin.put(AT, json={**SMTP, "username": "northwind", "password": "plum-basket-73"}))
    for elsewhere in ({"host": "smtp.evil.example"}, {"port": 2525}, {"username": "other"}):
        found = problem(cast.admin.put(AT, json={**SMTP, "username": "northwind", **elsewhere}), 422, "validation_failed")
        assert found["errors"][0]["pointer"] == "/password"
    ok(cast.admin.put(AT, json=POSTMARK))
    evil = {**POSTMARK, "token": "", "options": {"api_url": "https://evil.example/"}}
    assert problem(cast.admin.put(AT, json=evil), 422, "validation_failed")["errors"][0]["pointer"] == "/token"
    assert ok(cast.admin.put(AT, json={"transport": "environment"})) | {"version": 0} == ok(cast.tenant.key().get(AT)) | {"version": 0}
    assert problem(cast.admin.put(AT, json={**POSTMARK, "token": ""}), 422, "validation_failed")["errors"][0]["pointer"] == "/token"


def test_two_editors_do_not_undo_each_other(cast: Cast) -> None:
    first = cast.admin.put(AT, json=SMTP)
    assert first.headers["etag"] == cast.admin.get(AT).headers["etag"] == '"v1"'
    ok(cast.admin.put(AT, json={**SMTP, "from_name": "Northwind"}, headers={"If-Match": '"v1"'}))
    problem(cast.admin.put(AT, json=SMTP, headers={"If-Match": '"v1"'}), 412, "version_stale")
    assert ok(cast.admin.get(AT))["from_name"] == "Northwind"


def _judged(monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], **environment: Any) -> list[str]:
    """The pointers that are refused in another installation."""
    monkeypatch.setattr(installation, "ENVIRONMENT", Environment(mode="production", allow_loopback_webhooks="off", **environment))
    try:
        settings.judge(settings.Wanted(**body), Group())
    except Problem as refused:
        return [error["pointer"] for error in refused.members["errors"]]
    return []


def test_in_production_a_shared_installation_connects_to_the_public_internet_alone(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = ("127.0.0.1", "10.0.0.5", "169.254.169.254", "[::1]", "::ffff:10.0.0.1", "localhost", "mail.internal", "0x7f.1", "100.64.0.1")
    for host in inside:
        assert "/host" in _judged(monkeypatch, {**SMTP, "host": host}, tenancy="multi"), host
        if host.replace(".", "").isdigit() or host in ("localhost", "mail.internal"):
            assert _judged(monkeypatch, {**SMTP, "host": host}, tenancy="single") == [], f"who has {host} alone may use it"
        api = {**POSTMARK, "options": {"api_url": f"https://{host}/"}}
        assert "/options/api_url" in _judged(monkeypatch, api, tenancy="multi"), host
    assert _judged(monkeypatch, SMTP, tenancy="multi") == []
    assert _judged(monkeypatch, {**SMTP, "port": 8080, "tls": "none"}, tenancy="multi") == ["/port"]
    assert _judged(monkeypatch, {**SMTP, "tls": "none", "username": "a", "password": "b"}, tenancy="single") == ["/tls"]
    assert _judged(monkeypatch, {**POSTMARK, "options": {"api_url": "http://api.example.com/"}}, tenancy="single") == ["/options/api_url"]
    assert _judged(monkeypatch, {"transport": "console", "from_email": "a@example.com"}, tenancy="single") == ["/transport"]
    with cast.tenant.scope():  # and where nothing is chosen at all, nothing goes to a log full of sign-in links
        assert routes.present() == routes.Route("none", "none")


def test_the_environment_names_a_server_or_a_provider() -> None:
    sender = "Northwind <hello@northwind.example>"
    found = routes.from_url("smtp://ada:p%40ss@mail.example:2525?tls=none", sender=sender)
    assert (found.host, found.port, found.tls, found.username, found.secrets) == ("mail.example", 2525, "none", "ada", {"password": "p@ss"})
    assert routes.from_url("smtp://mail.example?tls=implicit", sender=sender).port == 465
    found = routes.from_url("postmark://t-1@?message_stream=broadcast", sender=sender)
    assert (found.transport, found.secrets["token"], found.options) == ("postmark", "t-1", {"message_stream": "broadcast"})
    for wrong in ("pigeon://mail.example", "smtp://", "smtp://mail.example?tls=ssl"):
        with pytest.raises(ValueError, match="TENANTRY_MAIL_URL"):
            routes.from_url(wrong, sender=sender)
    assert set(PROVIDERS) >= {"postmark", "ses", "sendgrid", "mailgun", "resend", "brevo"}
