"""People of a directory: made, changed, taken away. The row, the account and the membership change in one transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tenantry.audit.services import Actor, record
from tenantry.entitlements import limits
from tenantry.entitlements.plans import SEATS
from tenantry.kit.clock import now
from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem
from tenantry.organizations.models import Organization
from tenantry.organizations.queries import require_state
from tenantry.people.models import User

from . import accounts, groups, making, roles
from .models import ScimAddress, ScimUser
from .protocol.attributes import USERS
from .protocol.patch import Operation, apply
from .protocol.values import address_of, display_of, read_resource
from .refusals import gone, invalid_value, uniqueness, unknown
from .resources import attributes_of, read_id
from .settings import Settings

DEACTIVATED, DELETED = "Deactivated by the directory.", "Deleted by the directory."


def key_of(name: str) -> str:
    """How userNames and addresses are compared: letter case doesn't count."""
    return name.casefold()


def load(organization_id: UUID, identifier: str, *, lock: bool = False) -> ScimUser:
    """A person by the id that the directory knows. Raises Problem 404, and 410 for somebody erased."""
    row_id = read_id(ScimUser.PREFIX, identifier)
    rows = ScimUser.objects.select_for_update(of=("self",)) if lock else ScimUser.objects
    row = rows.select_related("user").filter(organization_id=organization_id, id=row_id).first() if row_id else None
    if row is not None and accounts.erased(organization_id, row.user):
        raise gone()
    if row is None or row.deleted_at:
        raise unknown("user", identifier)
    return row


def create(*, organization: Organization, body: dict[str, Any], settings: Settings, actor: Actor) -> ScimUser:
    """A new person; or the same one again, where the directory had deactivated them: same userName, same externalId.

    Raises Problem 409 ``uniqueness`` for a userName or externalId that is taken, 402 when no seat is free, 410, 403, 400.
    """
    if not settings.provision:
        raise Problem(403, "scim_provisioning_off", "This organization doesn't let its directory add people: provisioning is switched off.")
    wanted, row, simple = _new(body, organization_id=organization.id)
    if simple is not None and making.make_all([simple], role=settings.default_role, moment=now(), actor=actor) == [True]:
        return row
    limits.lock(organization.id, SEATS)  # first, as settle does: two creates wait for each other here and nowhere else
    found = _taken(organization.id, wanted)
    if found is not None:
        again = not found.active and wanted["active"] and found.user_name_key == key_of(wanted["userName"])
        if not again or found.external_id != wanted.get("externalId", ""):
            raise _conflict(found, wanted)
        return _change(organization=organization, row=found, wanted=wanted, settings=settings, actor=actor)
    if row.active:
        accounts.join(
            organization=organization, row=row, address=_address(wanted), name=display_of(wanted), role=None, settings=settings, actor=actor
        )
        _require_own(row)
    elif settings.deprovision:
        accounts.leave(organization=organization, row=row, address=_quiet_address(wanted), actor=actor, reason="Inactive in the directory.")
    row.save(force_insert=True)
    _keep_addresses(row, wanted)
    changes: dict[str, Any] = {"userName": {"before": None, "after": row.user_name}, "active": {"before": None, "after": row.active}}
    record("scim_user.created", actor=actor, organization_id=organization.id, target=row, label=row.user_name, changes=changes)
    return row


def _new(body: dict[str, Any], **owner: UUID | None) -> tuple[dict[str, Any], ScimUser, making.Fresh | None]:
    """What is wanted, the row that says so, and the same for the short way where it may be tried."""
    wanted = _checked(read_resource(body, USERS))
    row = ScimUser(**owner)
    fill(row, wanted)
    address = _address(wanted) if row.active else ""
    return wanted, row, making.Fresh(row, address, display_of(wanted)) if address and len(_keys(wanted)) < 2 else None


def fresh(body: dict[str, Any], **owner: UUID | None) -> making.Fresh | None:
    """Somebody for the short way, or None where ``create`` has to look closer or to refuse. ``owner`` are columns: whose the row is."""
    try:
        return _new(body, **owner)[2]
    except Problem:
        return None


