"""Shapes that every API shares."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

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


class TypeId:
    """Marks a UUID that is ``prefix_…`` outside: ``Annotated[UUID, TypeId("org")]``. A malformed one in a path is 404."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def _decoded(self, value: Any) -> UUID:
        return value if isinstance(value, UUID) else ids.decode(self.prefix, str(value))

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self._decoded, handler(source))

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": f"typeid:{self.prefix}"}


def moment(value: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z") if value else None
