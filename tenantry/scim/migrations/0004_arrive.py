"""A directory's POST /Users in one statement: enter the tenant, know the token, heed what was set, count the request, make the person.

Asked by ``edge/arrival.py``. No row back: something stands against it, nothing was done, and Django looks closer. A row with subscribers and
``telling`` false: nothing was done either, because a delivery is to be written with it, whose body only the application knows; it asks
again in a transaction, and ``telling``. Like ``scim_make``, which it asks, it runs with the caller's rights, under row-level security.
"""

from django.db import migrations

SQL = """
create function scim_arrive(
    address text, token bytea, caller inet, entry jsonb, ids jsonb, info jsonb, seats jsonb, rate_limit integer, rate_seconds integer, telling boolean
) returns table (tenant_id uuid, slug varchar, clock_offset interval, organization_id uuid, token_id uuid, token_name varchar, moment timestamptz,
    role varchar, user_id uuid, user_name varchar, most integer, used integer, wait float8, subscribers jsonb) language plpgsql volatile as $$
declare
    tenant record;
    held access_apikey%rowtype;
    sync record;
    made record;
    counted record;
    counter text;
    ahead float8;
begin
    select * into tenant from tenancy_enter(address);
    if not found or tenant.status <> 'active' then return; end if;
    perform set_config('app.tenant_id', tenant.id::text, true), set_config('app.org_scope', '*', true);
    select k.* into held from access_apikey k where k.tenant_id = tenant.id and k.key_hash = token and k.kind = 'scim';
    if not found or held.organization_id is null then return; end if;
    moment := clock_timestamp() + tenant.clock_offset;
    if held.revoked_at is not null or held.expires_at <= moment
       or not (held.allowed_ips is null or exists (select from unnest(held.allowed_ips) network where caller <<= network::inet))
       or exists (select from jsonb_array_elements(maintenance_near(tenant.id::text)) near where (near->>'starts_at')::timestamptz <= moment)
    then return; end if;
    perform set_config('app.org_scope', held.organization_id::text, true);
    select coalesce(s.enabled and s.provision, true) as welcome, coalesce(s.default_role, 'learner') as role into sync
      from (select 1) one left join scim_scimsettings s on s.tenant_id = tenant.id and s.organization_id = held.organization_id;
    if not sync.welcome then return; end if;

    counter := 'scim:scim:' || replace(held.id::text, '-', '');
    ahead := extract(epoch from tenant.clock_offset);
    select coalesce((a.limits->>'scim')::integer, least(rate_limit, coalesce((a.bounds->>'scim')::integer, rate_limit))) into most
      from (select 1) one left join access_allowance a on a.tenant_id = tenant.id and a.organization_id = held.organization_id;
    select * into counted from access_count(tenant.id, counter, most, rate_seconds, ahead, 0);
    if counted.used >= most then return; end if;  -- asked before the work is done; it is counted with it

    select jsonb_agg(jsonb_build_array(w.id, w.organization_id, w.state, w.events)) into subscribers from webhooks_subscribers(held.organization_id) w;
    if subscribers is not null and not telling then
        return next;
        return;
    end if;
    select * into made from scim_make(held.organization_id, entry, sync.role, seats->>sync.role, moment, info || jsonb_build_object(
        'kind', 'scim_token', 'id', held.id, 'label', left(held.name, 254), 'source', 'scim'), ids);
    if not found then return; end if;
    select * into counted from access_count(tenant.id, counter, most, rate_seconds, ahead, 1);
    if not counted.admitted then
        raise exception 'More requests than this token may make.' using errcode = 'insufficient_resources';  -- takes everything back
    end if;
    if held.last_used_at is null or held.last_used_at < moment - interval '1 minute' then
        update access_apikey k set last_used_at = moment where k.tenant_id = tenant.id and k.id = held.id;
    end if;
    tenant_id := tenant.id; slug := tenant.slug; clock_offset := tenant.clock_offset; organization_id := held.organization_id;
    token_id := held.id; token_name := held.name; role := sync.role; user_id := made.user_id; used := counted.used; wait := counted.wait;
    select u.name into user_name from people_user u where subscribers is not null and u.tenant_id = tenant.id and u.id = made.user_id;
    return next;
end $$;
revoke all on function scim_arrive(text, bytea, inet, jsonb, jsonb, jsonb, jsonb, integer, integer, boolean) from public;
grant execute on function scim_arrive(text, bytea, inet, jsonb, jsonb, jsonb, jsonb, integer, integer, boolean) to tenantry_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("scim", "0003_make"),
        ("access", "0004_key_kind"),
        ("maintenance", "0001_initial"),
        ("tenancy", "0004_enter_tells_the_program"),
        ("webhooks", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(SQL, "drop function scim_arrive(text, bytea, inet, jsonb, jsonb, jsonb, jsonb, integer, integer, boolean)")
    ]