def replace(*, organization: Organization, row: ScimUser, body: dict[str, Any], settings: Settings, actor: Actor) -> ScimUser:
    """PUT: what isn't sent goes, but for ``active``, which stays. Raises what ``create`` does, and 409 ``last_owner``."""
    return _change(organization=organization, row=row, wanted=replaced(row, body), settings=settings, actor=actor)


def patch(*, organization: Organization, row: ScimUser, operations: list[Operation], settings: Settings, actor: Actor) -> ScimUser:
    """PATCH: all operations in their order, or none. Raises what ``replace`` does."""
    return _change(organization=organization, row=row, wanted=patched(row, operations), settings=settings, actor=actor)


def replaced(row: ScimUser, body: dict[str, Any]) -> dict[str, Any]:
    """What a PUT wants of a person. Raises Problem 400."""
    wanted = read_resource(body, USERS)
    wanted.setdefault("active", row.active)
    return _checked(wanted)


def patched(row: ScimUser, operations: list[Operation]) -> dict[str, Any]:
    """What a PATCH wants of a person. Raises Problem 400."""
    wanted = apply(attributes_of(row), operations, USERS)
    wanted.setdefault("active", True)
    return _checked(wanted)


def delete(*, organization: Organization, row: ScimUser, settings: Settings, actor: Actor) -> None:
    """The person leaves the directory: the membership is suspended, nothing is erased. Raises Problem 409 ``last_owner``."""
    if settings.deprovision:
        accounts.leave(organization=organization, row=row, actor=actor, reason=DELETED)
    groups.leave_all([row])
    row.deleted_at = row.changed_at = now()
    row.active = False
    row.version += 1
    row.save()
    record("scim_user.deleted", actor=actor, organization_id=organization.id, target=row, label=row.user_name)


def _change(*, organization: Organization, row: ScimUser, wanted: dict[str, Any], settings: Settings, actor: Actor) -> ScimUser:
    before = attributes_of(row)
    if wanted["active"]:
        require_state(organization, "members:write", staff=False)
    if before == wanted and not (not row.active and settings.deprovision):
        return row  # sent again with nothing new in it
    renamed = (row.user_name_key, row.external_id) != (key_of(wanted["userName"]), wanted.get("externalId", ""))
    if renamed and (other := _taken(organization.id, wanted, but=row)) is not None:
        raise _conflict(other, wanted)
    was_active, user_before, address_before = row.active, row.user_id, _quiet_address(before)
    fill(row, wanted)
    if row.active and not was_active:
        if not settings.provision:
            raise Problem(
                403, "scim_provisioning_off", "This organization doesn't let its directory add people: provisioning is switched off."
            )
        role = roles.role_of(organization.id, row)
        accounts.join(
            organization=organization, row=row, address=_address(wanted), name=display_of(wanted), role=role, settings=settings, actor=actor
        )
    elif row.active and row.user_id is None and _address(wanted):
        accounts.join(
            organization=organization, row=row, address=_address(wanted), name=display_of(wanted),
            role=roles.role_of(organization.id, row), settings=settings, actor=actor,
        )  # fmt: skip
    elif not row.active and settings.deprovision:
        accounts.leave(organization=organization, row=row, address=_quiet_address(wanted), actor=actor, reason=DEACTIVATED)
    if row.user_id != user_before:
        _require_own(row)
    if settings.update_profile:
        accounts.update_profiles(organization=organization, names=[(row, display_of(wanted))], actor=actor)
        address = _quiet_address(wanted)
        if address and address != address_before:
            accounts.move(organization=organization, row=row, address=address, actor=actor)
    if before == wanted:
        ScimUser.objects.filter(id=row.id).update(suspended_here=row.suspended_here, user=row.user)
        return row
    row.version += 1
    row.changed_at = now()
    row.save()
    if before.get("emails") != wanted.get("emails"):
        _keep_addresses(row, wanted)
    changes = changes_of(before, attributes_of(row))
    record("scim_user.changed", actor=actor, organization_id=organization.id, target=row, label=row.user_name, changes=changes)
    return row


