"""Bounces and complaints, as providers report them: who gets no more mail, and how that ends."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tenantry.mail import reports
from tenantry.mail.models import Message, Suppression

from ..people import Cast, ok, problem
from .servers import Postmark
from .test_sending import invite, message

DANA, BO, OMAR = "dana@contoso.example", "bo@contoso.example", "omar@contoso.example"


def _open(cast: Cast) -> str:
    return str(ok(cast.admin.post("/settings/mail/reports"), 201)["secret"])


def _report(cast: Cast, secret: str, body: Any, provider: str = "postmark", **more: Any) -> httpx.Response:
    return cast.nobody.post(f"/mail/events/{provider}", json=body, auth=("tenantry", secret), **more)


def _bounce(to: str, kind: str = "HardBounce", **more: Any) -> dict[str, Any]:
    """https://postmarkapp.com/developer/webhooks/bounce-webhook"""
    return {"RecordType": "Bounce", "Type": kind, "Email": to, "ID": 42, "Details": "550 5.1.1 no such user", **more}


def _complaint(to: str) -> dict[str, Any]:
    """https://postmarkapp.com/developer/webhooks/spam-complaint-webhook"""
    return {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "Email": to, "ID": 43, "Description": "Marked as spam"}


def _sns(to: str, kind: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html, in an SNS notification."""
    recipient = {"emailAddress": to, "diagnosticCode": "smtp; 550 5.1.1 unknown"}
    bounce = {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": [recipient]}
    told = {"notificationType": "Bounce", "bounce": bounce, "mail": {"messageId": "x", "destination": [to]}}
    return {"Type": "Notification", "MessageId": "m-1", "Timestamp": "2026-01-01T00:00:00.000Z", "Message": json.dumps(told)}


def _suppressed(cast: Cast) -> dict[str, str]:
    return {row["address"]: row["reason"] for row in ok(cast.admin.get("/mail/suppressions"))["data"]}


def test_only_who_has_the_secret_is_heard(cast: Cast) -> None:
    problem(_report(cast, "guess", {}), 401, "report_secret_wrong")
    first = _open(cast)
    wrong = _report(cast, "guess", _bounce(DANA))
    problem(wrong, 401, "report_secret_wrong")
    assert wrong.headers["www-authenticate"] == 'Basic realm="reports"', "Amazon sends it only when asked"
    assert ok(_report(cast, first, _bounce(DANA))) == {"taken": 0}, "nobody was ever mailed there"
    assert ok(cast.nobody.post("/mail/events/postmark", json=_bounce(DANA), params={"secret": first})) == {"taken": 0}
    problem(_report(cast, first, {}, "mailgun"), 422, "report_unreadable")
    problem(_report(cast, first, {}, "pigeon"), 404, "not_found")
    second = _open(cast)
    problem(_report(cast, first, {}), 401, "report_secret_wrong")
    ok(_report(cast, second, {}))
    assert ok(cast.admin.get("/settings/mail"))["reports_open"]
    elsewhere = cast.other_tenant.nobody().post("/mail/events/postmark", json={}, auth=("tenantry", second))
    problem(elsewhere, 401, "report_secret_wrong")
    for _ in range(20):
        last = _report(cast, "guess", {})
    problem(last, 429, "rate_limited")


def test_an_address_that_bounced_for_good_gets_no_more_mail_until_that_is_lifted(cast: Cast, api: Postmark) -> None:
    ok(cast.admin.put("/settings/mail", json=api.settings))
    secret, made = _open(cast), invite(cast, DANA)
    (mail,) = api.wait()
    message(cast, DANA, "sent")
    told = _report(cast, secret, _bounce(DANA.upper(), MessageID=mail["MessageID"]))
    assert ok(told) == {"taken": 1}
    assert ok(_report(cast, secret, _bounce(DANA))) == {"taken": 1}, "told twice, it is suppressed once"
    assert _suppressed(cast) == {DANA: "bounce"}
    event = ok(cast.admin.get("/audit-events", params={"action": "mail.bounced"}))["data"]
    assert [(row["actor"]["label"], row["target"]["label"], row["reason"]) for row in event] == [
        ("Postmark", DANA, "550 5.1.1 no such user")
    ]
    (shown,) = ok(cast.owner.get(f"{cast.org}/invitations"))["data"]
    assert (shown["notified"], shown["notified_reason"]) == (False, "mail_bounced")

    cast.tenant.move_clock(minutes=2)
    again = ok(cast.owner.post(f"{cast.org}/invitations/{made['id']}/resend"))
    assert (again["status"], again["notified"], again["notified_reason"]) == ("pending", False, "address_suppressed")
    rows = {"rows": [{"email": OMAR}, {"email": DANA}]}
    report = ok(cast.owner.post(f"{cast.org}/invitations/bulk", json=rows))
    assert (report["not_notified"], report["rows"][0]["notified"]) == (0, True), "Dana has an invitation already"
    cast.tenant.jobs_done()
    message(cast, DANA, "suppressed")
    assert [mail["To"] for mail in api.wait(2)] == [DANA, OMAR]
    ended = ok(cast.admin.post(f"/users/{cast.tenant.sign_in(DANA).id}/suspension", json={"reason": "left"}))
    assert (ended["status"], ended["notified"], ended["notified_reason"]) == ("suspended", False, "address_suppressed")

    (entry,) = ok(cast.admin.get("/mail/suppressions", params={"address": DANA}))["data"]
    problem(cast.tenant.key("auditor").delete(f"/mail/suppressions/{entry['id']}"), 403, "permission_denied")
    ok(cast.admin.delete(f"/mail/suppressions/{entry['id']}"), 204)
    problem(cast.admin.delete(f"/mail/suppressions/{entry['id']}"), 404, "not_found")
    cast.tenant.move_clock(minutes=4)
    assert ok(cast.owner.post(f"{cast.org}/invitations/{made['id']}/resend"))["notified"]
    assert api.wait(3)[2]["To"] == DANA


def test_amazon_is_told_that_its_reports_are_wanted_and_nobody_else_is_called() -> None:
    def asked(url: str, kind: str = "SubscriptionConfirmation") -> str:
        return reports.subscription_of(json.dumps({"Type": kind, "SubscribeURL": url}).encode())

    url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:1:x&Token=2336"
    assert asked(url) == url
    assert asked(url, "Notification") == reports.subscription_of(b"no json") == reports.subscription_of(b"[]") == ""
    for other in (
        "http://sns.eu-west-1.amazonaws.com/?a",
        "https://sns.eu-west-1.amazonaws.com.evil.example/?a",
        "https://evil.example/?sns.eu-west-1.amazonaws.com",
        "https://a@sns.x.amazonaws.com/?a",
        "https://sns.x.amazonaws.com:8443/?a",
    ):
        assert asked(other) == "", other


def test_what_is_a_reason_and_what_is_none(cast: Cast) -> None:
    secret = _open(cast)
    people = {DANA: _complaint(DANA), BO: _sns(BO, "Permanent"), OMAR: _bounce(OMAR, "SoftBounce")}
    with cast.tenant.scope():
        Message.objects.bulk_create([Message(to=to, subject="Hello", template="test", status="sent") for to in people])
    for kind in ("SoftBounce", "Transient", "AutoResponder", "Blocked"):
        assert ok(_report(cast, secret, _bounce(OMAR, kind))) == {"taken": 0}, kind
    assert ok(_report(cast, secret, _sns(OMAR, "Transient"), "ses")) == {"taken": 0}
    assert ok(_report(cast, secret, {"RecordType": "Delivery", "Recipient": OMAR})) == {"taken": 0}
    assert ok(_report(cast, secret, {"Type": "SubscriptionConfirmation", "Token": "t", "TopicArn": "arn:aws:sns:eu-west-1:1:x"}, "ses"))
    assert ok(_report(cast, secret, people[DANA])) == {"taken": 1}
    assert ok(_report(cast, secret, people[BO], "ses")) == {"taken": 1}
    sendgrid = [{"event": "bounce", "type": "bounce", "email": OMAR, "reason": "550 unknown", "sg_event_id": "1", "timestamp": 1}]
    assert ok(_report(cast, secret, sendgrid, "sendgrid")) == {"taken": 1}
    assert _suppressed(cast) == {DANA: "complaint", BO: "bounce", OMAR: "bounce"}
    with cast.tenant.scope():
        assert {row.to: row.code for row in Message.objects.filter(status="bounced")} == {DANA: "complaint", BO: "bounce", OMAR: "bounce"}
        assert Suppression.objects.get(address=BO).detail == "smtp; 550 5.1.1 unknown"
