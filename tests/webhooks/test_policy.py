"""What becomes of a delivery, by every kind of answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenantry.webhooks.policy import Attempt, judge

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("status", "expected"), [
    (200, "delivered"), (204, "delivered"), (299, "delivered"), (301, "failed"), (400, "failed"), (401, "failed"), (404, "failed"),
    (408, "pending"), (410, "failed"), (422, "failed"), (429, "pending"), (500, "pending"), (503, "pending"), (None, "pending"),
])  # fmt: skip
def test_which_answers_are_tried_again(status: int | None, expected: str) -> None:
    verdict = judge(Attempt(status), attempts=1, moment=MOMENT)
    assert (verdict.status, verdict.gone) == (expected, status == 410)
    assert judge(Attempt(status), attempts=6, moment=MOMENT).status == ("delivered" if expected == "delivered" else "failed")


def test_how_long_it_waits_before_each_try() -> None:
    minutes = (1, 5, 30, 120, 480)
    for number, wait in enumerate(minutes, start=1):
        assert judge(Attempt(500), attempts=number, moment=MOMENT, jitter=0).wait == timedelta(minutes=wait)
        by_chance = {judge(Attempt(500), attempts=number, moment=MOMENT).wait for _ in range(50)}
        assert len(by_chance) > 10
        assert all(wait is not None and 0.9 <= wait / timedelta(minutes=minutes[number - 1]) <= 1.1 for wait in by_chance)


@pytest.mark.parametrize(("header", "seconds"), [
    ("7", 7), ("0", 1), ("999999", 86_400), ("Sun, 01 Mar 2026 12:02:00 GMT", 120), ("Sun, 01 Mar 2020 12:00:00 GMT", 1),
])  # fmt: skip
def test_a_receiver_says_when_to_come_again(header: str, seconds: int) -> None:
    for status in (429, 503):
        assert judge(Attempt(status, retry_after=header), attempts=1, moment=MOMENT).wait == timedelta(seconds=seconds)
    for unheard in (Attempt(500, retry_after=header), Attempt(429, retry_after="soon"), Attempt(429, retry_after="-5")):
        assert judge(unheard, attempts=1, moment=MOMENT, jitter=0).wait == timedelta(minutes=1)
