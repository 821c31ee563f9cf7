"""What a provider reports of mails that it took: which came back, and which were called unwanted.

A provider proves itself by a secret of the tenant's own, in the address that it reports to. We keep the secret's digest.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tenantry.audit.services import Actor, record
from tenantry.kit import crypto
from tenantry.tenancy.settings import read_group, write_group

from .models import Message, Suppression
from .providers import PROVIDERS

GROUP = "mail_reports"
USER = "tenantry"  # the name before the secret, for providers that sign in with both
Reason = Suppression.Reason


def open_reports(*, actor: Actor) -> str:
    """Make the secret that a provider reports with; returns it this once. An earlier one ends."""
    secret = crypto.new_token()
    write_group(GROUP, values={"digest": crypto.digest(secret).hex()})
    record("mail_settings.reports_opened", actor=actor, label="Mail")
    return secret


def are_open() -> bool:
    """Whether there is a secret."""
    return bool(read_group(GROUP).values.get("digest"))


def is_ours(secret: str) -> bool:
    """Whether this is the tenant's secret; compared in constant time."""
    kept = str(read_group(GROUP).values.get("digest", ""))
    return bool(kept) and hmac.compare_digest(kept, crypto.digest(secret).hex())


def take(*, provider: str, events: Iterable[Any]) -> int:
    """Suppress the addresses that bounced for good or complained; returns how many events that were.

    Only of mails that we sent: a provider's account may serve others too, whose complaints are not about us. Doing it again
    changes nothing.
    """
    taken = 0
    for event in events:
        address = str(event.recipient or "").strip().lower()[:254]
        reason = reason_of(provider, event)
        if not address or reason is None:
            continue
        message = _ours(address, str(event.message_id or ""))
        if message is None:
            continue
        taken += 1
        said = " ".join(str(event.mta_response or event.description or "").split())[:500]
        Message.objects.filter(id=message.id).update(status=Message.Status.BOUNCED, code=reason.value, error=said, sealed_body=None)
        _suppress(address, reason, provider, said)
    return taken


_SNS = re.compile(r"https://sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/\?[\x21-\x7e]{1,2000}")


def subscription_of(body: bytes) -> str:
    """The address by which Amazon's SNS wants its subscription confirmed, when that is what it asks; only one of Amazon's own.

    https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html
    """
    try:
        asked = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(asked, dict) or asked.get("Type") != "SubscriptionConfirmation":
        return ""
    url = str(asked.get("SubscribeURL", ""))
    return url if _SNS.fullmatch(url) else ""


def _ours(address: str, provider_id: str) -> Message | None:
    """The mail that an event is about: the very one, or else the latest that the address was sent."""
    to = Message.objects.filter(to=address, status__in=[Message.Status.SENT, Message.Status.BOUNCED]).order_by("-id")
    return (to.filter(provider_id=provider_id).first() if provider_id else None) or to.first()


def _suppress(address: str, reason: Reason, provider: str, said: str) -> None:
    row = Suppression(address=address, reason=reason, provider=provider, detail=said)
    Suppression.objects.bulk_create([row], ignore_conflicts=True)
    if not Suppression.objects.filter(id=row.id).exists():
        return  # known already
    actor = Actor("system", None, PROVIDERS[provider].label, "api")
    if reason == Reason.COMPLAINT:
        record("mail.complained", actor=actor, target=row, label=address, reason=said)
    else:
        record("mail.bounced", actor=actor, target=row, label=address, reason=said)


def reason_of(provider: str, event: Any) -> Reason | None:
    """Why an address gets no more mail after this event (https://anymail.dev/en/stable/sending/tracking/); None: it goes on.

    A full mailbox or a server that is down is no reason. Anymail calls some of those bounced too: Postmark's SoftBounce, what
    Amazon calls Transient, what SendGrid calls blocked. SendGrid's bounces have no reason of their own.
    """
    if event.event_type == "complained":
        return Reason.COMPLAINT
    said = event.esp_event if isinstance(event.esp_event, Mapping) else {}
    if event.event_type == "bounced":
        for_good = event.reject_reason in ("bounced", "invalid", None)
    else:
        for_good = event.event_type == "rejected" and event.reject_reason in ("bounced", "invalid")
    soft = {
        "ses": not str(event.description or "").startswith("Permanent"),
        "postmark": said.get("Type") == "SoftBounce",
        "sendgrid": said.get("type") == "blocked",
    }
    return Reason.BOUNCE if for_good and not soft.get(provider) else None
