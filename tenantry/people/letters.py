"""The mails of this room, with samples for their previews."""

from __future__ import annotations

from typing import Any

from tenantry.mail.letters import register
from tenantry.tenancy.addresses import address


def _sign_in() -> dict[str, Any]:
    from .models import User

    url = address("sign_in_link", token="preview")  # noqa: S106  # opens nothing
    return {"user": User(name="Ada Okafor", email="ada@contoso.example"), "url": url}


register("sign_in", meaning="Somebody asks for a link to sign in with.", subject="Your sign-in link", sample=_sign_in)
register(
    "suspended",
    meaning="Somebody is suspended, or is staff no longer.",
    subject="Your access was suspended",
    sample=lambda: {"reason": "The contract with your agency ended on 31 March."},
)
