"""A directory's POST /Users in one statement, for one or for several that came at once: enter the tenant, know the token, heed what was set,
make the people, count the requests.

Asked by ``edge/arrival.py``; takes the place of 0004, which made one. No row for somebody: something stands against them, nothing was done of
them, and Django looks closer. One row without a place: nothing was done at all, because deliveries are to be written with these people, whose
bodies only the application knows; it asks again in a transaction, and ``telling``. Like ``scim_make``, which it asks, it runs with the caller's
rights, under row-level security.
"""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("tenantry.scim.migrations.0004_arrive").SQL
GONE = "drop function scim_arrive(text, bytea, inet, jsonb, jsonb, jsonb, jsonb, integer, integer, boolean);"
SQL = """
create function scim_arrive(
    address text, token bytea, caller inet, people jsonb, seats jsonb, rate_limit integer, rate_seconds integer, telling boolean
) returns table (place integer, tenant_id uuid, slug varchar, clock_offset interval, organization_id uuid, token_id uuid, token_name varchar,
    moment timestamptz, role varchar, user_id uuid, user_name varchar, most integer, used integer, wait float8, subscribers jsonb)
language plpgsql volatile as $$
declare
    tenant record;
    held access_apikey%rowtype;
    sync record;
    actor jsonb;
    person record;
    made record;
    places integer[] := '{}';
    users uuid[] := '{}';
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
    actor := jsonb_build_object('kind', 'scim_token', 'id', held.id, 'label', left(held.name, 254), 'source', 'scim');
    for person in
        select sent.value, sent.nth from jsonb_array_elements(people) with ordinality sent (value, nth)
         order by sent.value->'entry'->>'address'  -- so that two organizations which make the same accounts don't wait in a circle
    loop
        select * into made from scim_make(held.organization_id, person.value->'entry', sync.role, seats->>sync.role, moment,
            person.value->'info' || actor, person.value->'ids');
        if found then
            places := places || person.nth::integer;
            users := users || made.user_id;
        end if;
    end loop;
    if cardinality(places) = 0 then return; end if;
    select * into counted from access_count(tenant.id, counter, most, rate_seconds, ahead, cardinality(places));
    if not counted.admitted then
        raise exception 'More requests than this token may make.' using errcode = 'insufficient_resources';  -- takes everything back
    end if;
    if held.last_used_at is null or held.last_used_at < moment - interval '1 minute' then
        update access_apikey k set last_used_at = moment where k.tenant_id = tenant.id and k.id = held.id;
    end if;
    return query
        select one.place, tenant.id, tenant.slug, tenant.clock_offset, held.organization_id, held.id, held.name, moment, sync.role, one.user_id,
               u.name, most, counted.used - cardinality(places) + one.nth::integer, counted.wait, subscribers
          from unnest(places, users) with ordinality one (place, user_id, nth)
          left join people_user u on subscribers is not null and u.tenant_id = tenant.id and u.id = one.user_id
         order by one.nth;
end $$;
revoke all on function scim_arrive(text, bytea, inet, jsonb, jsonb, integer, integer, boolean) from public;
grant execute on function scim_arrive(text, bytea, inet, jsonb, jsonb, integer, integer, boolean) to tenantry_app;
"""


class Migration(migrations.Migration):
    dependencies = [("scim", "0005_lock_together")]
    operations = [
        migrations.RunSQL(GONE + SQL, "drop function scim_arrive(text, bytea, inet, jsonb, jsonb, integer, integer, boolean);" + BEFORE)
    ]
