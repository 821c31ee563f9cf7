"""``scim_make`` locks the seats' tallies together or not at all.

It locked those that were there, and ``membership_admit`` all of them a moment later: when an organization's seats were counted for the first
time in between, two creates at once waited for each other, and one was refused as busy.
"""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("tenantry.scim.migrations.0003_make").SQL
_OLD = """    perform 1 from entitlements_tally t
      where t.tenant_id = tenant and t.organization_id = of_organization
        and t.resource_type in ('seat:admin', 'seat:member', 'seat:total')
      order by t.resource_type for update;
"""
_NEW = """    if (select count(*) from entitlements_tally t
         where t.tenant_id = tenant and t.organization_id = of_organization
           and t.resource_type in ('seat:admin', 'seat:member', 'seat:total')) < 3
    then return; end if;  -- the seats were never counted
"""
assert _OLD in BEFORE
SQL = BEFORE.replace("create function", "create or replace function").replace(_OLD, _NEW + _OLD)


class Migration(migrations.Migration):
    dependencies = [("scim", "0004_arrive")]
    operations = [migrations.RunSQL(SQL, BEFORE.replace("create function", "create or replace function"))]
