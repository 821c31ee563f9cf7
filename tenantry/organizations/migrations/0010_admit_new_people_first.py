"""``membership_admit`` makes the account before it looks for one.

In a table without statistics PostgreSQL found the account of an address by walking through all accounts of the tenant: a directory's first thousand
people, made in one statement, looked at half a million rows. ``on conflict`` goes by the one index that decides, and most people are new.
"""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("tenantry.organizations.migrations.0009_admit").SQL
_KNOWN = """    select u.id, u.status into person, standing from people_user u where u.tenant_id = tenant and u.email = address;
    if found then
        if standing <> 'active' then return; end if;
"""
_NEW = """        insert into people_user (tenant_id, id, created_at, email, name, status, status_reason, password, generation)
        values (tenant, (ids->>'user')::uuid, moment, address, person_name, 'active', '', '', 2)
        on conflict do nothing returning id into person;
        if person is null then return; end if;  -- the same address was made by somebody else a moment ago
"""
assert _KNOWN in BEFORE and _NEW in BEFORE
SQL = (
    BEFORE.replace("create function", "create or replace function")
    .replace(_NEW, "")
    .replace(
        _KNOWN,
        """    insert into people_user (tenant_id, id, created_at, email, name, status, status_reason, password, generation)
    values (tenant, (ids->>'user')::uuid, moment, address, person_name, 'active', '', '', 2)
    on conflict do nothing returning id into person;
    if person is null then
        select u.id, u.status into person, standing from people_user u where u.tenant_id = tenant and u.email = address;
        if standing is distinct from 'active' then return; end if;
""",
    )
)


class Migration(migrations.Migration):
    dependencies = [("organizations", "0009_admit")]
    operations = [migrations.RunSQL(SQL, BEFORE.replace("create function", "create or replace function"))]
