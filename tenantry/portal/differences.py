"""Before and after, in words a person reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One changed field. An empty text: there was nothing before, or there is nothing now."""

    field: str
    before: str
    after: str


def lines_of(changes: Mapping[str, Mapping[str, Any]]) -> list[Line]:
    """The changed fields in the order they were recorded."""
    return [
        Line(field.replace("_", " ").replace(".", " · ").capitalize(), _said(change.get("before")), _said(change.get("after")))
        for field, change in changes.items()
    ]


def _said(value: Any) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
