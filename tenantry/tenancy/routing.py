"""Which connection a query takes: the open scope's."""

from __future__ import annotations

from typing import Any

from . import scope as scopes


class Planes:
    """Tenants' rows go to the connection of the open scope; only ``owner`` migrates."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        opened = scopes._current.get()
        return opened.using if opened else None

    db_for_write = db_for_read

    def allow_relation(self, left: Any, right: Any, **hints: Any) -> bool | None:
        return None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "owner"
