"""What staff should look at when they come in. A room says what, and how to count it; the staff's home page asks.

Counting happens inside the tenant's scope with each opening of that page: it must be cheap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Concern:
    """``count`` says how many there are; ``one`` and ``many`` are the sentences, ``many`` with ``{count}`` in it."""

    permission: str
    count: Callable[[], int]
    one: str
    many: str
    text: str
    url_name: str
    query: str
    urgent: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """A concern of which there are some."""

    title: str
    text: str
    url_name: str
    query: str
    urgent: bool


_concerns: list[Concern] = []


def watch(
    permission: str, count: Callable[[], int], *, one: str, many: str, text: str, url_name: str, query: str = "", urgent: bool = True
) -> None:
    """Have something shown to staff who hold ``permission`` while ``count()`` isn't 0, with a link to where it is dealt with."""
    _concerns.append(Concern(permission, count, one, many, text, url_name, query, urgent))


def notices(may: Callable[[str], bool]) -> list[Notice]:
    """What is the matter now, of what this person may see; the urgent first."""
    found = []
    for concern in _concerns:
        if may(concern.permission) and (count := concern.count()):
            title = concern.one if count == 1 else concern.many.format(count=f"{count:,}")
            found.append(Notice(title, concern.text, concern.url_name, concern.query, concern.urgent))
    return sorted(found, key=lambda notice: not notice.urgent)
