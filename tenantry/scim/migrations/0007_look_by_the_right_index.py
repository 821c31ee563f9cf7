"""``scim_make`` looks for an externalId by the index that is made for it.

While the table has no statistics, all its indexes cost the same, and PostgreSQL took one that walks through all rows of the organization: a
directory's first thousand people, made in one statement, looked at half a million. Only the right index also has the order that is asked for.
"""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("tenantry.scim.migrations.0005_lock_together").SQL
_OLD = """        perform 1 from scim_scimuser s
          where s.tenant_id = tenant and s.organization_id = of_organization and s.external_id = entry->>'external_id'
            and s.external_id <> '' and s.deleted_at is null;
        if found then return; end if;
"""
_NEW = """        select s.external_id into next_one from scim_scimuser s
          where s.tenant_id = tenant and s.organization_id = of_organization and s.external_id >= entry->>'external_id'
            and s.external_id <> '' and s.deleted_at is null
          order by s.external_id limit 1;
        if next_one = entry->>'external_id' then return; end if;
"""
_VARIABLE = "    admitted record;\n"
assert _OLD in BEFORE and BEFORE.count(_VARIABLE) == 1
SQL = BEFORE.replace(_OLD, _NEW).replace(_VARIABLE, _VARIABLE + "    next_one text;\n")


class Migration(migrations.Migration):
    dependencies = [("scim", "0006_arrive_together"), ("organizations", "0010_admit_new_people_first")]
    operations = [migrations.RunSQL(SQL, BEFORE)]
