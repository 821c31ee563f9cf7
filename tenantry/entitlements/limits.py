"""Limits under lock: the one place where something is counted, checked and changed.

Every organization has one ``Tally`` row per resource type that it ever held. Whoever wants to hold more or less locks
that row (``FOR UPDATE``), reads the limit, compares, and writes the new count, in the transaction of the act itself.
Two requests can't both see the last free seat. Why a tally and not a count: docs/decisions/0003-tallies.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from tenantry.audit.services import SYSTEM, record
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem, invalid

from .models import RESOURCE_TYPE, Entitlement, Tally
from .plans import SEATS, noun_of


@dataclass(frozen=True, slots=True)
class Standing:
    """How one organization stands with one resource type. ``limit`` None: unlimited."""

    resource_type: str
    used: int
    limit: int | None
    source: str = ""

    @property
    def free(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.used)

    @property
    def full(self) -> bool:
        return self.limit is not None and self.used >= self.limit

    @property
    def taken(self) -> str:
        """How a refusal says that it is full: ``All 3 admin seats are taken.``"""
        name = noun_of(self.resource_type)
        if not self.limit:
            return f"No {name} are included." if not name.startswith("of ") else f"None {name} is included."
        return f"The one {name.removesuffix('s')} is taken." if self.limit == 1 else f"All {self.limit:,} {name} are taken."


def check_type(resource_type: str, *, pointer: str = "/resource_type") -> str:
    """The resource type, if it has the form of one. Raises Problem 422 ``resource_type_invalid``."""
    if not re.fullmatch(RESOURCE_TYPE, resource_type) or len(resource_type) > 60:
        raise invalid("A resource type looks like quota:project.", pointer=pointer, code="resource_type_invalid")
    return resource_type


def limit_reached(standing: Standing) -> Problem:
    """402: the same shape from every path that wants one more."""
    return Problem(
        402, "entitlement_limit_reached", f"{standing.taken} Free one or have the limit raised.",
        resource_type=standing.resource_type, current=standing.used, limit=standing.limit,
    )  # fmt: skip


def lock(organization_id: UUID, resource_types: Iterable[str]) -> dict[str, Tally]:
    """Lock the tallies of these types, in one order so that nobody waits in a circle; made at zero when new."""
    names = sorted(set(resource_types))
    rows = Tally.objects.filter(organization_id=organization_id, resource_type__in=names)
    known = set(rows.values_list("resource_type", flat=True))
    if new := [name for name in names if name not in known]:
        Tally.objects.bulk_create([Tally(organization_id=organization_id, resource_type=name) for name in new], ignore_conflicts=True)
    return {tally.resource_type: tally for tally in rows.select_for_update().order_by("resource_type")}


def limits_of(organization_id: UUID, resource_types: Iterable[str] | None = None) -> dict[str, Entitlement]:
    """The entitlement that rules for each type: a live override before the plan's."""
    rows = Entitlement.objects.filter(organization_id=organization_id).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now()))
    if resource_types is not None:
        rows = rows.filter(resource_type__in=list(resource_types))
    ruling: dict[str, Entitlement] = {}
    for row in rows:
        if row.source == Entitlement.Source.OVERRIDE or row.resource_type not in ruling:
            ruling[row.resource_type] = row
    return ruling


def move(organization_id: UUID, changes: Mapping[str, int]) -> None:
    """Hold more or less of some types: ``{"seat:member": +1}``. All or nothing, under the lock.

    Raises Problem 402 ``entitlement_limit_reached`` for the first type that would pass its limit. Less is always allowed,
    also where the limit was lowered below what is held.
    """
    wanted = {name: delta for name, delta in changes.items() if delta}
    if not wanted:
        return
    tallies = lock(organization_id, wanted)
    limits = limits_of(organization_id, wanted)
    for name in sorted(wanted):
        tally, ruling = tallies[name], limits.get(name)
        if wanted[name] > 0 and ruling is not None and tally.used + wanted[name] > ruling.limit:
            raise limit_reached(Standing(name, tally.used, ruling.limit, ruling.source))
    for name, delta in wanted.items():
        tally, ruling = tallies[name], limits.get(name)
        tally.used += delta
        tally.save(update_fields=["used"])
        if delta > 0 and ruling is not None and tally.used == ruling.limit:
            full = {"used": {"before": tally.used - delta, "after": tally.used}}
            record("entitlement.limit_reached", actor=SYSTEM, organization_id=organization_id, target=tally, label=name, changes=full)


def seats(old: str | None, new: str | None) -> dict[str, int]:
    """The change of seats when a holder goes from one bucket to another; None is holding no seat."""
    changes: dict[str, int] = {}
    for bucket, delta in ((old, -1), (new, +1)):
        if bucket:
            changes[bucket] = changes.get(bucket, 0) + delta
            changes["seat:total"] = changes.get("seat:total", 0) + delta
    return changes


def standings(organization_id: UUID) -> list[Standing]:
    """Every type that the organization has a limit for or holds, and the seats always; seats first, then by name."""
    limits = limits_of(organization_id)
    used = dict(Tally.objects.filter(organization_id=organization_id).values_list("resource_type", "used"))
    names = [*SEATS, *sorted((limits.keys() | used.keys()) - set(SEATS))]
    return [
        Standing(name, used.get(name, 0), limits[name].limit if name in limits else None, limits[name].source if name in limits else "")
        for name in names
    ]


def standing(organization_id: UUID, resource_type: str) -> Standing:
    """How the organization stands with one type."""
    ruling = limits_of(organization_id, [resource_type]).get(resource_type)
    tally = Tally.objects.filter(organization_id=organization_id, resource_type=resource_type).first()
    return Standing(resource_type, tally.used if tally else 0, ruling.limit if ruling else None, ruling.source if ruling else "")


def used_by(organization_ids: Collection[UUID], resource_type: str) -> dict[UUID, int]:
    """How much of one type each of these organizations holds; what holds none may be missing."""
    rows = Tally.objects.filter(organization_id__in=organization_ids, resource_type=resource_type)
    return dict(rows.values_list("organization_id", "used"))
