"""Codes and access tokens of the test provider: kept in the database, for several processes serve it, and for minutes.

They stand among the tenant's settings, under their SHA-256: a test provider needs no table of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tenantry.kit import crypto
from tenantry.tenancy.models import Setting
from tenantry.tenancy.settings import read_group

GROUP = "sso_test_provider_grants"
CODE_SECONDS, TOKEN_SECONDS = 60, 300
MOST = 200
Grants = dict[str, dict[str, Any]]


def issue(data: dict[str, Any], *, at: float, seconds: int) -> str:
    """A new bearer text for what it stands for, good for so many seconds from ``at`` (seconds since 1970)."""
    token = crypto.new_token()
    _change(at, lambda kept: kept | {crypto.digest(token).hex(): {"made": at, "until": at + seconds, **data}})
    return token


def look(token: str, *, at: float) -> dict[str, Any] | None:
    """What a token stands for, if it is still good."""
    found: dict[str, Any] | None = read_group(GROUP).values.get(crypto.digest(token).hex())
    return found if found and found["until"] > at else None


def take(token: str, *, at: float) -> dict[str, Any] | None:
    """The same, once: of several who bring it at a time one gets it."""
    name = crypto.digest(token).hex()
    before = _change(at, lambda kept: {other: grant for other, grant in kept.items() if other != name})
    return before.get(name)


def _change(at: float, change: Callable[[Grants], Grants]) -> Grants:
    """Replace what is kept, one at a time, and give what it was; what is over goes, and the oldest of too many."""
    Setting.objects.bulk_create([Setting(name=GROUP, version=0)], ignore_conflicts=True)
    row = Setting.objects.select_for_update().get(name=GROUP)
    before: Grants = {name: grant for name, grant in row.values.items() if grant["until"] > at}
    row.values = dict(sorted(change(before).items(), key=lambda item: item[1]["made"])[-MOST:])
    row.save(update_fields=["values"])
    return before
