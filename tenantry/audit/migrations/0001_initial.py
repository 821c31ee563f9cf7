from django.db import migrations, models

import tenantry.kit.clock
import tenantry.kit.ids
import tenantry.tenancy.scope
from tenantry.tenancy.isolation import Isolate

# Which events wait for their place in the chain: written with the event, whoever writes it.
PENDING = """
create function audit_await_link() returns trigger language plpgsql as $$
begin
    insert into audit_pending (id, tenant_id, created_at) values (new.id, new.tenant_id, new.created_at);
    return null;
end $$;
create trigger await_link after insert on audit_event for each row execute function audit_await_link();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('tenancy', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Pending',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', models.UUIDField(null=True)),
                ('category', models.CharField(max_length=20)),
                ('action', models.CharField(max_length=60)),
                ('actor_kind', models.CharField(max_length=12)),
                ('actor_id', models.UUIDField(null=True)),
                ('actor_label', models.CharField(max_length=254)),
                ('impersonator_id', models.UUIDField(null=True)),
                ('target_kind', models.CharField(blank=True, max_length=30)),
                ('target_id', models.CharField(blank=True, max_length=120)),
                ('target_label', models.CharField(blank=True, max_length=254)),
                ('changes', models.JSONField(default=dict)),
                ('reason', models.TextField(blank=True)),
                ('source', models.CharField(max_length=12)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('ip', models.GenericIPAddressField(null=True)),
                ('user_agent', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'organization_id', '-id'], name='audit_event_organization'), models.Index(fields=['tenant_id', 'category', '-id'], name='audit_event_category'), models.Index(fields=['tenant_id', 'target_id', '-id'], name='audit_event_target'), models.Index(fields=['tenant_id', 'actor_id', '-id'], name='audit_event_actor')],
            },
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('sequence', models.BigIntegerField()),
                ('hash', models.BinaryField(max_length=32)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'sequence'), name='audit_link_place')],
            },
        ),
        Isolate("Event", append_only=True, private_inserts=False),
        Isolate("Pending"),
        Isolate("Link", append_only=True),
        migrations.RunSQL(PENDING, migrations.RunSQL.noop),
    ]
