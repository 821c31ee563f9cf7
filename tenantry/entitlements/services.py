"""Set limits, acquire and release the vendor's resources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tenantry.audit.services import Actor, record
from tenantry.kit.clock import now
from tenantry.kit.paging import Page, by_id
from tenantry.kit.problems import Problem, conflict, invalid, not_found

from . import limits
from .limits import Standing, check_type, limit_reached
from .models import Entitlement, Usage
from .plans import PLANS, SEATS

MAX_IDS = 10_000


def apply_plan(*, organization_id: UUID, plan: str, actor: Actor) -> None:
    """Replace the plan's limits by those of another plan; overrides stay. Raises Problem 422 ``plan_unknown``."""
    if plan not in PLANS:
        raise invalid(f"There is no plan {plan}; there are {', '.join(PLANS)}.", pointer="/plan", code="plan_unknown")
    template = PLANS[plan]
    limits.lock(organization_id, template)
    Entitlement.objects.filter(organization_id=organization_id, source=Entitlement.Source.PLAN).delete()
    Entitlement.objects.bulk_create(
        Entitlement(organization_id=organization_id, resource_type=name, source=Entitlement.Source.PLAN, limit=limit)
        for name, limit in template.items()
    )
    changes = {name: {"before": None, "after": limit} for name, limit in template.items()}
    record("entitlement.plan_applied", actor=actor, organization_id=organization_id, label=plan, changes=changes)


def set_limit(
    *,
    organization_id: UUID,
    resource_type: str,
    limit: int,
    reason: str = "",
    ends_at: datetime | None = None,
    force: bool = False,
    actor: Actor,
) -> Standing:
    """Override the limit of one type. ``force`` allows a limit below what is held; it then blocks growth.

    Raises Problem 409 ``limit_below_usage`` (with ``current``), 422.
    """
    check_type(resource_type)
    if not 0 <= limit <= 2_000_000_000:
        raise invalid("A limit is a whole number from 0 to 2,000,000,000.", pointer="/limit", code="limit_invalid")
    if ends_at is not None and ends_at <= now():
        raise invalid("The end lies in the past.", pointer="/ends_at", code="ends_at_past")
    tally = limits.lock(organization_id, [resource_type])[resource_type]
    if limit < tally.used and not force:
        raise conflict(
            "limit_below_usage", f"{tally.used} of {resource_type} are held. Send force=true to set the lower limit all the same.",
            resource_type=resource_type, current=tally.used, limit=limit,
        )  # fmt: skip
    before = limits.limits_of(organization_id, [resource_type]).get(resource_type)
    row, _ = Entitlement.objects.update_or_create(
        organization_id=organization_id,
        resource_type=resource_type,
        source=Entitlement.Source.OVERRIDE,
        defaults={"limit": limit, "reason": reason.strip(), "ends_at": ends_at},
    )
    changes = {"limit": {"before": before.limit if before else None, "after": limit}}
    if ends_at:
        changes["ends_at"] = {"before": None, "after": ends_at.isoformat()}  # type: ignore[dict-item]  # a value of another field
    record(
        "entitlement.limit_set",
        actor=actor,
        organization_id=organization_id,
        target=row,
        label=resource_type,
        changes=changes,
        reason=reason,
    )
    return Standing(resource_type, tally.used, limit, row.source)


def lift_override(*, organization_id: UUID, resource_type: str, actor: Actor) -> Standing:
    """Take an override away; the plan's limit rules again, or none. Raises Problem 404."""
    check_type(resource_type)
    tally = limits.lock(organization_id, [resource_type])[resource_type]
    row = Entitlement.objects.filter(
        organization_id=organization_id, resource_type=resource_type, source=Entitlement.Source.OVERRIDE
    ).first()
    if row is None:
        raise not_found("override")
    row.delete()
    changes = {"limit": {"before": row.limit, "after": None}}
    record("entitlement.override_lifted", actor=actor, organization_id=organization_id, label=resource_type, changes=changes)
    ruling = limits.limits_of(organization_id, [resource_type]).get(resource_type)
    return Standing(resource_type, tally.used, ruling.limit if ruling else None, ruling.source if ruling else "")


def _vendors(resource_type: str) -> str:
    """A type that the vendor's product counts itself: seats are held by memberships and invitations alone."""
    if check_type(resource_type) in SEATS or resource_type.startswith("seat:"):
        raise Problem(409, "seats_are_memberships", "Seats are taken by members and invitations, not by this call.")
    return resource_type


