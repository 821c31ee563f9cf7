"""What becomes of a delivery after an answer: pure rules, no database and no network."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# Between the first try and the second, and so on; after the last, the delivery has failed.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 480))
JITTER = 0.1
# A receiver that says when to come again is heard, within reason.
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(hours=24)
# Nothing but failures for so long: nobody is there any more.
GIVE_UP_AFTER = timedelta(days=5)
KEPT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one try. ``status`` None: there was no answer, and ``error`` says why in words for a person."""

    status: int | None
    body: str = ""
    error: str = ""
    ms: int = 0
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``status`` is the delivery's; ``wait`` until the next try while it is pending; ``gone``: the endpoint said 410."""

    status: str
    wait: timedelta | None = None
    gone: bool = False


def judge(attempt: Attempt, *, attempts: int, moment: datetime, jitter: float | None = None) -> Verdict:
    """The verdict after try number ``attempts`` (the first is 1). ``jitter`` −1 to 1 in place of chance."""
    if attempt.status is not None and 200 <= attempt.status < 300:
        return Verdict("delivered")
    if attempt.status == 410:
        return Verdict("failed", gone=True)
    if not may_retry(attempt.status) or attempts > len(WAITS):
        return Verdict("failed")
    asked = _asked(attempt.retry_after, moment) if attempt.status in (429, 503) else None
    if asked is not None:
        return Verdict("pending", wait=min(max(asked, SHORTEST_WAIT), LONGEST_WAIT))
    spread = random.uniform(-1, 1) if jitter is None else jitter  # noqa: S311  # spreads load, guards nothing
    return Verdict("pending", wait=WAITS[attempts - 1] * (1 + JITTER * spread))


def may_retry(status: int | None) -> bool:
    """No answer, 408, 429 and 5xx may pass; any other answer would be the same again."""
    return status is None or status in (408, 429) or status >= 500


def _asked(retry_after: str, moment: datetime) -> timedelta | None:
    """``Retry-After`` (RFC 9110 §10.2.3): seconds or a date; None when it says neither."""
    text = retry_after.strip()
    if text.isdecimal() and len(text) < 10:
        return timedelta(seconds=int(text))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(timedelta(0), (at if at.tzinfo else at.replace(tzinfo=UTC)) - moment)
