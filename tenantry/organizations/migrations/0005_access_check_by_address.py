"""``access/check`` heeds the networks that a key is for: the caller's address goes in, whether it is admitted comes out."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("tenantry.organizations.migrations.0004_access_check").SQL

SQL = """
drop function access_check(text, bytea, uuid, uuid, text, text);
create function access_check(address text, key bytea, caller inet, organization uuid, person uuid, mail text, asked text)
    returns table (tenant_status varchar, clock_offset interval, key_id uuid, staff_role varchar, key_organization uuid,
                   scopes varchar[], expires_at timestamptz, revoked_at timestamptz, admitted boolean,
                   state varchar, user_status varchar, role varchar, status varchar, vendor_roles varchar[])
    language plpgsql volatile as $$
declare
    tenant record;
    held access_apikey%rowtype;
    present timestamptz;
begin
    select * into tenant from tenancy_enter(address);
    if not found then
        return;
    end if;
    perform set_config('app.tenant_id', tenant.id::text, true), set_config('app.org_scope', '*', true);
    select k.* into held from access_apikey k where k.tenant_id = tenant.id and k.key_hash = key;
    present := clock_timestamp() + tenant.clock_offset;
    admitted := held.allowed_ips is null or exists (select from unnest(held.allowed_ips) network where caller <<= network::inet);
    -- The last use is noted at most once a minute, so that the hot path hardly ever writes; a refused key isn't used.
    if held.id is not null and held.revoked_at is null and admitted and coalesce(held.expires_at > present, true)
       and coalesce(held.last_used_at < present - interval '1 minute', true) then
        update access_apikey k set last_used_at = present
         where k.tenant_id = tenant.id and k.id = held.id and (k.last_used_at is null or k.last_used_at < present - interval '1 minute');
    end if;
    return query
    select tenant.status, tenant.clock_offset, held.id, held.staff_role, held.organization_id, held.scopes, held.expires_at,
           held.revoked_at, admitted, q.state, q.user_status, q.role, q.status, q.vendor_roles
      from access_question(organization, person, mail, asked) q;
end $$;
revoke all on function access_check(text, bytea, inet, uuid, uuid, text, text) from public;
grant execute on function access_check(text, bytea, inet, uuid, uuid, text, text) to tenantry_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_key_rotation"),
        ("organizations", "0004_access_check"),
    ]
    operations = [migrations.RunSQL(SQL, f"drop function access_check(text, bytea, inet, uuid, uuid, text, text); {BEFORE}")]
