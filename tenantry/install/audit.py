"""``tenantry audit verify``."""

from __future__ import annotations

from config.environment import Environment

from .keys import problems_as_sentences, slug_of


def verify(settings: Environment, tenant: str) -> int:
    """Seal and walk the chain of one workspace, or of all when none is named, suspended ones too; returns the exit code."""
    from tenantry.audit.chain import seal
    from tenantry.audit.chain import verify as walk
    from tenantry.tenancy.models import Tenant

    with problems_as_sentences():
        tenants = Tenant.objects.using("platform").order_by("slug")
        if tenant or not settings.multi:
            tenants = tenants.filter(slug=slug_of(settings, tenant))
        found = list(tenants.values_list("id", "slug"))
        if not found and tenant:
            raise SystemExit("There is no such workspace.")
        good = True
        for tenant_id, slug in found:
            seal(tenant_id)
            result = walk(tenant_id)
            good = good and result.ok
            state = "holds" if result.ok else "IS BROKEN"
            print(f"{slug}: the chain {state}; {result.checked} checked, {result.pending} pending, head {result.head or '-'}")
            for problem in result.problems:
                print(f"  {problem}")
    return 0 if good else 1
