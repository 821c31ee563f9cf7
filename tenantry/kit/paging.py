"""Keyset pages: opaque cursors that stay true while rows are inserted."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from .problems import Problem

Row = TypeVar("Row")
DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows and the cursor after them, or None when these are the last."""

    rows: Sequence[Row]
    next_cursor: str | None


def encode_cursor(values: Sequence[Any]) -> str:
    """An opaque cursor of the sort values of the last row shown."""
    text = json.dumps([str(value) for value in values], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, size: int) -> list[str]:
    """The sort values of a cursor; ``size`` of them. Raises Problem 400 ``cursor_invalid``."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, UnicodeDecodeError):
        values = None
    if not isinstance(values, list) or len(values) != size or not all(isinstance(v, str) for v in values):
        raise Problem(400, "cursor_invalid", "This cursor is not one that this list gave. Start again without it.")
    return values


def by_id(queryset: Any, *, cursor: str | None, limit: int, newest_first: bool = False) -> Page[Any]:
    """A page of a queryset ordered by id (UUIDv7: the order of making)."""
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        try:
            after = UUID(last)
        except ValueError:
            raise Problem(400, "cursor_invalid", "This cursor is not one that this list gave.") from None
        queryset = queryset.filter(**{"id__lt" if newest_first else "id__gt": after})
    rows = list(queryset.order_by("-id" if newest_first else "id")[: limit + 1])
    return cut(rows, limit, lambda row: [row.id])


def cut(rows: list[Row], limit: int, key: Callable[[Row], Sequence[Any]]) -> Page[Row]:
    """Make a page of ``limit + 1`` rows fetched: the extra one only tells that there is more."""
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], encode_cursor(key(rows[limit - 1])))
