"""``settle(ADD, …)`` for somebody who isn't a member, in one statement: for directories, which add thousands.

It carries the act out when nothing at all stands against it, and otherwise does nothing and says so by returning no row: then
``settle`` decides, with its words for each refusal. What it writes is what ``settle`` writes, audit rows included
(tests/organizations/test_admit.py holds the two against each other). It runs with the caller's rights, under row-level security.
"""

from django.db import migrations, models

SQL = """
create function membership_admit(
    of_organization uuid, address text, person_name text, new_role text, bucket text, moment timestamptz, actor jsonb, ids jsonb
) returns table (user_id uuid, made boolean, heard boolean) language plpgsql volatile as $$
declare
    tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
    person uuid;
    standing text;
    is_new boolean := false;
    held integer;
begin
    select count(*) into held from (
        select 1 from entitlements_tally t
         where t.tenant_id = tenant and t.organization_id = of_organization
           and t.resource_type in ('seat:admin', 'seat:member', 'seat:total')
         order by t.resource_type for update
    ) locked;
    if held < 3 then return; end if;  -- the seats were never counted: settle begins with that
    perform 1 from organizations_organization o
      where o.tenant_id = tenant and o.id = of_organization and o.deleted_at is null and o.state in ('active', 'pending_verification');
    if not found then return; end if;
    -- The last seat is settle's: reaching a limit is told.
    perform 1 from entitlements_tally t
      join lateral (
        select e."limit" from entitlements_entitlement e
         where e.tenant_id = tenant and e.organization_id = of_organization and e.resource_type = t.resource_type
           and (e.ends_at is null or e.ends_at > moment)
         order by e.source = 'override' desc limit 1
      ) ruling on true
      where t.tenant_id = tenant and t.organization_id = of_organization and t.resource_type in (bucket, 'seat:total')
        and t.used + 1 >= ruling."limit";
    if found then return; end if;
    perform 1 from organizations_invitation i
      where i.tenant_id = tenant and i.organization_id = of_organization and i.email = address and i.status = 'pending';
    if found then return; end if;
    select u.id, u.status into person, standing from people_user u where u.tenant_id = tenant and u.email = address;
    if found then
        if standing <> 'active' then return; end if;
        perform 1 from organizations_membership m
          where m.tenant_id = tenant and m.organization_id = of_organization and m.user_id = person;
        if found then return; end if;
        update people_user set generation = generation + 1 where tenant_id = tenant and id = person;
    else
        insert into people_user (tenant_id, id, created_at, email, name, status, status_reason, password, generation)
        values (tenant, (ids->>'user')::uuid, moment, address, person_name, 'active', '', '', 2)
        on conflict do nothing returning id into person;
        if person is null then return; end if;  -- the same address was made by somebody else a moment ago
        is_new := true;
        insert into audit_event (tenant_id, id, created_at, organization_id, category, action, actor_kind, actor_id, actor_label, target_kind,
            target_id, target_label, changes, reason, source, request_id, ip, user_agent)
        values (tenant, (ids->>'user_event')::uuid, moment, null, 'access', 'user.created', actor->>'kind', (actor->>'id')::uuid,
            actor->>'label', 'user', ids->>'user_public', address, '{}', '', actor->>'source', actor->>'request_id',
            (actor->>'ip')::inet, actor->>'user_agent');
    end if;
    insert into organizations_membership (tenant_id, id, created_at, organization_id, user_id, role, status, service, team, reason,
        seat_assigned_at, version)
    values (tenant, (ids->>'membership')::uuid, moment, of_organization, person, new_role, 'active', false, '', '', moment, 2);
    update entitlements_tally t set used = t.used + 1
     where t.tenant_id = tenant and t.organization_id = of_organization and t.resource_type in (bucket, 'seat:total');
    insert into audit_event (tenant_id, id, created_at, organization_id, category, action, actor_kind, actor_id, actor_label, target_kind,
        target_id, target_label, changes, reason, source, request_id, ip, user_agent)
    values (tenant, (ids->>'member_event')::uuid, moment, of_organization, 'member', 'member.added', actor->>'kind', (actor->>'id')::uuid,
        actor->>'label', 'membership', ids->>'membership_public', address,
        jsonb_build_object('role', jsonb_build_object('before', null, 'after', new_role),
                           'status', jsonb_build_object('before', null, 'after', 'active')),
        '', actor->>'source', actor->>'request_id', (actor->>'ip')::inet, actor->>'user_agent');
    return query select person, is_new, exists (select 1 from webhooks_subscribers(of_organization));
end $$;
revoke all on function membership_admit(uuid, text, text, text, text, timestamptz, jsonb, jsonb) from public;
grant execute on function membership_admit(uuid, text, text, text, text, timestamptz, jsonb, jsonb) to tenantry_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0008_sign_in_policy"),
        ("people", "0001_initial"),
        ("entitlements", "0001_initial"),
        ("audit", "0001_initial"),
        ("webhooks", "0001_initial"),
    ]
    operations = [
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(
                condition=models.Q(("status", "erased")), fields=["tenant_id", "organization", "user"], name="membership_erased"
            ),
        ),
        migrations.RunSQL(SQL, "drop function membership_admit(uuid, text, text, text, text, timestamptz, jsonb, jsonb)"),
    ]
