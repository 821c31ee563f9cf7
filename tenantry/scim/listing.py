"""Lists and searches (RFC 7644 §3.4.2 and §3.4.3): by index (``startIndex``) or by cursor (RFC 9865)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from .protocol.attributes import TYPES, ResourceType
from .protocol.documents import LIST, MOST_RESULTS, PAGE
from .protocol.filters import Filter, parse
from .protocol.matching import Test, bind, fold
from .protocol.paths import resolve
from .protocol.projection import Projection, read_projection
from .refusals import invalid_count, invalid_cursor, invalid_path, invalid_value
from .resources import base
from .sources import Source, each, narrowed, ordered

_ALL = Projection(everything=True)


@dataclass(frozen=True, slots=True)
class Query:
    """What a list is asked for. ``cursor`` None: paged by index."""

    filter: Filter | None = None
    text: str = ""
    sort_by: str = ""
    descending: bool = False
    start: int = 1
    count: int = PAGE
    cursor: str | None = None
    projection: Projection = field(default_factory=Projection)


def read_query(given: Mapping[str, Any]) -> Query:
    """From an address's query or a search's body (names in any letter case). Raises Problem 400."""
    parts = {name.lower(): value for name, value in given.items()}
    text = parts.get("filter")
    if text is not None and not isinstance(text, str):
        raise invalid_value("“filter” is a text.")
    sort_by, order, cursor = parts.get("sortby") or "", parts.get("sortorder") or "ascending", parts.get("cursor")
    if not isinstance(sort_by, str) or not isinstance(order, str) or order.lower() not in ("ascending", "descending"):
        raise invalid_value("“sortOrder” is ascending or descending.")
    if cursor is not None and not isinstance(cursor, str):
        raise invalid_cursor("“cursor” is a text.")
    return Query(
        parse(text) if text and text.strip() else None, text or "", sort_by, order.lower() == "descending",
        max(1, _number(parts.get("startindex"), 1, "startIndex")),
        min(MOST_RESULTS, max(0, _number(parts.get("count"), PAGE, "count"))),
        cursor, read_projection(parts.get("attributes"), parts.get("excludedattributes")),
    )  # fmt: skip


def _number(value: Any, default: int, name: str) -> int:
    if value is None or value == "":
        return default
    try:
        if isinstance(value, bool | float):
            raise ValueError(name)
        return max(-1, min(int(value), 2**31))
    except (TypeError, ValueError):
        detail = f"“{name}” is a whole number."
        raise (invalid_count(detail) if name == "count" else invalid_value(detail)) from None


def answer(query: Query, sources: Sequence[Source], organization_id: UUID) -> dict[str, Any]:
    """The ListResponse."""
    kinds = tuple(source.kind for source in sources)
    tests = {source.kind.name: _test(query, source.kind, kinds) for source in sources}
    _check_sort(query, kinds)
    plans = [_Plan(query, source, tests[source.kind.name], organization_id) for source in sources]
    if query.cursor is not None:
        return _by_cursor(query, plans)
    total, found, skip, room = 0, [], query.start - 1, query.count
    for plan in plans:
        size, part = plan.slice(skip, room)
        total += size
        skip, room = max(0, skip - size), room - len(part)
        found += part
    return _list(query, found, total) | {"startIndex": query.start}


def _list(query: Query, found: list[tuple[Source, dict[str, Any]]], total: int) -> dict[str, Any]:
    shown = [query.projection.of(resource, source.kind) for source, resource in found]
    return {"schemas": [LIST], "totalResults": total, "itemsPerPage": len(shown), "Resources": shown}


def _test(query: Query, kind: ResourceType, kinds: tuple[ResourceType, ...]) -> Test | None:
    if query.filter is None:
        return None
    return bind(query.filter, kind, elsewhere=tuple(other for other in kinds if other is not kind))


def _check_sort(query: Query, kinds: tuple[ResourceType, ...]) -> None:
    if query.sort_by and not any(resolve(query.sort_by, kind) for kind in kinds):
        raise invalid_path(f"There is no attribute {query.sort_by[:80]} to sort by.")


class _Plan:
    """How one type's part of a list is found: by the database alone where it can be, else by looking at every candidate."""

    def __init__(self, query: Query, source: Source, test: Test | None, organization_id: UUID) -> None:
        self.query, self.source, self.test, self.prefix = query, source, test, base()
        condition, exact = narrowed(query.filter, source, organization_id)
        self.rows = source.rows(organization_id).filter(condition)
        self.column = _column(query, source)
        self.by_database = exact and self.column is not None

    def slice(self, skip: int, room: int) -> tuple[int, list[tuple[Source, dict[str, Any]]]]:
        """``(how many there are in all, those of the page)``."""
        if self.by_database:
            assert self.column is not None
            part = list(ordered(self.rows, self.column, descending=self.query.descending)[skip : skip + room]) if room > 0 else []
            whole = skip == 0 and len(part) < room  # as for whoever asks for one by name: there is nothing more to count
            return len(part) if whole else self.rows.count(), self._shown(part)
        fitting = self.fitting()
        return len(fitting), self._load([row_id for _, row_id in fitting[skip : skip + max(0, room)]])

    def fitting(self) -> list[tuple[Any, UUID]]:
        """``(what they are sorted by, id)`` of all that fit, in order."""
        found = []
        for row, resource in each(self.source, self.rows, _ALL, self.prefix):
            if self.test is None or self.test(resource):
                found.append((sort_key(resource, self.query.sort_by, self.source.kind), row.id))
        found.sort(key=lambda pair: (pair[0], pair[1]), reverse=self.query.descending)
        return found

    def after(self, last: UUID | None, room: int) -> list[Any]:
        """The rows that follow one in the order of their ids, whatever else was deleted."""
        rows = self.rows.order_by("id")
        if last is not None:
            rows = rows.filter(id__gt=last)
        if self.by_database and not self.query.sort_by:
            return list(rows[:room])
        found = []
        for row, resource in each(self.source, rows, _ALL, self.prefix):
            if self.test is None or self.test(resource):
                found.append(row)
                if len(found) >= room:
                    break
        return found

    def _load(self, ids: list[UUID]) -> list[tuple[Source, dict[str, Any]]]:
        rows = {row.id: row for row in self.rows.filter(id__in=ids)}
        return self._shown([rows[row_id] for row_id in ids if row_id in rows])

    def _shown(self, rows: Sequence[Any]) -> list[tuple[Source, dict[str, Any]]]:
        return [(self.source, resource) for resource in self.source.shown(rows, self.query.projection, self.prefix)]


