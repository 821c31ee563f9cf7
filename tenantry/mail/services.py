"""Write a mail with the act that causes it; a job sends it later. No act fails for a mail: its row says what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings

from tenantry.audit.services import Actor, record
from tenantry.kit import crypto
from tenantry.kit.problems import conflict, not_found
from tenantry.tenancy.scope import current

from . import letters, routes
from .letters import Letterhead, Written
from .models import Message, Suppression

# One import of thousands must not keep the sign-in link of somebody who waits for it: such mails stand behind all others.
ONE_OF_MANY = -10
SUPPRESSED, NOT_CONFIGURED = "address_suppressed", "mail_not_configured"
Status = Message.Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether somebody has been told, as far as is known now; ``reason`` says why not, else it is None."""

    notified: bool
    reason: str | None = None

    def members(self) -> dict[str, Any]:
        """As answers of the API carry it."""
        return {"notified": self.notified, "notified_reason": self.reason}

    @property
    def words(self) -> str:
        """Why nobody was told, as a sentence; empty when they were."""
        return WORDS.get(self.reason or "", "")


ON_ITS_WAY = Outcome(True)
NOT_ASKED = Outcome(False, "not_asked")
WORDS = {
    SUPPRESSED: "Mails to this address came back or were called unwanted, so it gets none.",
    NOT_CONFIGURED: "No mail server is set.",
    "mail_bounced": "The mail came back.",
    "mail_failed": "The mail could not be sent.",
}


def queue(
    *, to: str, subject: str, template: str, context: dict[str, Any], priority: int = 0, about: str = "", head: Letterhead | None = None
) -> Message:
    """Write a registered mail (``letters.register``) and have a job send it, in the present transaction.

    The act stands even if the mail fails later; the message row says so. An address on the suppression list gets a row and no
    mail. ``priority``: ``ONE_OF_MANY`` for mails by the thousand. ``about``: the public id of what it is about; ``head``: the
    organization whose letterhead it has.
    """
    written = letters.write(template, subject=subject, context=context, head=head)
    message = Message(to=to, subject=written.subject, template=template, about=about)
    if Suppression.objects.filter(address=to.lower()).exists():
        message.status, message.code = Status.SUPPRESSED, SUPPRESSED
        message.save(force_insert=True)
        return message
    body = json.dumps({"text": written.text, "html": written.html}).encode()
    message.sealed_body = crypto.seal(body, keys=settings.SECRETS_KEYS, context=f"mail {message.id}")
    message.save(force_insert=True)
    _send_later(message, priority)
    return message


def _send_later(message: Message, priority: int = 0) -> None:
    from .tasks import send

    send.configure(priority=priority).defer(tenant_id=str(current().tenant_id), message_id=str(message.id))


def read_body(message: Message) -> dict[str, str]:
    """``{"text", "html"}`` of a mail whose body is still kept; empty strings once it was dropped."""
    if not message.sealed_body:
        return {"text": "", "html": ""}
    plain = crypto.unseal(bytes(message.sealed_body), keys=settings.SECRETS_KEYS, context=f"mail {message.id}")
    body: dict[str, str] = json.loads(plain)
    return body


def written(message: Message) -> Written:
    """A queued mail as it leaves."""
    return Written(message.subject, **read_body(message))


def prospect(address: str) -> Outcome:
    """Whether a mail to this address would go now. For an act that answers before its mail is written."""
    return prospects([address])[address]


def prospects(addresses: Iterable[str]) -> dict[str, Outcome]:
    """``prospect`` for many, in two queries."""
    if not (asked := list(addresses)):
        return {}
    if routes.present().transport == routes.NONE:
        return dict.fromkeys(asked, Outcome(False, NOT_CONFIGURED))
    shut = set(Suppression.objects.filter(address__in=[address.lower() for address in asked]).values_list("address", flat=True))
    return {address: Outcome(False, SUPPRESSED) if address.lower() in shut else ON_ITS_WAY for address in asked}


def outcomes(abouts: Iterable[str]) -> dict[str, Outcome]:
    """What became of the latest mail about each of these; one without a mail is missing."""
    if not (asked := list(abouts)):
        return {}
    rows = Message.objects.filter(about__in=asked).order_by("about", "-id").distinct("about")
    return {row.about: _outcome(row) for row in rows.only("about", "status", "code")}


def _outcome(message: Message) -> Outcome:
    if message.status in (Status.QUEUED, Status.SENT):
        return ON_ITS_WAY
    return Outcome(False, {Status.SUPPRESSED: SUPPRESSED, Status.BOUNCED: "mail_bounced"}.get(Status(message.status)) or _failed(message))


def _failed(message: Message) -> str:
    return NOT_CONFIGURED if message.code == "not_configured" else "mail_failed"


def retry(*, message_id: UUID, actor: Actor) -> Message:
    """Send a mail again that had failed, by the way that the settings mean now. Raises Problem 404, 409 ``state_conflict``."""
    message = Message.objects.select_for_update().filter(id=message_id).first()
    if message is None:
        raise not_found("mail")
    if message.status != Status.FAILED or not message.sealed_body:
        raise conflict("state_conflict", f"This mail is {message.status}; one that failed can be sent again.", state=message.status)
    message.status, message.code, message.error = Status.QUEUED, "", ""
    message.save(update_fields=["status", "code", "error"])
    record("mail.retried", actor=actor, target=message, label=message.to)
    _send_later(message)
    return message
