"""The mails of this room, with samples for their previews."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tenantry.kit.clock import now
from tenantry.mail.letters import Letterhead, register
from tenantry.tenancy.addresses import address


def _invitation() -> dict[str, Any]:
    return {
        "organization": "Contoso",
        "inviter": "ada@contoso.example",
        "role": "Learner",
        "url": address("invitation", token="preview"),  # noqa: S106  # opens nothing
        "expires_at": now() + timedelta(days=14),
    }


register(
    "invitation",
    meaning="Somebody is invited to an organization, or the invitation is sent again.",
    subject="Contoso invites you",
    sample=_invitation,
    head=Letterhead("Contoso", "#b3541e"),
)
