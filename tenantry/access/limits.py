"""How often something may be done: ``count`` a request under a named rule, and refuse it with 429 when there is no room.

The rules are in ``rates.py``, an organization's own numbers in ``allowances.py``, the counting in ``counters.py``. A door
(API or page) that a rule is for calls, after its guard::

    limits.count("webhook_writes", organization.id)        # for each organization; None: the tenant's own
    limits.count("domain_check")                           # for each network address: taken from the request

and says so in its operation: ``**needs("webhooks:write", attempts=limits.told("webhook_writes"))``.
"""

from __future__ import annotations

import math
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from tenantry.kit.context import request_info
from tenantry.kit.problems import Problem

from . import allowances, counters
from .rates import Rule, rules


@dataclass(frozen=True, slots=True)
class Counted:
    """What a rule says of this request, for the ``RateLimit-…`` headers. ``reset``: seconds until there is more room."""

    rule: Rule
    limit: int
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    def headers(self) -> dict[str, str]:
        return {"RateLimit-Limit": str(self.limit), "RateLimit-Remaining": str(self.remaining), "RateLimit-Reset": str(self.reset)}


# What was counted for the request that is being served (access/middleware.py).
counted_now: ContextVar[list[Counted] | None] = ContextVar("counted_now", default=None)


def count(name: str, subject: UUID | str | None = None, *, organization_id: UUID | None = None) -> None:
    """Count this request under a rule. Raises Problem 429 ``rate_limited`` when it is one too many; that isn't counted then.

    ``subject`` is whom the rule counts: an organization's id, a key's or person's name; an ip rule takes the request's own.
    ``organization_id`` names the organization whose numbers hold, where the subject isn't that itself (a key's). Outside a
    request (jobs, command line) nothing is counted.
    """
    rule = rules()[name]
    if not request_info.get().request_id or (rule.per == "ip" and not (subject := request_info.get().ip)):
        return
    if rule.per == "organization" and isinstance(subject, UUID):
        organization_id = subject
    limit = allowances.limit_of(organization_id, rule) if organization_id and rule.own else rule.limit
    answer = counters.ask(allowances.question(rule, subject, limit=limit))
    found = Counted(rule, limit, answer.used, max(0, math.ceil(answer.wait)))
    if (kept := counted_now.get()) is not None:
        kept.append(found)
    if not answer.admitted:
        raise refusal(found)


def refusal(found: Counted) -> Problem:
    """429, with the time after which it can be tried again."""
    wait = max(1, found.reset)
    tried = found.rule.per in ("ip", "email", "person")
    cause = "Too many attempts." if tried else f"The limit is {found.limit:,} {found.rule.period}."
    return Problem(
        429, "rate_limited", f"{cause} Try again in {in_words(wait)}.",
        headers={**found.headers(), "RateLimit-Remaining": "0", "RateLimit-Reset": str(wait), "Retry-After": str(wait)},
        rule=found.rule.name, limit=found.limit, period_seconds=found.rule.seconds, retry_after=wait,
    )  # fmt: skip


def in_words(seconds: int) -> str:
    """``42 seconds``, ``23 hours``: rounded up, so that it is true."""
    for size, unit in ((3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{math.ceil(seconds / size)} {unit}"
    return f"{seconds} seconds" if seconds > 1 else "a second"


def tightest() -> Counted | None:
    """Of the rules that have counted this request, the one with the least room."""
    return min(counted_now.get() or (), key=lambda found: (found.remaining, -found.reset), default=None)


def told(*names: str) -> str:
    """What an operation says in ``x-attempts`` of the rules that count it."""
    return "; ".join(rules()[name].phrase for name in names)
