"""How often something may be tried: fixed windows, counted in one UNLOGGED table."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from django.db import connections

from tenantry.kit.clock import now
from tenantry.kit.ids import new_id
from tenantry.kit.problems import Problem
from tenantry.tenancy.scope import aside

_COUNT = """
insert into access_attempt (tenant_id, id, created_at, key, window_start, count) values (%s, %s, %s, %s, %s, 1)
on conflict (tenant_id, key, window_start) do update set count = access_attempt.count + 1 returning count
"""


def attempt(key: str, *, limit: int, per: timedelta) -> None:
    """Count one attempt under ``key``; the one after ``limit`` in a window raises Problem 429 ``rate_limited``.

    Counted in a transaction of its own: a refused request is rolled back, its attempt is not.
    """
    moment, seconds = now(), per.total_seconds()
    start = datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)
    with aside() as opened, connections[opened.using].cursor() as cursor:
        cursor.execute(_COUNT, [opened.tenant_id, new_id(), moment, key, start])
        (count,) = cursor.fetchone()
    if count > limit:
        wait = max(1, math.ceil((start + per - moment).total_seconds()))
        raise Problem(
            429, "rate_limited", f"Too many attempts. Try again in {wait} seconds.",
            headers={"Retry-After": str(wait), "RateLimit-Limit": str(limit), "RateLimit-Remaining": "0", "RateLimit-Reset": str(wait)},
            retry_after=wait,
        )  # fmt: skip
