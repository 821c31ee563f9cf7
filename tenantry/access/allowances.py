"""An organization's own rate limits: staff set any number, an owner sets one within the bound that staff gave.

Where staff gave no bound, that is the installation's number: an organization may always have less, and no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem, invalid
from tenantry.tenancy.scope import current

from . import counters
from .models import Allowance, ApiKey
from .rates import Rule, rules

MOST = 1_000_000
BUSIEST_OF = 20
"""How many keys are looked at for the busiest: those used last."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One rule as it holds for one organization. For a rule of keys ``used`` is what the busiest of them has used.

    ``own``: the organization's own number, or None where the installation's rules. ``reset``: seconds until there is more room.
    """

    rule: Rule
    limit: int
    bound: int
    own: int | None
    used: int
    reset: int


def load(organization_id: UUID) -> Allowance:
    """What differs from the installation's rules; an empty one, not saved, where nothing does."""
    return Allowance.objects.filter(organization_id=organization_id).first() or Allowance(organization_id=organization_id)


def limit_of(organization_id: UUID, rule: Rule) -> int:
    """What rules now for one organization: its own number, or the installation's within the bound that staff set."""
    return _limit(load(organization_id), rule)


def _limit(held: Allowance, rule: Rule) -> int:
    return int(held.limits.get(rule.name, min(rule.limit, _bound(held, rule))))


def _bound(held: Allowance, rule: Rule) -> int:
    return int(held.bounds.get(rule.name, rule.limit))


def own_rules() -> list[Rule]:
    """The rules of which an organization can have its own number."""
    return [rule for rule in rules().values() if rule.own]


def standings(held: Allowance) -> list[Standing]:
    """Every such rule with what rules, how far the organization may raise it, and what is used of it."""
    found = []
    for rule in own_rules():
        limit = _limit(held, rule)
        used, reset = _used(held.organization_id, rule, limit)
        found.append(Standing(rule, limit, _bound(held, rule), held.limits.get(rule.name), used, reset))
    return found


def _used(organization_id: UUID, rule: Rule, limit: int) -> tuple[int, int]:
    answers = [counters.ask(question(rule, subject, limit=limit), cost=0) for subject in _subjects(organization_id, rule)]
    busiest = max(answers, key=lambda answer: answer.used, default=None)
    return (busiest.used, max(0, math.ceil(busiest.wait))) if busiest else (0, 0)


def _subjects(organization_id: UUID, rule: Rule) -> Iterable[UUID | str]:
    """Whom a rule counts for this organization: itself, or its keys that were used of late (their last use is noted by the minute)."""
    if rule.per == "organization":
        return [organization_id]
    if rule.per != "key":
        return []
    since = now() - timedelta(seconds=rule.seconds + 60)
    keys = ApiKey.objects.filter(kind="api", organization_id=organization_id, revoked_at__isnull=True, last_used_at__gte=since)
    return [f"key:{key.hex}" for key in keys.order_by("-last_used_at").values_list("id", flat=True)[:BUSIEST_OF]]


def question(rule: Rule, subject: UUID | str | None, *, limit: int) -> counters.Question:
    """Whom and what a rule counts, in the open scope's tenant or, for a rule ``outside``, in the installation."""
    key = f"{rule.name}:{subject.hex if isinstance(subject, UUID) else subject or 'tenant'}"
    if rule.outside:
        return counters.Question(key, limit, rule.seconds)
    opened = current()
    return counters.Question(key, limit, rule.seconds, opened.tenant_id, opened.clock_offset.total_seconds())


def change(
    *, organization_id: UUID, limits: Mapping[str, int], bounds: Mapping[str, int] | None = None, staff: bool,
    expected_version: int | None = None, actor: Actor,
) -> Allowance:  # fmt: skip
    """Make an organization's own limits exactly these; a rule that isn't named goes back to the installation's number.

    ``bounds`` are staff's, and None leaves them. A number that staff set above the bound raises it: what was granted once, the
    organization may return to. Raises Problem 403 ``field_forbidden``, 412 ``version_stale``, 422 ``rate_limit_unknown``,
    ``rate_limit_invalid``, ``rate_limit_above_bound``.
    """
    if bounds is not None and not staff:
        raise Problem(403, "field_forbidden", "You may not change: bounds. The vendor's staff set them.", fields=["bounds"])
    _check("limits", limits)
    _check("bounds", bounds or {})
    Allowance.objects.bulk_create([Allowance(organization_id=organization_id)], ignore_conflicts=True)
    held = Allowance.objects.select_for_update().get(organization_id=organization_id)
    if expected_version is not None and held.version != expected_version:
        raise Problem(412, "version_stale", "Somebody changed these limits meanwhile. Load them again.")
    before = (held.limits, held.bounds)
    held.bounds = held.bounds if bounds is None else dict(bounds)
    held.limits = dict(limits)
    for rule in (rules()[name] for name in held.limits):
        if held.limits[rule.name] > _bound(held, rule):
            if not staff:
                raise _above(held, rule)
            held.bounds = {**held.bounds, rule.name: held.limits[rule.name]}
    if (held.limits, held.bounds) != before:
        held.version += 1
        held.save(update_fields=["limits", "bounds", "version"])
        record("rate_limits.changed", actor=actor, organization_id=organization_id, target=held, label="Rate limits",
               changes=_changes("", before[0], held.limits) | _changes("bound of ", before[1], held.bounds))  # fmt: skip
    return held


def _check(member: str, numbers: Mapping[str, int]) -> None:
    """Raises Problem 422 for a name that isn't a rule's with numbers of its own, and for a number out of range."""
    names = [rule.name for rule in own_rules()]
    for name, number in numbers.items():
        if name not in names:
            detail = f"An organization has no rate limit {name} of its own; there are {', '.join(names)}."
            raise invalid(detail, pointer=f"/{member}/{name}", code="rate_limit_unknown")
        if not 1 <= number <= MOST:
            raise invalid(f"A rate limit is a whole number from 1 to {MOST:,}.", pointer=f"/{member}/{name}", code="rate_limit_invalid")


def _above(held: Allowance, rule: Rule) -> Problem:
    bound = _bound(held, rule)
    detail = f"At most {bound:,} {rule.period}. For more ask the vendor, who can raise the bound."
    return Problem(422, "rate_limit_above_bound", detail, errors=[{"pointer": f"/limits/{rule.name}", "detail": detail}], bound=bound)


def _changes(prefix: str, before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, Any]:
    names = sorted(before.keys() | after.keys())
    differing = (name for name in names if before.get(name) != after.get(name))
    return {prefix + name: {"before": before.get(name), "after": after.get(name)} for name in differing}
