"""API keys: made, shown once, revoked."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from tenantry.audit.services import Actor, record
from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.problems import conflict, invalid, not_found
from tenantry.tenancy.models import Tenant
from tenantry.tenancy.scope import current_tenant_id

from . import bearer
from .models import ApiKey
from .permissions import STAFF_ROLES, registered


def create_key(
    *,
    name: str,
    staff_role: str = "",
    organization_id: UUID | None = None,
    scopes: list[str] | None = None,
    owner: UUID | None = None,
    expires_at: datetime | None = None,
    actor: Actor,
) -> tuple[ApiKey, str]:
    """Make a key; returns its row and the key itself, which is never to be seen again.

    Either ``staff_role`` (acts for the tenant) or ``organization_id`` (acts within it). Raises Problem 422.
    """
    if staff_role and staff_role not in STAFF_ROLES:
        raise invalid(f"Unknown staff role {staff_role}; there are {', '.join(STAFF_ROLES)}.", pointer="/staff_role", code="role_unknown")
    for scope in scopes or ():
        if scope not in registered():
            raise invalid(f"There is no permission {scope}.", pointer="/scopes", code="permission_unknown")
    plain = bearer.new_key(sandbox=Tenant.objects.values_list("sandbox", flat=True).get(id=current_tenant_id()))
    key = ApiKey(
        name=name, prefix=plain[: bearer.SHOWN], key_hash=crypto.digest(plain), staff_role=staff_role, organization_id=organization_id,
        scopes=scopes, owner_id=owner, expires_at=expires_at,
    )  # fmt: skip
    key.save(force_insert=True)
    changes: dict[str, dict[str, Any]] = {
        "role": {"before": None, "after": staff_role or "organization"},
        "scopes": {"before": None, "after": scopes},
    }
    record("key.created", actor=actor, organization_id=organization_id, target=key, label=name, changes=changes)
    return key, plain


def revoke_keys_of(*, owner: UUID, actor: Actor, reason: str) -> int:
    """Revoke all keys of a person, in the transaction that revokes the person; returns how many."""
    keys = list(ApiKey.objects.select_for_update().filter(owner_id=owner, revoked_at__isnull=True))
    for key in keys:
        _revoke(key, actor, reason)
    return len(keys)


def revoke_key(*, key_id: UUID, actor: Actor, reason: str = "") -> None:
    """Revoke one key at once. Raises Problem 404, 409 ``key_revoked`` when it is already."""
    key = ApiKey.objects.select_for_update().filter(id=key_id).first()
    if key is None:
        raise not_found("key")
    if key.revoked_at:
        raise conflict("key_revoked", "This key was revoked before.")
    _revoke(key, actor, reason)


def live_keys() -> list[ApiKey]:
    """The keys that still work, the latest first."""
    rows = ApiKey.objects.select_related("owner").filter(revoked_at__isnull=True)
    return list(rows.exclude(expires_at__lte=now()).order_by("-id"))


def _revoke(key: ApiKey, actor: Actor, reason: str) -> None:
    key.revoked_at = now()
    key.save(update_fields=["revoked_at"])
    record("key.revoked", actor=actor, organization_id=key.organization_id, target=key, label=key.name, reason=reason)
