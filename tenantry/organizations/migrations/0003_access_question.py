"""The look-up behind ``access/check``, as a function.

PostgreSQL keeps a function's plan for the session, whichever client's transaction runs in it. So the hot path is planned
once without prepared statements, which PgBouncer in transaction mode would lose (docs/decisions/0001…). It runs with
the caller's rights, under row-level security like any other query.
"""

from django.db import migrations

SQL = """
create function access_question(organization uuid, person uuid, address text, asked text)
    returns table (state varchar, user_status varchar, role varchar, status varchar, vendor_roles varchar[])
    language plpgsql stable as $$
declare
    tenant uuid := nullif(current_setting('app.tenant_id', true), '')::uuid;
begin
    return query
    select o.state, u.status, m.role, m.status, v.roles
      from (select tenant as id) t
      left join organizations_organization o on o.tenant_id = t.id and o.id = organization and o.deleted_at is null
      left join people_user u on u.tenant_id = t.id and (u.id = person or u.email = address)
      left join organizations_membership m on m.tenant_id = t.id and m.organization_id = o.id and m.user_id = u.id
      left join access_vendorpermission v on v.tenant_id = t.id and v.name = asked;
end $$;
revoke all on function access_question(uuid, uuid, text, text) from public;
grant execute on function access_question(uuid, uuid, text, text) to tenantry_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0001_initial"),
        ("organizations", "0002_invitation_mailed_at"),
    ]
    operations = [migrations.RunSQL(SQL, "drop function access_question(uuid, uuid, text, text)")]
