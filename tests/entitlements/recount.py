"""The tallies against what they count, from the rows themselves."""

from __future__ import annotations

from django.db import connection

RECOUNT = """
with seats as (
    select tenant_id, organization_id, role from organizations_membership where status = 'active' and not service
    union all
    select tenant_id, organization_id, role from organizations_invitation where status = 'pending'
), counted as (
    select tenant_id, organization_id,
           unnest(array['seat:total', case when role in ('owner', 'maintainer', 'billing_admin') then 'seat:admin' else 'seat:member' end])
               as resource_type, 1 as one
      from seats
    union all
    select tenant_id, organization_id, resource_type, 1 from entitlements_usage
), sums as (select tenant_id, organization_id, resource_type, count(one) as used from counted group by 1, 2, 3)
select coalesce(t.organization_id, s.organization_id), coalesce(t.resource_type, s.resource_type), coalesce(t.used, 0), coalesce(s.used, 0)
  from (select * from entitlements_tally) t
  full join sums s on s.tenant_id = t.tenant_id and s.organization_id = t.organization_id and s.resource_type = t.resource_type
 where coalesce(t.used, 0) <> coalesce(s.used, 0)
"""


def differences() -> list[tuple[object, str, int, int]]:
    """``(organization, resource type, tally, recount)`` wherever the two differ, in all that the open scope shows."""
    with connection.cursor() as cursor:
        cursor.execute(RECOUNT)
        return cursor.fetchall()
