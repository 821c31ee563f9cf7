"""Tenants, the way into one, and the refusal that append-only tables share."""

import datetime

from django.db import migrations, models

import tenantry.kit.clock
import tenantry.kit.ids

SQL = """
alter table tenancy_tenant enable row level security;
alter table tenancy_tenant force row level security;
create policy owner_all on tenancy_tenant for all to tenantry_owner using (true) with check (true);
create policy platform_all on tenancy_tenant for all to tenantry_platform using (true) with check (true);
create policy app_select on tenancy_tenant for select to tenantry_app
    using (id = (select nullif(current_setting('app.tenant_id', true), '')::uuid));
grant select on tenancy_tenant to tenantry_app;
grant select, insert, update on tenancy_tenant to tenantry_platform;

-- The one thing the app role may ask before it is inside: which tenant an address means. It takes an id or a slug.
create function tenancy_enter(address text)
    returns table (id uuid, slug varchar, name varchar, status varchar, clock_offset interval)
    language sql stable security definer set search_path = public as $$
    select t.id, t.slug, t.name, t.status, t.clock_offset from tenancy_tenant t
     where t.slug = address or t.id = case when address ~ '^[0-9a-f-]{36}$' then address::uuid end
$$;
revoke all on function tenancy_enter(text) from public;
grant execute on function tenancy_enter(text) to tenantry_app, tenantry_platform;

create function tenancy_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Tenant",
            fields=[
                ("id", models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("slug", models.CharField(max_length=30, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("status", models.CharField(choices=[("active", "Active"), ("suspended", "Suspended")], default="active", max_length=12)),
                ("sandbox", models.BooleanField(default=False)),
                ("clock_offset", models.DurationField(default=datetime.timedelta(0))),
                ("created_at", models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("slug__regex", "^[a-z0-9-]{3,30}$")), name="tenant_slug_form"),
                    models.CheckConstraint(condition=models.Q(("status__in", ["active", "suspended"])), name="tenant_status_known"),
                    models.CheckConstraint(
                        condition=models.Q(("sandbox", True), ("clock_offset", datetime.timedelta(0)), _connector="OR"),
                        name="tenant_clock_moves_in_sandbox_only",
                    ),
                ],
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
