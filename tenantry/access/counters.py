"""Where requests are counted: PostgreSQL, or Redis where ``REDIS_URL`` names one. One statement or one script each, shared by all
processes, with the same meaning (told in migrations/0003_rate_limits.py).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connections

log = structlog.get_logger("tenantry.limits")
RETRY_SECONDS = 5.0
"""How long Redis is left alone after it failed to answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whether there is room for one more under ``key``: at most ``limit`` in any ``seconds``.

    No ``tenant_id``: of the installation. ``ahead``: how many seconds the tenant's clock runs ahead.
    """

    key: str
    limit: int
    seconds: int
    tenant_id: UUID | None = None
    ahead: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """``used`` with this one, if it was ``admitted``. ``wait``: seconds until there is more room, or any at all."""

    admitted: bool
    used: int
    wait: float


def ask(question: Question, *, cost: int = 1) -> Answer:
    """Count ``cost`` requests if there is room for them; 0 only looks. A Redis that fails is made up for by PostgreSQL."""
    if settings.ENVIRONMENT.redis_url is not None and time.monotonic() >= _redis.down_until:
        import redis  # only where it is used: its client loads OpenTelemetry whenever that is installed

        try:
            answer = in_redis(question, cost)
        except redis.RedisError as error:
            _redis.failed(error)
        else:
            _redis.answered()
            return answer
    return in_postgres(question, cost)


_COUNT = "select admitted, used, wait from access_count(%s, %s, %s, %s, %s, %s)"
_COUNT_OUTSIDE = "select admitted, used, wait from access_count_outside(%s, %s, %s, %s)"


def in_postgres(question: Question, cost: int = 1) -> Answer:
    """One statement, committed by itself: a refused request is rolled back, what it counted is not."""
    connection = connections["aside"]
    try:
        with connection.cursor() as cursor:
            if question.tenant_id is None:
                cursor.execute(_COUNT_OUTSIDE, [question.key, question.limit, question.seconds, cost])
            else:
                held = question  # its members in the order of the function
                cursor.execute(_COUNT, [held.tenant_id, held.key, held.limit, held.seconds, held.ahead, cost])
            return Answer(*cursor.fetchone())
    finally:
        if not connection.in_atomic_block:
            connection.close()  # back into the pool at once: a request must not hold two connections while it works


SCRIPT = """
local time = redis.call('TIME')
local present = (tonumber(time[1]) + tonumber(ARGV[3])) * 1000000 + tonumber(time[2])
local most, period, cost = tonumber(ARGV[1]), tonumber(ARGV[2]) * 1000000, tonumber(ARGV[4])
local moments, counts, used, gone = {}, {}, 0, 0
for _, held in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
    local moment, count = string.match(held, '(%S+) (%d+)')
    if tonumber(moment) <= present - period then
        gone = gone + 1
    else
        table.insert(moments, tonumber(moment))
        table.insert(counts, tonumber(count))
        used = used + tonumber(count)
    end
end
local admitted, last, slot = used + cost <= most, #moments, period / 32
if admitted and cost > 0 then
    used = used + cost
    if gone > 0 then
        redis.call('LTRIM', KEYS[1], gone, -1)
    end
    if last > 0 and math.floor(moments[last] / slot) == math.floor(present / slot) then
        counts[last] = counts[last] + cost
        redis.call('LSET', KEYS[1], -1, string.format('%.0f %d', present, counts[last]))
    else
        redis.call('RPUSH', KEYS[1], string.format('%.0f %d', present, cost))
        last = last + 1
        moments[last] = present
    end
    redis.call('PEXPIRE', KEYS[1], math.ceil(period / 1000))
end
local wait = last > 0 and moments[1] + period - present or 0
if not admitted then
    local free = most - used
    wait = period
    for index = 1, last do
        free = free + counts[index]
        if free >= cost then
            wait = moments[index] + period - present
            break
        end
    end
end
return {admitted and 1 or 0, used, tostring(wait / 1000000)}
"""


@lru_cache(maxsize=1)
def _script() -> Any:
    """The script at this process's own client. Half a second is long for Redis and short for whoever waits."""
    import redis

    assert settings.ENVIRONMENT.redis_url is not None
    address = settings.ENVIRONMENT.redis_url.get_secret_value()
    client = redis.Redis.from_url(address, socket_timeout=0.5, socket_connect_timeout=0.5, decode_responses=True)
    return client.register_script(SCRIPT)


def in_redis(question: Question, cost: int = 1) -> Answer:
    """One script, which Redis runs alone. Raises redis.RedisError."""
    key = f"tenantry:limit:{question.tenant_id or 'installation'}:{question.key}"
    values = [question.limit, question.seconds, question.ahead, cost]
    admitted, used, wait = _script()(keys=[key], args=values)
    return Answer(bool(admitted), used, float(wait))


class _Health:
    """Whether Redis answers, so that its silence is logged once and not waited for by every request."""

    down_until = 0.0
    silent = False

    def failed(self, error: Exception) -> None:
        self.down_until = time.monotonic() + RETRY_SECONDS
        if not self.silent:
            log.warning("redis doesn't answer, requests are counted in postgresql", error=str(error))
        self.silent = True

    def answered(self) -> None:
        if self.silent:
            log.warning("redis answers again")
        self.silent = False


_redis = _Health()
