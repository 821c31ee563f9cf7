"""The whole of ``access/check`` as one statement: enter the tenant, look up the key, look up the answer.

One statement is a transaction by itself, so the edge sends no BEGIN and no COMMIT, and the settings are gone with it. The
function runs with the caller's rights: every look-up in it is under row-level security, after ``app.tenant_id`` is set.
"""

from django.db import migrations

SQL = """
create function access_check(address text, key bytea, organization uuid, person uuid, mail text, asked text)
    returns table (tenant_status varchar, clock_offset interval, key_id uuid, staff_role varchar, key_organization uuid,
                   scopes varchar[], expires_at timestamptz, revoked_at timestamptz,
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
    -- The last use is noted at most once a minute, so that the hot path hardly ever writes.
    if held.revoked_at is null and coalesce(held.last_used_at < present - interval '1 minute', held.id is not null) then
        update access_apikey k set last_used_at = present
         where k.tenant_id = tenant.id and k.id = held.id and (k.last_used_at is null or k.last_used_at < present - interval '1 minute');
    end if;
    return query
    select tenant.status, tenant.clock_offset, held.id, held.staff_role, held.organization_id, held.scopes, held.expires_at,
           held.revoked_at, q.state, q.user_status, q.role, q.status, q.vendor_roles
      from access_question(organization, person, mail, asked) q;
end $$;
revoke all on function access_check(text, bytea, uuid, uuid, text, text) from public;
grant execute on function access_check(text, bytea, uuid, uuid, text, text) to tenantry_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("organizations", "0003_access_question"),
        ("tenancy", "0002_enter_keeps_its_plan"),
    ]
    operations = [migrations.RunSQL(SQL, "drop function access_check(text, bytea, uuid, uuid, text, text)")]