def _column(query: Query, source: Source) -> str | None:
    if not query.sort_by:
        return "id"
    target = resolve(query.sort_by, source.kind)
    if target is None or target.attribute is None:
        return None
    name = target.attribute.name + (f".{target.sub.name}" if target.sub else "")
    return source.columns.get(name)


def sort_key(resource: dict[str, Any], sort_by: str, kind: ResourceType) -> tuple[int, Any]:
    """How resources are compared (RFC 7644 §3.4.2.3): letter case as the schema says, of several values the primary or first one;
    who has none comes last."""
    target = resolve(sort_by, kind) if sort_by else None
    if target is None or target.attribute is None:
        return (0, "") if not sort_by else (1, "")
    held = target.value(resource)
    if isinstance(held, list):
        held = next((item for item in held if isinstance(item, dict) and item.get("primary")), held[0] if held else None)
    leaf = target.leaf
    if isinstance(held, dict):
        part = target.sub or target.attribute.child("value")
        held, leaf = (held.get(part.name), part) if part else (None, leaf)
    if held is None or leaf is None:
        return (1, "")
    return (0, fold(held, leaf)) if isinstance(held, str) else (0, str(held))


def _by_cursor(query: Query, plans: Sequence[_Plan]) -> dict[str, Any]:
    """A page after a cursor. It names the last one that was seen, so nobody is skipped or shown twice when others go."""
    asked = _fingerprint(query, plans)
    place, last = _read_cursor(query, asked)
    found: list[tuple[Source, dict[str, Any]]] = []
    following: str | None = None
    for index, plan in enumerate(plans):
        if index < place:
            continue
        room = query.count - len(found) + 1  # one more, to know whether there is more
        rows = _sorted_after(plan, last, room) if query.sort_by else plan.after(UUID(last) if last else None, room)
        if len(rows) == room:
            rows = rows[:-1]
            following = _cursor(asked, index, _mark(plan, rows[-1]) if rows else last)
        found += plan._shown(rows)
        if following:
            break
        last = ""
    total = sum(plan.slice(0, 0)[0] for plan in plans)
    body = _list(query, found, total)
    return body | ({"nextCursor": following} if following else {})


def _mark(plan: _Plan, row: Any) -> str:
    if not plan.query.sort_by:
        return str(row.id)
    resource = plan.source.shown([row], _ALL, plan.prefix)[0]
    rank, value = sort_key(resource, plan.query.sort_by, plan.source.kind)
    return json.dumps([rank, value, str(row.id)])


def _sorted_after(plan: _Plan, last: str, room: int) -> list[Any]:
    fitting = plan.fitting()
    if last:
        try:
            rank, value, row_id = json.loads(last)
            mark = ((int(rank), str(value)), UUID(row_id))
        except (ValueError, TypeError) as error:
            raise invalid_cursor("This cursor is none of ours.") from error
        fitting = [pair for pair in fitting if ((pair[0], pair[1]) < mark if plan.query.descending else (pair[0], pair[1]) > mark)]
    ids = [row_id for _, row_id in fitting[:room]]
    rows = {row.id: row for row in plan.rows.filter(id__in=ids)}
    return [rows[row_id] for row_id in ids if row_id in rows]


def _fingerprint(query: Query, plans: Sequence[_Plan]) -> str:
    """What a cursor belongs to: it goes on with the same question at the same address only."""
    asked = json.dumps([*(plan.source.kind.name for plan in plans), query.text, query.sort_by.lower(), query.descending])
    return hashlib.sha256(asked.encode()).hexdigest()[:12]


def _cursor(asked: str, place: int, mark: str) -> str:
    text = json.dumps([asked, place, mark])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(query: Query, asked: str) -> tuple[int, str]:
    if not query.cursor:
        return 0, ""
    try:
        text = base64.urlsafe_b64decode(query.cursor + "=" * (-len(query.cursor) % 4)).decode()
        fingerprint, place, mark = json.loads(text)
        if not isinstance(place, int) or not 0 <= place < len(TYPES) or not isinstance(mark, str):
            raise ValueError(text)
        if mark and not query.sort_by:
            UUID(mark)
    except (ValueError, TypeError, RecursionError) as error:
        raise invalid_cursor("This cursor is none of ours.") from error
    if fingerprint != asked:
        raise invalid_cursor("This cursor belongs to another query. Begin anew without it.")
    return place, mark
