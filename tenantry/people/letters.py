"""The mails of this room, with samples for their previews."""

from __future__ import annotations

from typing import Any

from tenantry.kit.clock import now
from tenantry.mail.letters import register
from tenantry.tenancy.addresses import address


def _sign_in() -> dict[str, Any]:
    from .models import User

    url = address("sign_in_link", token="preview")  # noqa: S106  # opens nothing
    return {"user": User(name="Ada Okafor", email="ada@contoso.example"), "url": url}


register("sign_in", meaning="Somebody asks for a link to sign in with.", subject="Your sign-in link", sample=_sign_in)


def _new_device() -> dict[str, Any]:
    from .models import User

    ada = User(name="Ada Okafor", email="ada@contoso.example")
    return {
        "user": ada,
        "device": "Firefox on Linux",
        "ip": "203.0.113.7",
        "country": "DE",
        "when": now(),
        "url": address("account_sessions"),
    }


def _factors_changed() -> dict[str, Any]:
    from .models import User

    ada = User(name="Ada Okafor", email="ada@contoso.example")
    what = "You can sign in with an authenticator app from now on."
    return {"user": ada, "what": what, "when": now(), "url": address("account_security")}


def _proof() -> dict[str, Any]:
    return {**_sign_in(), "url": address("prove_link", token="preview")}  # noqa: S106  # opens nothing


register("proof", meaning="Somebody has to prove anew who they are, and asks for a link.", subject="Confirm that it is you", sample=_proof)
register(
    "new_device",
    meaning="Somebody signed in with a browser that isn't known, from a network that isn't.",
    subject="A new device signed in",
    sample=_new_device,
)
register(
    "factors_changed",
    meaning="A second factor was added, removed or reset, or recovery codes were made.",
    subject="Your sign-in was changed",
    sample=_factors_changed,
)


def _impersonation() -> dict[str, Any]:
    from .models import User

    sam, ada = User(name="Sam Reyes", email="sam@northwind.example"), User(name="Ada Okafor", email="ada@contoso.example")
    url = address("support_access", slug="contoso")
    return {"staff": sam, "member": ada, "organization": "Contoso", "reason": "She can't find her course", "until": now(), "url": url}


register("impersonation_started", meaning="Staff begin to look at an organization as one of its members; to its owners.",
         subject="Sam Reyes looks at Contoso as a member", sample=_impersonation)  # fmt: skip
register("impersonation_raised", meaning="Staff who look as a member begin to make changes; to the organization's owners.",
         subject="Sam Reyes makes changes at Contoso as a member", sample=_impersonation)  # fmt: skip
register("impersonation_requested", meaning="Staff ask to look at an organization as one of its members; to its owners.",
         subject="Sam Reyes asks to look at Contoso as a member", sample=_impersonation)  # fmt: skip
register("impersonation_approved", meaning="An owner let staff look at the organization as one of its members; to that staff.",
         subject="Contoso lets you look", sample=_impersonation)  # fmt: skip
register(
    "suspended",
    meaning="Somebody is suspended, or is staff no longer.",
    subject="Your access was suspended",
    sample=lambda: {"reason": "The contract with your agency ended on 31 March."},
)
