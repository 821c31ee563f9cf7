import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import tenantry.kit.clock
import tenantry.kit.ids
import tenantry.tenancy.fields
import tenantry.tenancy.scope
from tenantry.tenancy.isolation import Isolate


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('tenancy', '0001_initial'),
        ('people', '0001_initial'),
        ('organizations', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('key', models.CharField(max_length=200)),
                ('window_start', models.DateTimeField()),
                ('count', models.PositiveIntegerField(default=1)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'key', 'window_start'), name='access_attempt_window')],
            },
        ),
        migrations.CreateModel(
            name='VendorPermission',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('name', models.CharField(max_length=60)),
                ('description', models.CharField(blank=True, max_length=300)),
                ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'name'), name='access_permission_name'), models.CheckConstraint(condition=models.Q(('name__regex', '^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*$')), name='access_permission_form')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('name', models.CharField(max_length=120)),
                ('prefix', models.CharField(max_length=16)),
                ('key_hash', models.BinaryField(max_length=32)),
                ('staff_role', models.CharField(blank=True, max_length=10)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId(null=True)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), null=True, size=None)),
                ('expires_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('owner', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='keys', to='people.user')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'owner'], name='access_key_owner')],
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'key_hash'), name='access_key_hash'), models.CheckConstraint(condition=models.Q(('staff_role', ''), ('organization_id__isnull', True), _connector='XOR'), name='access_key_one_plane')],
            },
        ),
        Isolate("ApiKey"),
        Isolate("VendorPermission"),
        Isolate("Attempt"),
        migrations.RunSQL("alter table access_attempt set unlogged", migrations.RunSQL.noop),
    ]
