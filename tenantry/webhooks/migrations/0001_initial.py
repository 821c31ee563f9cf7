"""Endpoints and deliveries, and the two questions that are asked from outside a tenant's walls or past an organization's."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import tenantry.kit.clock
import tenantry.kit.ids
import tenantry.tenancy.fields
import tenantry.tenancy.scope
from tenantry.tenancy.isolation import Isolate

SQL = '''
-- Which endpoints hear of an event: whoever acts within an organization may not see the tenant's own endpoints. The lock keeps an
-- endpoint that is being deleted at this moment from failing the act.
create function webhooks_subscribers(of_organization uuid)
    returns table (id uuid, organization_id uuid, state varchar, events varchar[])
    language plpgsql volatile security definer set search_path = public as $$
begin
    return query select e.id, e.organization_id, e.state, e.events::varchar[] from webhooks_endpoint e
     where e.tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid
       and (e.organization_id is null or e.organization_id = of_organization)
       for key share;
end $$;
revoke all on function webhooks_subscribers(uuid) from public;
grant execute on function webhooks_subscribers(uuid) to tenantry_app;

-- Tenants in which something is due that no worker has taken: ids only. It hops from tenant to tenant along the index.
create function webhooks_tenants_due() returns table (tenant_id uuid)
    language plpgsql stable security definer set search_path = public as $$
begin
    return query
    with recursive waiting as (
        (select d.tenant_id from webhooks_delivery d where d.status = 'pending' order by d.tenant_id limit 1)
        union all
        select (select d.tenant_id from webhooks_delivery d where d.status = 'pending' and d.tenant_id > w.tenant_id
                 order by d.tenant_id limit 1)
          from waiting w where w.tenant_id is not null
    )
    select w.tenant_id from waiting w join tenancy_tenant t on t.id = w.tenant_id
     where t.status = 'active' and exists (
        select from webhooks_endpoint e
         where e.tenant_id = w.tenant_id and e.state = 'active' and (e.claimed_until is null or e.claimed_until < now())
           and exists (select from webhooks_delivery d where d.tenant_id = e.tenant_id and d.endpoint_id = e.id
                          and d.status = 'pending' and d.next_at <= now() + t.clock_offset));
end $$;
revoke all on function webhooks_tenants_due() from public;
grant execute on function webhooks_tenants_due() to tenantry_platform;
'''


class Migration(migrations.Migration):

    initial = True

    dependencies = [('tenancy', '0001_initial'), ('organizations', '0001_initial')]

    operations = [
        migrations.CreateModel(
            name='Endpoint',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId(null=True)),
                ('url', models.CharField(max_length=2000)),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), size=None)),
                ('description', models.CharField(blank=True, max_length=300)),
                ('state', models.CharField(choices=[('active', 'Active'), ('paused', 'Paused')], default='active', max_length=8)),
                ('pause_reason', models.CharField(blank=True, choices=[('by_hand', 'By Hand'), ('gone', 'Gone'), ('failing', 'Failing')], max_length=8)),
                ('sealed_headers', models.BinaryField(null=True)),
                ('header_names', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), default=list, size=None)),
                ('sealed_secret', models.BinaryField()),
                ('sealed_previous', models.BinaryField(null=True)),
                ('previous_until', models.DateTimeField(null=True)),
                ('failing_since', models.DateTimeField(null=True)),
                ('key_id', models.UUIDField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('claimed_by', models.UUIDField(null=True)),
                ('claimed_until', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'organization_id', '-id'], name='webhooks_endpoint_owner')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['active', 'paused'])), name='webhooks_endpoint_state'), models.CheckConstraint(condition=models.Q(('state', 'active'), models.Q(('pause_reason', ''), _negated=True), _connector='XOR'), name='webhooks_endpoint_pause')],
            },
        ),
        Isolate('Endpoint'),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId(null=True)),
                ('event_id', models.UUIDField()),
                ('event_type', models.CharField(max_length=60)),
                ('body', models.TextField()),
                ('synthetic', models.BooleanField(default=False)),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('delivered', 'Delivered'), ('failed', 'Failed')], default='pending', max_length=9)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_at', models.DateTimeField(null=True)),
                ('tries', models.JSONField(default=list)),
                ('answer_status', models.PositiveSmallIntegerField(null=True)),
                ('answer_body', models.TextField(blank=True)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('ended_at', models.DateTimeField(null=True)),
                ('endpoint', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='webhooks.endpoint')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'endpoint', '-id'], name='webhooks_delivery_endpoint'), models.Index(condition=models.Q(('status', 'pending')), fields=['tenant_id', 'endpoint', 'next_at', 'id'], name='webhooks_delivery_due'), models.Index(fields=['tenant_id', 'created_at'], name='webhooks_delivery_age')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'delivered', 'failed'])), name='webhooks_delivery_status'), models.CheckConstraint(condition=models.Q(('status', 'pending'), ('next_at__isnull', True), _connector='XOR'), name='webhooks_delivery_due_while_pending')],
            },
        ),
        Isolate('Delivery', private_inserts=False),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