def _known_id(resource_id: str, pointer: str) -> str:
    if not resource_id.strip() or len(resource_id) > 200 or not resource_id.isprintable():
        raise invalid("A resource id is 1 to 200 printable characters.", pointer=pointer, code="resource_id_invalid")
    return resource_id


def acquire(*, organization_id: UUID, resource_type: str, resource_id: str, actor: Actor) -> tuple[Standing, bool]:
    """Hold one resource; the second value says whether it is new. The same id again changes nothing.

    Raises Problem 402 ``entitlement_limit_reached``, 409 ``seats_are_memberships``, 422.
    """
    _vendors(resource_type)
    _known_id(resource_id, "/resource_id")
    limits.lock(organization_id, [resource_type])  # before the look-up: the same id twice at once is one
    if Usage.objects.filter(organization_id=organization_id, resource_type=resource_type, resource_id=resource_id).exists():
        return limits.standing(organization_id, resource_type), False
    limits.move(organization_id, {resource_type: +1})
    Usage(organization_id=organization_id, resource_type=resource_type, resource_id=resource_id).save(force_insert=True)
    record("usage.acquired", actor=actor, organization_id=organization_id, label=f"{resource_type} {resource_id}")
    return limits.standing(organization_id, resource_type), True


def release(*, organization_id: UUID, resource_type: str, resource_id: str, actor: Actor) -> Standing:
    """Give one resource back. Raises Problem 404 when it isn't held."""
    _vendors(resource_type)
    limits.lock(organization_id, [resource_type])
    gone, _ = Usage.objects.filter(organization_id=organization_id, resource_type=resource_type, resource_id=resource_id).delete()
    if not gone:
        raise not_found("acquired resource")
    limits.move(organization_id, {resource_type: -1})
    record("usage.released", actor=actor, organization_id=organization_id, label=f"{resource_type} {resource_id}")
    return limits.standing(organization_id, resource_type)


def reconcile(*, organization_id: UUID, resource_type: str, resource_ids: Sequence[str], actor: Actor) -> Standing:
    """Make the held ids exactly these. Shrinking is always allowed; growth past the limit is 402 and changes nothing."""
    _vendors(resource_type)
    if len(resource_ids) > MAX_IDS:
        raise invalid(f"At most {MAX_IDS} ids at a time.", pointer="/resource_ids", code="too_many")
    wanted = {_known_id(resource_id, f"/resource_ids/{index}") for index, resource_id in enumerate(resource_ids)}
    tally = limits.lock(organization_id, [resource_type])[resource_type]
    rows = Usage.objects.filter(organization_id=organization_id, resource_type=resource_type)
    held = set(rows.values_list("resource_id", flat=True))
    new, gone = sorted(wanted - held), held - wanted
    ruling = limits.limits_of(organization_id, [resource_type]).get(resource_type)
    if new and ruling is not None and len(wanted) > ruling.limit and len(wanted) > len(held):
        raise limit_reached(Standing(resource_type, tally.used, ruling.limit, ruling.source))
    rows.filter(resource_id__in=gone).delete()
    Usage.objects.bulk_create(
        Usage(organization_id=organization_id, resource_type=resource_type, resource_id=resource_id) for resource_id in new
    )
    tally.used = len(wanted)
    tally.save(update_fields=["used"])
    if new or gone:
        changes = {"resource_ids": {"before": sorted(gone)[:100], "after": new[:100]}}
        record("usage.reconciled", actor=actor, organization_id=organization_id, label=resource_type, changes=changes)
    return limits.standing(organization_id, resource_type)


def held_ids(organization_id: UUID, resource_type: str, *, limit: int = MAX_IDS) -> list[str]:
    """The ids held of one type, by id."""
    rows = Usage.objects.filter(organization_id=organization_id, resource_type=resource_type)
    return list(rows.order_by("resource_id").values_list("resource_id", flat=True)[:limit])


def list_held(organization_id: UUID, resource_type: str, *, cursor: str | None, limit: int) -> Page[Usage]:
    """What is held of one type, in the order of acquiring."""
    return by_id(Usage.objects.filter(organization_id=organization_id, resource_type=resource_type), cursor=cursor, limit=limit)
