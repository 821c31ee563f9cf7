"""A directory's new person in one statement: the row, the account, the membership with its seat, and what is recorded of it.

Like ``membership_admit``, which it asks, it does all of it or nothing: no row back means that ``users.create`` takes the long way, where every
refusal has its words. It runs with the caller's rights, under row-level security.
"""

from django.db import migrations

SQL = """
create function scim_make(
    of_organization uuid, entry jsonb, new_role text, bucket text, moment timestamptz, actor jsonb, ids jsonb
) returns table (user_id uuid, made boolean, heard boolean) language plpgsql volatile as $$
declare
    tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    admitted record;
begin
    perform 1 from entitlements_tally t
      where t.tenant_id = tenant and t.organization_id = of_organization
        and t.resource_type in ('seat:admin', 'seat:member', 'seat:total')
      order by t.resource_type for update;
    perform 1 from scim_scimuser s
      where s.tenant_id = tenant and s.organization_id = of_organization and s.user_name_key = entry->>'user_name_key'
        and s.deleted_at is null;
    if found then return; end if;
    if entry->>'external_id' <> '' then
        perform 1 from scim_scimuser s
          where s.tenant_id = tenant and s.organization_id = of_organization and s.external_id = entry->>'external_id'
            and s.external_id <> '' and s.deleted_at is null;
        if found then return; end if;
    end if;
    select * into admitted
      from membership_admit(of_organization, entry->>'address', entry->>'name', new_role, bucket, moment, actor, ids);
    if not found then return; end if;
    insert into scim_scimuser (tenant_id, id, created_at, organization_id, user_id, user_name, user_name_key, external_id, address_key, data,
        active, made_user, given_role, suspended_here, version, changed_at)
    values (tenant, (ids->>'row')::uuid, moment, of_organization, admitted.user_id, entry->>'user_name', entry->>'user_name_key',
        entry->>'external_id', entry->>'address_key', entry->'data', true, admitted.made, new_role, false, 1, moment);
    insert into audit_event (tenant_id, id, created_at, organization_id, category, action, actor_kind, actor_id, actor_label, target_kind,
        target_id, target_label, changes, reason, source, request_id, ip, user_agent)
    values (tenant, (ids->>'row_event')::uuid, moment, of_organization, 'scim', 'scim_user.created', actor->>'kind', (actor->>'id')::uuid,
        actor->>'label', 'scimuser', ids->>'row_public', left(entry->>'user_name', 254),
        jsonb_build_object('userName', jsonb_build_object('before', null, 'after', entry->>'user_name'),
                           'active', jsonb_build_object('before', null, 'after', true)),
        '', actor->>'source', actor->>'request_id', (actor->>'ip')::inet, actor->>'user_agent');
    return query select admitted.user_id, admitted.made, admitted.heard;
end $$;
revoke all on function scim_make(uuid, jsonb, text, text, timestamptz, jsonb, jsonb) from public;
grant execute on function scim_make(uuid, jsonb, text, text, timestamptz, jsonb, jsonb) to tenantry_app;
"""


class Migration(migrations.Migration):
    dependencies = [("scim", "0002_people_and_groups"), ("organizations", "0009_admit")]
    operations = [migrations.RunSQL(SQL, "drop function scim_make(uuid, jsonb, text, text, timestamptz, jsonb, jsonb)")]
