"""Shapes that every API shares."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import BeforeValidator, ConfigDict, Field

from . import ids
from .paging import DEFAULT_LIMIT, MAX_LIMIT, Page

Item = TypeVar("Item")


class Strict(Schema):
    """A request body: an unknown member is a mistake that the client should hear of."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Listing(Schema, Generic[Item]):
    """One page of a list."""

    data: list[Item]
    next_cursor: str | None


class Paging(Schema):
    """``?cursor=`` as the list gave it, ``?limit=`` 1 to 200."""

    cursor: str | None = None
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)


def listing(page: Page[Any], shape: Any) -> dict[str, Any]:
    """A page of rows in the shape of ``Listing``."""
    return {"data": [shape(row) for row in page.rows], "next_cursor": page.next_cursor}


def identifier(prefix: str) -> Any:
    """A path or body member ``prefix_…``, decoded to its UUID. A malformed one is 404 in a path: there is no such thing."""

    def decoded(value: Any) -> UUID:
        if isinstance(value, UUID):
            return value
        return ids.decode(prefix, str(value))

    return Annotated[UUID, BeforeValidator(decoded), Field(json_schema_extra={"type": "string", "format": f"typeid:{prefix}"})]


def moment(value: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z") if value else None
