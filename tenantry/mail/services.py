"""Write a mail with the act that causes it; a job sends it later."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from tenantry.kit import crypto
from tenantry.tenancy.scope import current

from .models import Message

# One import of thousands must not keep the sign-in link of somebody who waits for it: such mails stand behind all others.
ONE_OF_MANY = -10


def queue(*, to: str, subject: str, template: str, context: dict[str, Any], priority: int = 0) -> Message:
    """Render ``mail/<template>.txt`` and ``.html`` and put the mail in the queue, in the present transaction.

    The act stands even if the mail fails later; the message row says so. ``priority``: ``ONE_OF_MANY`` for mails by the thousand.
    """
    full = {"workspace": current().name, "subject": subject, **context}
    body = {"text": render_to_string(f"mail/{template}.txt", full), "html": render_to_string(f"mail/{template}.html", full)}
    message = Message(to=to, subject=subject, template=template)
    message.sealed_body = crypto.seal(json.dumps(body).encode(), keys=settings.SECRETS_KEYS, context=f"mail {message.id}")
    message.save(force_insert=True)
    from .tasks import send

    send.configure(priority=priority).defer(tenant_id=str(current().tenant_id), message_id=str(message.id))
    return message


def read_body(message: Message) -> dict[str, str]:
    """``{"text", "html"}`` of a mail whose body is still kept; empty strings once it was dropped."""
    if not message.sealed_body:
        return {"text": "", "html": ""}
    plain = crypto.unseal(bytes(message.sealed_body), keys=settings.SECRETS_KEYS, context=f"mail {message.id}")
    body: dict[str, str] = json.loads(plain)
    return body
