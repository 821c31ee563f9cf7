"""Mails of real acts by a real server: what they look like, and what is said when one doesn't arrive."""

from __future__ import annotations

import time
from typing import Any

from tenantry.kit import colours
from tenantry.mail.models import Message

from ..people import MAIL_SECONDS, Cast, ok, problem
from .servers import FULL, GONE, Postmark, Smtp

NEW = "dana@contoso.example"


def _use(cast: Cast, settings: dict[str, Any]) -> None:
    ok(cast.admin.put("/settings/mail", json=settings))


def invite(cast: Cast, email: str, role: str = "learner") -> dict[str, Any]:
    made: dict[str, Any] = ok(cast.owner.post(f"{cast.org}/invitations", json={"email": email, "role": role}), 201)
    return made


def message(cast: Cast, to: str, *statuses: str) -> Message:
    """The mail to somebody, once it has one of these statuses."""
    until = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < until:
        with cast.tenant.scope():
            found = Message.objects.filter(to=to).order_by("-id").first()
        if found and found.status in statuses and (found.status != "queued" or found.code):
            return found
        time.sleep(0.05)
    raise AssertionError(f"the mail to {to} is {found and found.status} ({found and found.error})")


def test_an_invitation_wears_the_organizations_name_and_colour(cast: Cast, server: Smtp) -> None:
    _use(cast, {**server.settings, "from_name": "Northwind Academy", "reply_to": "help@northwind.example"})
    ok(cast.owner.patch(cast.org, json={"brand_colour": "#c2410c"}))
    made = invite(cast, NEW)
    assert (made["notified"], made["notified_reason"]) == (True, None)
    (mail,) = server.wait()
    assert (mail["Subject"], mail["From"]) == ("Contoso invites you", "Northwind Academy <hello@northwind.example>")
    assert (mail["Reply-To"], mail["To"]) == ("help@northwind.example", NEW)
    text, html = (part.get_content().replace("\r\n", "\n") for part in mail.iter_parts())
    assert "See the invitation:\nhttp" in text
    assert "Contoso" in html and colours.button_of("#c2410c")[0] in html
    assert "<" not in text
    row = message(cast, NEW, "sent")
    assert row.sealed_body is None, "a way in that was handed over has no business in our tables"
    assert row.about == made["id"]


def test_a_mail_that_fails_undoes_nothing_is_told_and_can_be_sent_again(cast: Cast, server: Smtp) -> None:
    _use(cast, server.settings)
    made = invite(cast, GONE)
    assert made["notified"], "as far as known then"
    row = message(cast, GONE, "failed")
    assert (row.code, row.error) == ("recipient_refused", "550 5.1.1 The mailbox you tried to reach does not exist")
    (shown,) = ok(cast.owner.get(f"{cast.org}/invitations"))["data"]
    assert (shown["status"], shown["notified"], shown["notified_reason"]) == ("pending", False, "mail_failed")
    page = cast.owner.get(f"{cast.tenant.url}/o/contoso/invitations").text
    assert "The mail could not be sent." in page
    (lost,) = ok(cast.admin.get("/mail/messages", params={"status": "lost"}))["data"]
    assert (lost["to"], lost["about"], lost["can_retry"]) == (GONE, made["id"], True)
    assert "http" not in str(lost), "nobody reads a mail's text"
    problem(cast.tenant.key("auditor").post(f"/mail/messages/{lost['id']}/retry"), 403, "permission_denied")
    _use(cast, {"transport": "console", "from_email": "hello@northwind.example"})
    ok(cast.admin.post(f"/mail/messages/{lost['id']}/retry"))
    assert message(cast, GONE, "sent").code == ""
    problem(cast.admin.post(f"/mail/messages/{lost['id']}/retry"), 409, "state_conflict")
    assert ok(cast.owner.get(f"{cast.org}/invitations"))["data"][0]["notified"]


def test_a_server_that_is_busy_is_asked_again_later(cast: Cast, server: Smtp) -> None:
    _use(cast, server.settings)
    invite(cast, FULL)
    row = message(cast, FULL, "queued")
    assert (row.code, row.error) == ("busy", "452 4.2.2 The mailbox is full, come back later")
    assert ok(cast.owner.get(f"{cast.org}/invitations"))["data"][0]["notified"], "it is still on its way"
    assert ok(cast.admin.get("/mail/messages", params={"status": "lost"}))["data"] == []
    problem(cast.admin.get("/mail/messages", params={"status": "wrong"}), 422, "status_unknown")


def test_a_provider_is_given_both_forms_and_its_identifier_kept(cast: Cast, api: Postmark) -> None:
    _use(cast, api.settings)
    invite(cast, NEW)
    (mail,) = api.wait()
    assert mail["Subject"] == "Contoso invites you"
    assert mail["TextBody"] and mail["HtmlBody"]
    assert message(cast, NEW, "sent").provider_id == mail["MessageID"]
    invite(cast, GONE)
    assert message(cast, GONE, "failed").error.startswith("422 You tried to send to recipient(s) that have been marked as inactive.")
