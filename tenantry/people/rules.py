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
    needs a second factor (in the future during the grace period). ``asked_by``: the organization that wants it first;
    ``organization_id``: whose rules these are, None for those of several.
    """

    lifetime: timedelta | None = None
    idle: timedelta | None = None
    second_factor_from: datetime | None = None
    asked_by: str = ""
    organization_id: UUID | None = None


_loader: Callable[[UUID], Iterable[Rules]] = lambda user_id: ()  # noqa: E731  # replaced at start-up
_provider_of: Callable[[UUID], UUID | None] = lambda connection_id: None  # noqa: E731  # replaced at start-up


def use_rules(loader: Callable[[UUID], Iterable[Rules]]) -> None:
    """The organizations room hands in how to find the rules of a person's organizations, in the whole tenant."""
    global _loader
    _loader = loader


def use_providers(organization_of: Callable[[UUID], UUID | None]) -> None:
    """The room of identity providers hands in whose a connection is."""
    global _provider_of
    _provider_of = organization_of


def rules_of(user_id: UUID, *, but_of_provider: UUID | None = None) -> Rules:
    """What counts for a person: of every rule the strictest of all their organizations, without the one whose connection vouched."""
    without = _provider_of(but_of_provider) if but_of_provider else None
    return strictest(rules for rules in _loader(user_id) if without is None or rules.organization_id != without)


def strictest(found: Iterable[Rules]) -> Rules:
    """The shortest lifetime, the shortest idle time, the earliest second factor."""
    rules = list(found)
    lifetimes = [rule.lifetime for rule in rules if rule.lifetime is not None]
    idles = [rule.idle for rule in rules if rule.idle is not None]
    asking = [(rule.second_factor_from, rule.asked_by) for rule in rules if rule.second_factor_from is not None]
    first = min(asking, default=(None, ""))
    return Rules(min(lifetimes, default=None), min(idles, default=None), *first)
