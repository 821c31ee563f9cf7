"""What an organization has set for its directory: read by every request of one, changed by its owners."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

from tenantry.access.permissions import ADMIN_ROLES, ROLES
from tenantry.audit.services import Actor, difference, record
from tenantry.kit.problems import Problem, invalid

from .models import ScimSettings

# Nobody comes to own, run or pay by default: such a role is given by a person, or by a group that an owner has mapped.
DEFAULT_ROLES: Final = tuple(name for name in ROLES if name not in ADMIN_ROLES)


@dataclass(frozen=True, slots=True)
class Settings:
    """``provision``: make and reactivate members. ``deprovision``: suspend them. ``update_profile``: change names and the like."""

    enabled: bool = True
    provision: bool = True
    deprovision: bool = True
    update_profile: bool = True
    default_role: str = "learner"
    version: int = 1


def of(organization_id: UUID) -> Settings:
    """One query. An organization that has set nothing has the defaults."""
    names = Settings.__dataclass_fields__
    found = ScimSettings.objects.filter(organization_id=organization_id).values(*names).first()
    return Settings(**found) if found else Settings()


def require_enabled(settings: Settings) -> None:
    """Raises Problem 403 ``scim_disabled`` while the organization has switched its directory off."""
    if not settings.enabled:
        raise Problem(403, "scim_disabled", "Directory sync is switched off. An owner can switch it on under “Directory sync”.")


def held(organization_id: UUID, *, expected_version: int | None = None) -> ScimSettings:
    """The organization's row, locked until the transaction ends: whoever changes its tokens, settings or mappings waits here.

    Settings and mappings have one version. Raises Problem 412 ``version_stale`` when another one was expected.
    """
    ScimSettings.objects.bulk_create([ScimSettings(organization_id=organization_id)], ignore_conflicts=True)
    row = ScimSettings.objects.select_for_update().get(organization_id=organization_id)
    if expected_version is not None and row.version != expected_version:
        raise Problem(412, "version_stale", "Somebody changed what the directory may do, or its groups' roles, meanwhile. Load them again.")
    return row


def change(
    *, organization_id: UUID, enabled: bool | None = None, provision: bool | None = None, deprovision: bool | None = None,
    update_profile: bool | None = None, default_role: str | None = None, expected_version: int | None = None, actor: Actor,
) -> Settings:  # fmt: skip
    """Set what is given; None leaves it. Raises Problem 412 ``version_stale``, 422 ``role_not_default`` / ``role_unknown``."""
    if default_role is not None and default_role not in ROLES:
        raise invalid(f"There is no role {default_role[:40]!r}.", pointer="/default_role", code="role_unknown")
    if default_role is not None and default_role not in DEFAULT_ROLES:
        detail = "Nobody becomes owner, maintainer or billing admin by default. Map a group to that role instead."
        raise invalid(detail, pointer="/default_role", code="role_not_default")
    row = held(organization_id, expected_version=expected_version)
    before = asdict(of(organization_id))
    given = {
        "enabled": enabled, "provision": provision, "deprovision": deprovision, "update_profile": update_profile,
        "default_role": default_role,
    }  # fmt: skip
    wanted = {name: value for name, value in given.items() if value is not None}
    changes = difference(before, wanted)
    if changes:
        row.version += 1
        ScimSettings.objects.filter(id=row.id).update(version=row.version, **wanted)
        record("scim.settings_changed", actor=actor, organization_id=organization_id, label="Directory sync", changes=changes)
    return of(organization_id)
