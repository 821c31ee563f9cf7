"""A tenant's own settings, group by group: plain values that may be shown, and secrets that never are.

A secret is changed by typing it anew and kept by leaving it blank; readers learn only that there is one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from tenantry.kit import crypto
from tenantry.kit.problems import Problem

from .models import Setting


@dataclass(frozen=True, slots=True)
class Group:
    """One group as it stands. ``version`` 0: never saved. ``secrets`` stay inside the process."""

    values: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    version: int = 0


def read_group(name: str) -> Group:
    """The present tenant's settings of this name; an empty group when none were saved."""
    row = Setting.objects.filter(name=name).first()
    return _group(row) if row else Group()


def write_group(
    name: str, *, values: Mapping[str, Any], secrets: Mapping[str, str | None] | None = None, expected_version: int | None = None
) -> Group:
    """Replace the group's values. Of ``secrets``, ``""`` keeps what there is, a text replaces it, None drops it.

    The caller records the act. Raises Problem 412 ``version_stale``.
    """
    Setting.objects.bulk_create([Setting(name=name, version=0)], ignore_conflicts=True)
    row = Setting.objects.select_for_update().get(name=name)
    if expected_version is not None and row.version != expected_version:
        raise Problem(412, "version_stale", "Somebody changed these settings meanwhile. Load them again.")
    kept = _group(row).secrets
    for key, value in (secrets or {}).items():
        if value is None:
            kept.pop(key, None)
        elif value:
            kept[key] = value
    row.values, row.version = dict(values), row.version + 1
    row.sealed_secrets = crypto.seal(json.dumps(kept).encode(), keys=settings.SECRETS_KEYS, context=f"setting {row.id}") if kept else None
    row.save(update_fields=["values", "sealed_secrets", "version"])
    return _group(row)


def _group(row: Setting) -> Group:
    secrets: dict[str, str] = {}
    if row.sealed_secrets:
        secrets = json.loads(crypto.unseal(bytes(row.sealed_secrets), keys=settings.SECRETS_KEYS, context=f"setting {row.id}"))
    return Group(dict(row.values), secrets, row.version)
