"""Organizations: founded whole, changed field by field, led from state to state."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from tenantry.audit.services import Actor, difference, record
from tenantry.entitlements.services import apply_plan
from tenantry.kit.clock import now
from tenantry.kit.emails import normalize
from tenantry.kit.ids import new_id
from tenantry.kit.problems import Problem, conflict, invalid
from tenantry.people.models import User
from tenantry.tenancy.scope import admit

from . import fields
from .authority import SYSTEM_AUTHORITY
from .images import reencode
from .invitations import invite
from .membership import ADD, settle
from .models import BillingAccount, Organization, Profile
from .states import FUNDING_AFTER_VERIFICATION, TRANSITIONS

UNDO = timedelta(days=30)


def found(
    *,
    values: Mapping[str, Any],
    owner: User | None,
    plan: str = "",
    invitations: list[dict[str, str]] | None = None,
    logo: bytes | None = None,
    banner: bytes | None = None,
    actor: Actor,
) -> Organization:
    """Found an organization, whole or not at all: itself, its profile and billing account, limits, owner, invitations.

    ``values`` are fields of ``fields.FIELDS``; ``name``, ``country`` and ``default_currency`` are needed. Without ``owner``
    it has none yet (staff invite one). ``logo`` and ``banner`` are already re-encoded. It starts ``pending_verification``.
    Raises Problem 422, 400 ``host_orgs_gated``, 409 ``slug_taken``, 402.
    """
    missing = [name for name in ("name", "country", "default_currency") if not values.get(name)]
    if missing:
        errors = [{"pointer": f"/{name}", "detail": "This is needed."} for name in missing]
        raise Problem(422, "missing", f"Needed: {', '.join(missing)}.", errors=errors)
    cleaned = fields.clean({name: value for name, value in values.items() if value is not None}, home=str(values["country"]).upper())
    if cleaned.get("funding_mode") == FUNDING_AFTER_VERIFICATION:
        raise conflict("organization_pending", "Invoice funding is chosen after verification.")
    rows = _by_row(cleaned)
    given_slug = rows["organization"].pop("slug", None)
    organization = Organization(id=new_id(), slug=given_slug or slug_for(cleaned["name"]), plan=plan, **rows["organization"])
    admit(organization.id)
    try:
        with transaction.atomic():
            organization.save(force_insert=True)
    except IntegrityError as error:
        raise conflict(
            "slug_taken", f"The slug {organization.slug} is taken.", errors=[{"pointer": "/slug", "detail": "Taken."}]
        ) from error
    Profile(organization=organization, logo=logo, banner=banner, **rows["profile"]).save(force_insert=True)
    BillingAccount(organization=organization, **rows["billing"]).save(force_insert=True)
    record(
        "organization.created", actor=actor, organization_id=organization.id, target=organization, label=organization.name,
        changes=difference({}, {"name": organization.name, "slug": organization.slug, "plan": plan, "country": organization.country}),
    )  # fmt: skip
    if plan:
        apply_plan(organization_id=organization.id, plan=plan, actor=actor)
    if owner is not None:
        settle(ADD, organization=organization, user=owner, role="owner", authority=SYSTEM_AUTHORITY, actor=actor)
    _invite_first(organization, invitations or [], actor)
    return organization


def _invite_first(organization: Organization, entries: list[dict[str, str]], actor: Actor) -> None:
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        email = normalize(entry["email"], pointer=f"/invitations/{number}/email")
        if email in seen:
            raise invalid("This address is there twice.", pointer=f"/invitations/{number}/email", code="duplicate")
        seen.add(email)
        invite(organization=organization, email=email, role=entry["role"], authority=SYSTEM_AUTHORITY, actor=actor)


def slug_for(name: str) -> str:
    """A free slug made from a name: ``Łódź Plant`` becomes ``lodz-plant``, then ``lodz-plant-2``…"""
    plain = unicodedata.normalize("NFKD", name.lower().replace("ł", "l").replace("ß", "ss")).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50] or "organization"
    if stem in fields.RESERVED_SLUGS:
        stem += "-1"
    taken = set(_slugs_like(stem))
    return next(candidate for number in range(1, len(taken) + 3) if (candidate := stem if number == 1 else f"{stem}-{number}") not in taken)


def _slugs_like(stem: str) -> list[str]:
    from tenantry.tenancy.scope import everywhere

    with everywhere():
        return list(Organization.objects.filter(slug__startswith=stem).values_list("slug", flat=True)[:1000])


def _by_row(cleaned: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {"organization": {}, "profile": {}, "billing": {}}
    for name, value in cleaned.items():
        rows[fields.FIELDS[name][0]][fields.COLUMN.get(name, name)] = value
    return rows


def update(
    *, organization: Organization, values: Mapping[str, Any], may: Callable[[str], bool], expected_version: int | None = None, actor: Actor
) -> Organization:
    """Change fields. ``may`` tells whether the caller holds a permission; each field asks for its own.

    Raises Problem 403 ``field_forbidden`` naming each closed field, 412 ``version_stale``, 409 ``slug_taken``, 422.
    """
    fields.require_fields(values, may)
    row = Organization.objects.select_for_update().get(id=organization.id)
    if expected_version is not None and row.version != expected_version:
        raise Problem(HTTPStatus.PRECONDITION_FAILED, "version_stale", "Somebody changed this meanwhile. Load it again.")
    cleaned = fields.clean(values, home=row.country)
    if cleaned.get("funding_mode") == FUNDING_AFTER_VERIFICATION and row.state == Organization.State.PENDING:
        raise conflict("organization_pending", "Invoice funding is chosen after verification.")
    targets = {
        "organization": row, "profile": Profile.objects.get(organization=row), "billing": BillingAccount.objects.get(organization=row)
    }  # fmt: skip
    changes: dict[str, dict[str, Any]] = {}
    for name, value in cleaned.items():
        target, column = targets[fields.FIELDS[name][0]], fields.COLUMN.get(name, name)
        changes |= difference({name: getattr(target, column)}, {name: value})
        setattr(target, column, value)
    if not changes:
        return row
    row.version += 1
    try:
        with transaction.atomic():
            for target in targets.values():
                target.save()
    except IntegrityError as error:
        raise conflict("slug_taken", f"The slug {row.slug} is taken.", errors=[{"pointer": "/slug", "detail": "Taken."}]) from error
    record("organization.updated", actor=actor, organization_id=row.id, target=row, label=row.name, changes=changes)
    return row


def set_image(*, organization: Organization, kind: str, data: bytes | None, actor: Actor) -> None:
    """Set or, with None, remove the logo or banner. Raises Problem 422."""
    image = reencode(data, kind=kind) if data else None
    profile = Profile.objects.select_for_update().get(organization=organization)
    changes = difference({kind: bool(getattr(profile, kind))}, {kind: f"{len(image)} bytes" if image else False})
    setattr(profile, kind, image)
    profile.save(update_fields=[kind])
    Organization.objects.filter(id=organization.id).update(version=F("version") + 1)
    record(
        "organization.updated", actor=actor, organization_id=organization.id, target=organization, label=organization.name, changes=changes
    )


_EVENT = {
    "approve": "organization.approved",
    "reject": "organization.rejected",
    "resubmit": "organization.resubmitted",
    "suspend": "organization.suspended",
    "lift_suspension": "organization.suspension_lifted",
    "deactivate": "organization.deactivated",
}
_NEEDS_REASON = frozenset({"reject", "suspend", "deactivate"})


def transition(*, organization: Organization, act: str, reason: str = "", actor: Actor) -> Organization:
    """Lead an organization from one state to the next. Compare and set: of two at once, one gets 409 ``state_conflict``.

    The caller's picture (``organization.state`` and whether it was rejected) must still hold. Raises Problem 409, 422
    ``reason_missing``.
    """
    before, after = TRANSITIONS[act]
    if act in _NEEDS_REASON and not reason.strip():
        raise invalid("A reason is needed; it is kept and shown.", pointer="/reason", code="reason_missing")
    seen = organization.state
    allowed = seen in before and (act != "resubmit" or organization.rejected_at is not None)
    if allowed and act == "reject":
        allowed = organization.rejected_at is None
    values: dict[str, Any] = {"state": after, "state_reason": reason.strip() if act in _NEEDS_REASON else "", "version": F("version") + 1}
    values["rejected_at"] = now() if act == "reject" else None
    same = Organization.objects.filter(id=organization.id, state=seen, version=organization.version, deleted_at__isnull=True)
    if not allowed or not same.update(**values):
        raise conflict("state_conflict", f"This organization is {seen.replace('_', ' ')}; that can't be done to it now.", state=seen)
    organization.refresh_from_db()
    record(
        _EVENT[act], actor=actor, organization_id=organization.id, target=organization, label=organization.name,
        changes=difference({"state": seen}, {"state": after}), reason=reason,
    )  # fmt: skip
    return organization


def delete(*, organization: Organization, reason: str = "", actor: Actor) -> None:
    """Delete softly: out of everybody's sight, restorable by staff for 30 days. Raises Problem 409 ``state_conflict``."""
    if not Organization.objects.filter(id=organization.id, deleted_at__isnull=True).update(deleted_at=now(), version=F("version") + 1):
        raise conflict("state_conflict", "This organization was deleted a moment ago.")
    record(
        "organization.deleted", actor=actor, organization_id=organization.id, target=organization, label=organization.name,
        changes=difference({"deleted": False}, {"deleted": True}), reason=reason,
    )  # fmt: skip


def restore(*, organization: Organization, actor: Actor) -> Organization:
    """Undo a deletion within 30 days. Raises Problem 409 ``state_conflict``, 410 ``undo_expired``."""
    if organization.deleted_at is None:
        raise conflict("state_conflict", "This organization is not deleted.")
    if organization.deleted_at + UNDO <= now():
        raise Problem(HTTPStatus.GONE, "undo_expired", "It was deleted more than 30 days ago.")
    if not Organization.objects.filter(id=organization.id, deleted_at=organization.deleted_at).update(
        deleted_at=None, version=F("version") + 1
    ):
        raise conflict("state_conflict", "This organization was restored a moment ago.")
    organization.refresh_from_db()
    record(
        "organization.restored", actor=actor, organization_id=organization.id, target=organization, label=organization.name,
        changes=difference({"deleted": True}, {"deleted": False}),
    )  # fmt: skip
    return organization
