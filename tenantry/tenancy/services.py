"""What the platform does with tenants: make, suspend, resume; and a sandbox's clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, connections, transaction

from tenantry.kit.problems import Problem, conflict, invalid, not_found

from .models import Tenant
from .windows import closing, near

DEFAULT_SLUG = "default"
RESERVED = frozenset(
    "www api app admin signup sign-up sign-in signin login logout static assets media docs doc help support status operator platform "
    "tenantry mail smtp billing webhooks scim sso auth account accounts dev healthz public internal root system test null undefined "
    "install workspaces".split()
)
SLUG = re.compile(r"^[a-z0-9-]{3,30}$")


def create_tenant(*, slug: str, name: str, sandbox: bool = False) -> UUID:
    """Make a tenant through the platform role; returns its id.

    A sandbox has a clock that can be moved. Raises Problem 422 ``slug_invalid`` / ``slug_reserved``, 409 ``slug_taken``.
    """
    check_form(slug)
    tenant = Tenant(slug=slug, name=name.strip() or slug, sandbox=sandbox)
    try:
        with transaction.atomic(using="platform"):
            tenant.save(using="platform", force_insert=True)
    except IntegrityError as error:
        raise _taken(slug) from error
    return tenant.id


def check_slug(slug: str) -> None:
    """Raises Problem 422 ``slug_invalid`` / ``slug_reserved``, 409 ``slug_taken``, as ``create_tenant`` would now."""
    check_form(slug)
    if exists(slug):
        raise _taken(slug)


def check_form(slug: str) -> None:
    """Raises Problem 422 ``slug_invalid`` / ``slug_reserved``."""
    if not SLUG.fullmatch(slug):
        raise invalid("A slug is 3 to 30 of a-z, 0-9 and the hyphen.", pointer="/slug", code="slug_invalid")
    if slug in RESERVED:
        raise invalid(f"The slug {slug} is reserved.", pointer="/slug", code="slug_reserved")


def exists(slug: str) -> bool:
    """Whether there is a tenant of this slug, whatever its status."""
    return Tenant.objects.using("platform").filter(slug=slug).exists()


def _taken(slug: str) -> Problem:
    detail = f"The slug {slug} is taken."
    return conflict("slug_taken", detail, errors=[{"pointer": "/slug", "detail": detail}])


def discard_tenant(tenant_id: UUID) -> None:
    """Take back a tenant that was made a moment ago and stayed empty; the database keeps any that has a row."""
    Tenant.objects.using("platform").filter(id=tenant_id).delete()


def ensure_default() -> UUID:
    """The tenant of a single-tenant installation, made on the first call."""
    found = Tenant.objects.using("platform").filter(slug=DEFAULT_SLUG).values_list("id", flat=True).first()
    return found or create_tenant(slug=DEFAULT_SLUG, name="Northwind Learning")


def suspend_tenant(*, slug: str) -> None:
    """From the next request on every route of the tenant answers 403 ``tenant_suspended``."""
    _change(slug, status=Tenant.Status.SUSPENDED)


def resume_tenant(*, slug: str) -> None:
    """Undo ``suspend_tenant``."""
    _change(slug, status=Tenant.Status.ACTIVE)


def move_clock(*, slug: str, by: timedelta) -> None:
    """Let a sandbox tenant's clock run ahead by this much in all. Raises Problem 409 ``not_a_sandbox``."""
    if not Tenant.objects.using("platform").filter(slug=slug, sandbox=True).exists():
        raise conflict("not_a_sandbox", "Only a sandbox tenant's clock can be moved.")
    _change(slug, clock_offset=by)


def _change(slug: str, **values: object) -> None:
    if not Tenant.objects.using("platform").filter(slug=slug).update(**values):
        raise not_found("tenant")


_TENANTS = "select id, clock_offset, case when %s then null else maintenance_near(id::text) end from tenancy_tenant where status = 'active'"


def tenant_ids(*, even_held: bool = False) -> list[UUID]:
    """The active tenants, for a sweep: read as the platform, entered one by one as the app role.

    A tenant in maintenance is left out: its jobs are held back. ``even_held`` is for what must go on in it all the same.
    """
    with connections["platform"].cursor() as cursor:
        cursor.execute(_TENANTS, [even_held])
        rows = cursor.fetchall()
    moment = datetime.now(UTC)
    return [id_ for id_, offset, windows in rows if not closing(near(windows), writing=True, moment=moment + offset)]


__all__ = [
    "DEFAULT_SLUG",
    "RESERVED",
    "Problem",
    "check_form",
    "check_slug",
    "create_tenant",
    "discard_tenant",
    "ensure_default",
    "exists",
    "move_clock",
    "resume_tenant",
    "suspend_tenant",
    "tenant_ids",
]
