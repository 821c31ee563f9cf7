"""The mails of this room, with samples for their previews."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tenantry.kit.clock import now
from tenantry.mail.letters import Letterhead, register
from tenantry.tenancy.addresses import address
from tenantry.webhooks.models import PAUSED_BECAUSE


def _invitation() -> dict[str, Any]:
    return {
        "organization": "Contoso",
        "inviter": "ada@contoso.example",
        "role": "Learner",
        "url": address("invitation", token="preview"),  # noqa: S106  # opens nothing
        "expires_at": now() + timedelta(days=14),
    }


def _webhook_paused() -> dict[str, Any]:
    return {
        "url": address("webhooks", slug="contoso"), "endpoint": "https://example.com/hooks/tenantry", "whose": "Contoso",
        "why": PAUSED_BECAUSE["failing"],
    }  # fmt: skip


register(
    "invitation",
    meaning="Somebody is invited to an organization, or the invitation is sent again.",
    subject="Contoso invites you",
    sample=_invitation,
    head=Letterhead("Contoso", "#b3541e"),
)
register(
    "webhook_paused",
    meaning="Tenantry paused a webhook endpoint: it answered 410, or failed for five days.",
    subject="A webhook was paused",
    sample=_webhook_paused,
    head=Letterhead("Contoso", "#b3541e"),
)
