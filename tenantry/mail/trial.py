"""A test mail, sent at once: whoever sets up a mail server hears what it says."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tenantry.audit.services import Actor, record
from tenantry.tenancy.scope import outside

from . import letters, transports
from .routes import Route


@dataclass(frozen=True, slots=True)
class Trial:
    """``code`` is one of ``transports.WORDS``, ``said`` the server's own words; both are empty when it took the mail."""

    sent: bool
    code: str
    said: str
    ms: int

    @property
    def words(self) -> str:
        """What went wrong, in our words."""
        return transports.WORDS.get(self.code, "")


def try_out(*, route: Route, to: str, actor: Actor) -> Trial:
    """Send a test mail by this route and wait for the outcome, with no transaction open; then record it, without what was said.

    The mail is no row of ours, so nothing sends it again. It goes to suppressed addresses too: nobody else chose this one.
    """
    mail = letters.write(
        "test", subject=f"Test mail of {letters.program()['name']}", context={"transport": route.label, "who": actor.label}
    )
    began, code, said = time.monotonic(), "", ""
    with outside():
        try:
            transports.send(route, to=to, mail=mail)
        except transports.Undelivered as undelivered:
            code, said = undelivered.code, undelivered.said
    outcome = {"transport": {"before": None, "after": route.transport}, "outcome": {"before": None, "after": code or "sent"}}
    record("mail_settings.tested", actor=actor, label=to, changes=outcome)
    return Trial(not code, code, said, round((time.monotonic() - began) * 1000))
