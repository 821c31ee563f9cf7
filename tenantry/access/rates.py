"""Every rate limit by name: who is counted, how much they may, and in which time. docs/rate-limits.md is made from this table.

An installation changes numbers with ``TENANTRY_RATE_LIMITS``, staff and owners those of one organization
(``allowances.py``). Counting is done by ``limits.count(name, …)``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
Per = Literal["ip", "email", "person", "organization", "key", "token", "installation"]
EACH: Final[dict[Per, str]] = {
    "ip": "network address",
    "email": "e-mail address",
    "person": "person",
    "organization": "organization",
    "key": "key, and person with a session",
    "token": "token",
    "installation": "installation",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """At most ``limit`` in any ``seconds``, for each ``per``.

    ``own``: an organization can have a number of its own. ``outside``: counted where no workspace is entered yet.
    """

    name: str
    limit: int
    seconds: int
    per: Per
    meaning: str
    label: str = ""
    own: bool = False
    outside: bool = False

    @property
    def window(self) -> str:
        """``minute``, ``15 minutes``: what follows “in the last”."""
        return self.period.removeprefix("in ").removeprefix("an ").removeprefix("a ")

    @property
    def phrase(self) -> str:
        """``10 in 15 minutes for each network address``."""
        return f"{self.limit:,} {self.period} for {'the whole' if self.per == 'installation' else 'each'} {EACH[self.per]}"

    @property
    def period(self) -> str:
        """``a minute``, ``in 15 minutes``."""
        unit, size = next((unit, size) for unit, size in (("hour", _HOUR), ("minute", _MINUTE), ("second", 1)) if self.seconds % size == 0)
        count = self.seconds // size
        return f"in {count} {unit}s" if count > 1 else "an hour" if unit == "hour" else f"a {unit}"


DEFAULTS: Final = {
    rule.name: rule
    for rule in (
        Rule("sign_in", 10, 15 * _MINUTE, "ip", "Signing in with a password."),
        Rule("sign_in_email", 5, _MINUTE, "email", "Signing in with a password, or asking for a link."),
        Rule("forgotten_password", 10, 15 * _MINUTE, "ip", "Asking for a sign-in link, which is also the way in without one's password."),
        Rule("password_proof", 5, _MINUTE, "person", "Proving one's present password."),
        Rule("second_factor", 10, 15 * _MINUTE, "person", "Proving a second factor: codes of an app, and recovery codes."),
        Rule("passkey", 30, 15 * _MINUTE, "ip", "Beginning to sign in with a passkey."),
        Rule("sign_up", 10, 15 * _MINUTE, "ip", "Making a workspace.", outside=True),
        Rule("install", 10, 15 * _MINUTE, "installation", "Taking charge of a new installation.", outside=True),
        Rule("workspaces", 10, 15 * _MINUTE, "ip", "Asking for a link to one's workspaces.", outside=True),
        Rule("workspaces_email", 5, 15 * _MINUTE, "email", "The same, for whom it is asked.", outside=True),
        Rule("domain_check", 60, _HOUR, "ip", "Asking how people of an e-mail domain sign in."),
        Rule("sso", 600, 5 * _MINUTE, "ip", "Ways to and from an identity provider."),
        Rule("invitation_accept", 30, _HOUR, "ip", "Accepting invitations."),
        Rule("invitation_create", 20, _HOUR, "organization", "Inviting people; a list counts once.", "Invitations", own=True),
        Rule("domain_verification", 60, _HOUR, "organization", "Having the proof of a domain looked for."),
        Rule("webhook_writes", 5, _MINUTE, "organization", "Making, changing and deleting webhook endpoints, and replacing secrets.",
             "Changes of webhooks", own=True),
        Rule("exports", 1, _DAY, "organization", "Exporting the organization's record.", "Exports", own=True),
        Rule("scim", 25, 1, "token", "Requests of a directory (SCIM).", "Directory requests (SCIM)", own=True),
        Rule("mail_test", 10, 15 * _MINUTE, "key", "Sending test mails."),
        Rule("mail_reports", 600, _MINUTE, "ip", "Reports of mail providers."),
        Rule("mail_reports_refused", 20, 15 * _MINUTE, "ip", "Such reports with a wrong secret."),
        Rule("requests", 600, 5 * _MINUTE, "key", "Every other request to the API.", "API requests", own=True),
    )
}  # fmt: skip
_ONE = re.compile(r"(?P<name>[a-z_]+)=(?P<limit>[1-9]\d{0,8})/(?P<count>[1-9]\d{0,5})?(?P<unit>[smhd])")
_UNITS = {"s": 1, "m": _MINUTE, "h": _HOUR, "d": _DAY}


def rules() -> dict[str, Rule]:
    """The rules of this installation by name. Raises ImproperlyConfigured when ``TENANTRY_RATE_LIMITS`` can't be read."""
    return _read(settings.ENVIRONMENT.rate_limits)


@lru_cache(maxsize=8)
def _read(text: str) -> dict[str, Rule]:
    found = dict(DEFAULTS)
    for part in filter(None, (part.strip() for part in text.split(","))):
        read = _ONE.fullmatch(part)
        if read is None:
            raise ImproperlyConfigured(f"TENANTRY_RATE_LIMITS: “{part}” is not of the form sign_in=10/15m (units: s, m, h, d).")
        if read["name"] not in found:
            raise ImproperlyConfigured(f"TENANTRY_RATE_LIMITS: there is no rule {read['name']}; there are {', '.join(DEFAULTS)}.")
        seconds = int(read["count"] or 1) * _UNITS[read["unit"]]
        found[read["name"]] = replace(found[read["name"]], limit=int(read["limit"]), seconds=seconds)
    return found
