"""API keys: made, shown once, rotated, revoked. The tokens of directories are rows of the same table (scim/tokens.py)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from tenantry.audit.services import Actor, record
from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.paging import Page, by_id
from tenantry.kit.problems import conflict, invalid, not_found
from tenantry.tenancy.models import Tenant
from tenantry.tenancy.scope import current_tenant_id

from . import bearer
from .models import ApiKey
from .networks import read_networks
from .permissions import STAFF_ROLES
from .principal import Principal
from .scopes import MAKES_KEYS, require_grantable, require_known, settled

OVERLAP_HOURS: Final = range(1, 73)
LONGEST: Final = timedelta(days=3653)
STATUSES: Final = ("active", "replaced", "expired", "revoked")


def make_key(
    *,
    principal: Principal,
    name: str,
    scopes: Iterable[str],
    organization_id: UUID | None = None,
    expires_at: datetime | None = None,
    allowed_ips: Iterable[str] = (),
    actor: Actor,
) -> tuple[ApiKey, str]:
    """A key for a program, made by somebody: returns its row and the key itself, which is never to be seen again.

    Without an organization it acts for the tenant with its maker's own staff role. It ends with its maker's right to make it.
    Raises Problem 403 ``scope_not_grantable``, 409 ``access_changed``, 422.
    """
    key, plain = create_key(
        name=name, staff_role="" if organization_id else principal.staff_role, organization_id=organization_id,
        scopes=settled(scopes, principal=principal, organization_id=organization_id), owner=principal.owner_id,
        expires_at=expires_at, allowed_ips=allowed_ips, actor=actor,
    )  # fmt: skip
    _hold_right(key, principal)
    return key, plain


def create_key(
    *,
    name: str,
    staff_role: str = "",
    organization_id: UUID | None = None,
    scopes: list[str] | None = None,
    owner: UUID | None = None,
    expires_at: datetime | None = None,
    allowed_ips: Iterable[str] = (),
    actor: Actor,
) -> tuple[ApiKey, str]:
    """Make a key without asking who may: for the operator, and for ``make_key``. Without ``scopes`` it may all that its role may.

    Either ``staff_role`` (acts for the tenant) or ``organization_id`` (acts within it). Raises Problem 422.
    """
    if staff_role and staff_role not in STAFF_ROLES:
        raise invalid(f"Unknown staff role {staff_role}; there are {', '.join(STAFF_ROLES)}.", pointer="/staff_role", code="role_unknown")
    if scopes is not None:
        require_known(scopes, by_organization=organization_id is not None)
    key, plain = fresh_key(
        kind=ApiKey.Kind.API, name=name, staff_role=staff_role, organization_id=organization_id, scopes=scopes, owner=owner,
        expires_at=expires_at, allowed_ips=allowed_ips,
    )  # fmt: skip
    changes: dict[str, dict[str, Any]] = {
        "role": {"before": None, "after": staff_role or "organization"},
        "scopes": {"before": None, "after": scopes},
        **limits_of(key),
    }
    record("key.created", actor=actor, organization_id=organization_id, target=key, label=key.name, changes=changes)
    return key, plain


def fresh_key(
    *, kind: str, name: str, staff_role: str = "", organization_id: UUID | None, scopes: list[str] | None = None, owner: UUID | None,
    expires_at: datetime | None, allowed_ips: Iterable[str],
) -> tuple[ApiKey, str]:  # fmt: skip
    """The row of a new key of a ``kind``, and the key itself; whoever asks for it records what it is. Raises Problem 422."""
    cleaned = name.strip()
    if not cleaned or len(cleaned) > 120 or not cleaned.isprintable():
        raise invalid("A name has 1 to 120 printable characters.", pointer="/name", code="name_invalid")
    if expires_at is not None and not timedelta(0) < expires_at - now() <= LONGEST:
        raise invalid("The end lies in the past, or more than ten years ahead.", pointer="/expires_at", code="expires_at_invalid")
    plain = bearer.new_key(kind=kind, sandbox=Tenant.objects.values_list("sandbox", flat=True).get(id=current_tenant_id()))
    key = ApiKey(
        kind=kind, name=cleaned, prefix=plain[: bearer.SHOWN], key_hash=crypto.digest(plain), staff_role=staff_role,
        organization_id=organization_id, scopes=scopes, owner_id=owner, expires_at=expires_at, allowed_ips=read_networks(allowed_ips),
    )  # fmt: skip
    key.save(force_insert=True)
    return key, plain


def limits_of(key: ApiKey) -> dict[str, dict[str, Any]]:
    """For the record: until when and from where a new key works, as far as that is limited."""
    changes: dict[str, dict[str, Any]] = {}
    if key.expires_at:
        changes["expires_at"] = {"before": None, "after": key.expires_at.isoformat()}
    if key.allowed_ips:
        changes["allowed_ips"] = {"before": None, "after": key.allowed_ips}
    return changes


def rotate_key(*, key_id: UUID, overlap_hours: int, principal: Principal | None = None, actor: Actor) -> tuple[ApiKey, str]:
    """A new key in place of an old one, which works on for ``overlap_hours`` (1 to 72): the new row, and the new key itself.

    Name, scopes and networks stay; a key that was made for 90 days is replaced by one for 90 days. ``principal`` holds the new
    key, so they must be able to give what it holds; None is the operator. Raises Problem 403 ``scope_not_grantable``,
    404, 409 ``key_revoked`` / ``key_expired`` / ``key_replaced`` / ``access_changed``, 422.
    """
    if overlap_hours not in OVERLAP_HOURS:
        raise invalid("An overlap has 1 to 72 hours.", pointer="/overlap_hours")
    old = load_key(key_id)
    _require_working(old)
    if principal is not None:
        require_grantable(old.scopes, principal=principal, organization_id=old.organization_id)
    new, plain = create_key(
        name=old.name, staff_role=old.staff_role, organization_id=old.organization_id, scopes=old.scopes,
        owner=principal.owner_id if principal else old.owner_id, allowed_ips=old.allowed_ips or (),
        expires_at=now() + (old.expires_at - old.created_at) if old.expires_at else None, actor=actor,
    )  # fmt: skip
    if principal is not None:
        _hold_right(new, principal)
    held = ApiKey.objects.select_for_update().get(id=old.id)
    _require_working(held)  # two who rotate at once: the second finds it replaced, and its new key is rolled back
    before, until = held.expires_at, now() + timedelta(hours=overlap_hours)
    held.expires_at, held.replaced_by = min(before or until, until), new
    held.save(update_fields=["expires_at", "replaced_by"])
    changes = {
        "expires_at": {"before": before.isoformat() if before else None, "after": held.expires_at.isoformat()},
        "replaced_by": {"before": None, "after": new.public_id},
    }
    record("key.rotated", actor=actor, organization_id=held.organization_id, target=held, label=held.name, changes=changes)
    return new, plain


def revoke_key(*, key_id: UUID, actor: Actor, reason: str = "") -> None:
    """Revoke one key at once. Raises Problem 404, 409 ``key_revoked`` when it is already."""
    key = _api_keys().select_for_update().filter(id=key_id).first()
    if key is None:
        raise not_found("key")
    if key.revoked_at:
        raise conflict("key_revoked", "This key was revoked before.")
    _revoke(key, actor, reason)


def revoke_keys_of(*, owner: UUID, actor: Actor, reason: str) -> int:
    """Revoke all keys of a person, in the transaction that revokes the person; returns how many."""
    return revoke_keys_beyond(owner=owner, may=lambda scope: False, actor=actor, reason=reason)


def revoke_keys_beyond(*, owner: UUID, may: Callable[[str], bool], organization_id: UUID | None = None, actor: Actor, reason: str) -> int:
    """Revoke the keys that a person could no longer make, in the transaction that takes the right away; returns how many.

    ``may`` says what they can still give; with an organization only its keys are meant. The caller has changed the person's
    row before (``touch_generation``), so that a key which is being made at this moment is either seen here or refused there.
    """
    rows = _api_keys().select_for_update().filter(owner_id=owner, revoked_at__isnull=True)
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    beyond = [key for key in rows if key.scopes is None or not all(may(scope) for scope in (MAKES_KEYS, *key.scopes))]
    for key in beyond:
        _revoke(key, actor, reason)
    return len(beyond)


def owners_of_keys(organization_id: UUID, people: Collection[UUID]) -> set[UUID]:
    """Those of some people who have a key here that isn't revoked: whose keys are to be looked at when their roles change."""
    rows = _api_keys().filter(organization_id=organization_id, owner_id__in=people, revoked_at__isnull=True)
    return set(rows.values_list("owner_id", flat=True))


