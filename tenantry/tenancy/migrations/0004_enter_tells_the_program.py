"""``tenancy_enter`` also tells what every page and mail says of the tenant: its name, support address and colour.

They are the settings' group ``program`` (workspaces/program.py). Joined here they cost no statement of their own.
"""

from django.db import migrations

SQL = """
drop function tenancy_enter(text);
create function tenancy_enter(address text)
    returns table (id uuid, slug varchar, name varchar, status varchar, clock_offset interval, support_email varchar, colour varchar)
    language plpgsql stable security definer set search_path = public as $$
begin
    return query
    select t.id, t.slug, coalesce(nullif(p.values ->> 'name', ''), t.name)::varchar, t.status, t.clock_offset,
           coalesce(p.values ->> 'support_email', '')::varchar, coalesce(p.values ->> 'colour', '')::varchar
      from tenancy_tenant t left join tenancy_setting p on p.tenant_id = t.id and p.name = 'program'
     where t.slug = address or t.id = case when address ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then address::uuid end;
end $$;
revoke all on function tenancy_enter(text) from public;
grant execute on function tenancy_enter(text) to tenantry_app, tenantry_platform;

-- A tenant whose first admin could not be written is taken back. Any row that a tenant has keeps it: they all refer to it.
grant delete on tenancy_tenant to tenantry_platform;
"""


class Migration(migrations.Migration):
    dependencies = [("tenancy", "0003_setting")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
