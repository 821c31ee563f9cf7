"""What the organizations of a person ask of their sessions. This room knows no organization: it is handed a loader."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Rules:
    """One organization's rules, or the strictest of several. None: it asks for nothing.

    ``lifetime``: how long a session lasts; ``idle``: how long unused; ``second_factor_from``: the moment from which the person
    needs a second factor (in the future during the grace period). ``asked_by``: the organization that wants it first.
    """

    lifetime: timedelta | None = None
    idle: timedelta | None = None
    second_factor_from: datetime | None = None
    asked_by: str = ""


_loader: Callable[[UUID], Iterable[Rules]] = lambda user_id: ()  # noqa: E731  # replaced at start-up


def use_rules(loader: Callable[[UUID], Iterable[Rules]]) -> None:
    """The organizations room hands in how to find the rules of a person's organizations, in the whole tenant."""
    global _loader
    _loader = loader


def rules_of(user_id: UUID) -> Rules:
    """What counts for a person: of every rule the strictest of all their organizations."""
    return strictest(_loader(user_id))


def strictest(found: Iterable[Rules]) -> Rules:
    """The shortest lifetime, the shortest idle time, the earliest second factor."""
    rules = list(found)
    lifetimes = [rule.lifetime for rule in rules if rule.lifetime is not None]
    idles = [rule.idle for rule in rules if rule.idle is not None]
    asking = [(rule.second_factor_from, rule.asked_by) for rule in rules if rule.second_factor_from is not None]
    first = min(asking, default=(None, ""))
    return Rules(min(lifetimes, default=None), min(idles, default=None), *first)