def load_key(key_id: UUID) -> ApiKey:
    """A key by id. Raises Problem 404."""
    found = _api_keys().select_related("owner", "replaced_by").filter(id=key_id).first()
    if found is None:
        raise not_found("key")
    return found


def list_keys(
    *, organization_id: UUID | None = None, status: str = "", search: str = "", cursor: str | None = None, limit: int
) -> Page[ApiKey]:
    """Keys, the latest first: of one organization, or all that the scope shows. ``search`` is a part of name or beginning.

    ``status`` is one of ``STATUSES``. Raises Problem 422 ``status_unknown``.
    """
    rows = _api_keys().select_related("owner")
    if organization_id is not None:
        rows = rows.filter(organization_id=organization_id)
    if search.strip():
        rows = rows.filter(Q(name__icontains=search.strip()) | Q(prefix__startswith=search.strip()[: bearer.SHOWN]))
    if status:
        if status not in STATUSES:
            raise invalid(f"A status is one of {', '.join(STATUSES)}.", pointer="?status", code="status_unknown")
        works = Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=now()))
        rows = rows.filter(
            {
                "active": works & Q(replaced_by__isnull=True),
                "replaced": works & Q(replaced_by__isnull=False),
                "expired": Q(revoked_at__isnull=True, expires_at__lte=now()),
                "revoked": Q(revoked_at__isnull=False),
            }[status]
        )
    return by_id(rows, cursor=cursor, limit=limit, newest_first=True)


