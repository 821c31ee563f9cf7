"""Counts what the database refuses the app role: a defect of ours, or somebody who tries the wall. Either is worth an alarm."""

from __future__ import annotations

import re
from typing import Any

from django.db import ProgrammingError
from django.db.backends.base.base import BaseDatabaseWrapper

from tenantry.kit import metrics

_INSUFFICIENT_PRIVILEGE = "42501"
_TABLE = re.compile(r"table \"?(\w+)")


def watch(connection: BaseDatabaseWrapper, **signal: Any) -> None:
    """Watch the statements of a connection that was just opened."""
    if _counted not in connection.execute_wrappers:
        # First, because ``execute_wrapper`` takes off whatever stands last.
        connection.execute_wrappers.insert(0, _counted)


def _counted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    try:
        return execute(sql, params, many, context)
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") == _INSUFFICIENT_PRIVILEGE:
            found = _TABLE.search(str(error))
            metrics.rls_denials.labels(found[1] if found else "other").inc()
        raise
