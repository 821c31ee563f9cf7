"""Windows behind the wall, the platform's beside it, and the function that tells every request which are near.

``maintenance_near`` is asked in the statement that opens a scope, before it is known who asks, so it runs with its owner's rights. It
takes an id or a slug, as ``tenancy_enter`` does, and mostly answers null.
"""

from django.db import migrations, models

import tenantry.kit.clock
import tenantry.kit.ids
import tenantry.tenancy.fields
import tenantry.tenancy.scope
from tenantry.tenancy.isolation import Isolate

PLATFORM = """
alter table maintenance_platformwindow enable row level security;
alter table maintenance_platformwindow force row level security;
create policy owner_all on maintenance_platformwindow for all to tenantry_owner using (true) with check (true);
create policy platform_all on maintenance_platformwindow for all to tenantry_platform using (true) with check (true);
create policy app_select on maintenance_platformwindow for select to tenantry_app using (true);
grant select on maintenance_platformwindow to tenantry_app;
grant select, insert, update on maintenance_platformwindow to tenantry_platform;
"""
# The platform's windows move with the clock of a sandbox, so that all that a tenant sees is in its own time.
NEAR = """
create function maintenance_near(address text) returns jsonb
    language plpgsql stable security definer set search_path = public as $$
declare
    tenant record;
    present timestamptz;
    found_windows jsonb;
begin
    select t.id, t.clock_offset into tenant from tenancy_tenant t
     where t.slug = address or t.id = case when address ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then address::uuid end;
    if not found then
        return null;
    end if;
    present := clock_timestamp() + tenant.clock_offset;
    select jsonb_agg(jsonb_build_object('id', w.id, 'reach', w.reach, 'organization_id', w.organization_id, 'starts_at', w.starts_at,
                                        'ends_at', w.ends_at, 'mode', w.mode, 'message', w.message) order by w.starts_at, w.id)
      into found_windows
      from (select p.id, 'platform' as reach, null::uuid as organization_id, p.starts_at + tenant.clock_offset as starts_at,
                   p.ends_at + tenant.clock_offset as ends_at, p.mode, p.message
              from maintenance_platformwindow p where not p.cancelled
            union all
            select m.id, case when m.organization_id is null then 'tenant' else 'organization' end, m.organization_id, m.starts_at,
                   m.ends_at, m.mode, m.message
              from maintenance_window m where m.tenant_id = tenant.id and m.told in ('scheduled', 'started')) w
     where w.starts_at <= present + interval '24 hours' and (w.ends_at is null or w.ends_at > present);
    return found_windows;
end $$;
revoke all on function maintenance_near(text) from public;
grant execute on function maintenance_near(text) to tenantry_app, tenantry_platform;
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('organizations', '0001_initial'),
        ('tenancy', '0003_setting'),
    ]

    operations = [
        migrations.CreateModel(
            name='PlatformTelling',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('window_id', models.UUIDField()),
                ('told', models.CharField(choices=[('scheduled', 'Scheduled'), ('started', 'Started'), ('ended', 'Ended'), ('cancelled', 'Cancelled')], max_length=10)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'window_id'), name='maintenance_telling_once')],
            },
        ),
        migrations.CreateModel(
            name='PlatformWindow',
            fields=[
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('mode', models.CharField(choices=[('writes', 'writes'), ('everything', 'everything')], default='writes', max_length=12)),
                ('message', models.CharField(blank=True, max_length=280)),
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('cancelled', models.BooleanField(default=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('ends_at__gte', models.F('starts_at')), _connector='OR'), name='platformwindow_ends_after_start'), models.CheckConstraint(condition=models.Q(('mode__in', ['writes', 'everything'])), name='platformwindow_mode_known')],
            },
        ),
        migrations.CreateModel(
            name='Window',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('mode', models.CharField(choices=[('writes', 'writes'), ('everything', 'everything')], default='writes', max_length=12)),
                ('message', models.CharField(blank=True, max_length=280)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId(null=True)),
                ('told', models.CharField(choices=[('scheduled', 'Scheduled'), ('started', 'Started'), ('ended', 'Ended'), ('cancelled', 'Cancelled')], default='scheduled', max_length=10)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('told__in', ['scheduled', 'started'])), fields=['tenant_id', 'starts_at'], name='maintenance_window_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('ends_at__gte', models.F('starts_at')), _connector='OR'), name='window_ends_after_start'), models.CheckConstraint(condition=models.Q(('mode__in', ['writes', 'everything'])), name='window_mode_known'), models.CheckConstraint(condition=models.Q(('told__in', ['scheduled', 'started', 'ended', 'cancelled'])), name='window_told_known')],
            },
        ),
        Isolate('PlatformTelling'),
        Isolate('Window', shared_reads=True),
        migrations.RunSQL(PLATFORM, migrations.RunSQL.noop),
        migrations.RunSQL(NEAR, 'drop function maintenance_near(text)'),
    ]