def every_key() -> Iterator[ApiKey]:
    """All keys that the scope shows, the latest first, whatever their number."""
    return _api_keys().order_by("-id").iterator()


def _api_keys() -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(kind=ApiKey.Kind.API)


def _require_working(key: ApiKey) -> None:
    if key.status == "revoked":
        raise conflict("key_revoked", "This key was revoked. Make a new one.")
    if key.status == "expired":
        raise conflict("key_expired", "This key has expired. Make a new one.")
    if key.replaced_by_id:
        raise conflict("key_replaced", "This key was replaced before. Rotate the one that took its place.")


def _hold_right(key: ApiKey, principal: Principal) -> None:
    """Whoever takes the maker's right away at this moment waits for this key and revokes it, or is seen here.

    The owner's row is locked through the key; what ends a right changes that row first. Raises Problem 409 ``access_changed``.
    """
    if key.owner_id is None:
        return
    rows = ApiKey.objects.select_for_update(of=("owner",), no_key=True).select_related("owner")
    held = rows.filter(id=key.id, owner__status="active").first()
    if principal.user is not None:
        unchanged = held is not None and held.owner is not None and held.owner.generation == principal.user.generation
    else:
        unchanged = held is not None and ApiKey.objects.filter(id=principal.key_id or key.id, revoked_at__isnull=True).exists()
    if not unchanged:
        raise conflict("access_changed", "What you may do has changed meanwhile. Load the page again.")


def _revoke(key: ApiKey, actor: Actor, reason: str) -> None:
    key.revoked_at = now()
    key.save(update_fields=["revoked_at"])
    record("key.revoked", actor=actor, organization_id=key.organization_id, target=key, label=key.name, reason=reason)