def changes_of(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What is recorded of a change: which attributes, and no values but those that matter to whoever looks after members."""
    names = sorted(name for name in {**before, **after} if before.get(name) != after.get(name))
    changes: dict[str, Any] = {"attributes": {"before": None, "after": names}}
    for name in ("userName", "active"):
        if name in names:
            changes[name] = {"before": before.get(name), "after": after.get(name)}
    return changes


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    """What every person must have. Raises Problem 400 ``invalidValue``."""
    name = wanted.get("userName")
    if not isinstance(name, str) or not name.strip():
        raise invalid_value("userName is required.")
    wanted["userName"] = name.strip()
    wanted.setdefault("active", True)
    wanted.pop("password", None)  # people of a directory sign in by it; a password is neither kept nor written down anywhere
    return wanted


def fill(row: ScimUser, wanted: dict[str, Any]) -> None:
    """Set the row's columns to what is wanted."""
    row.user_name, row.user_name_key = wanted["userName"], key_of(wanted["userName"])
    row.external_id = wanted.get("externalId", "")
    row.active = wanted["active"]
    row.data = {name: value for name, value in wanted.items() if name not in ("userName", "externalId", "active")}
    row.address_key = next(iter(_keys(wanted)), "")


def _keys(wanted: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(key_of(item["value"]) for item in wanted.get("emails") or () if item.get("value")))


def _keep_addresses(row: ScimUser, wanted: dict[str, Any]) -> None:
    """Write the further addresses, where they differ from what is kept."""
    further = _keys(wanted)[1:]
    if row.version == 1 and not further:
        return
    rows = ScimAddress.objects.filter(holder=row)
    if set(rows.values_list("key", flat=True)) != set(further):
        rows.delete()
        ScimAddress.objects.bulk_create(ScimAddress(organization_id=row.organization_id, holder=row, key=key) for key in further)


def _address(wanted: dict[str, Any]) -> str:
    """The person's address as accounts have it, or ``""``. Raises Problem 400 for one that is none."""
    address = address_of(wanted)
    if not address:
        return ""
    try:
        return normalize(address)
    except Problem as problem:
        if not wanted.get("emails"):
            return ""  # a userName with an @ in it that is no address
        raise invalid_value(problem.detail) from problem


def _quiet_address(wanted: dict[str, Any]) -> str:
    try:
        return _address(wanted)
    except Problem:
        return ""


def _taken(organization_id: UUID, wanted: dict[str, Any], *, but: ScimUser | None = None) -> ScimUser | None:
    """Who has the userName or the externalId already."""
    rows = ScimUser.objects.filter(organization_id=organization_id, deleted_at__isnull=True).select_related("user")
    if but is not None:
        rows = rows.exclude(id=but.id)
    found = rows.filter(user_name_key=key_of(wanted["userName"])).first()
    if found is None and (external := wanted.get("externalId")):
        found = rows.filter(external_id=external).first()
    if found is not None and accounts.erased(organization_id, found.user):
        raise gone()
    return found


def _conflict(found: ScimUser, wanted: dict[str, Any]) -> Problem:
    if found.user_name_key == key_of(wanted["userName"]):
        return uniqueness(f"The userName {wanted['userName']} is taken.")
    return uniqueness(f"The externalId {wanted.get('externalId')} is taken by {found.user_name}.")


def _require_own(row: ScimUser) -> None:
    """One person is one resource. Raises Problem 409 ``uniqueness``."""
    if row.user_id is None:
        return
    rows = ScimUser.objects.filter(organization_id=row.organization_id, user_id=row.user_id, deleted_at__isnull=True).exclude(id=row.id)
    other = rows.first()
    if other is not None:
        raise uniqueness(f"The address {User.objects.get(id=row.user_id).email} belongs to {other.user_name} already.")
