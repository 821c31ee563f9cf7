"""Settings, mappings and errors of directories."""

from django.db import migrations, models

import tenantry.kit.clock
import tenantry.kit.ids
import tenantry.tenancy.fields
import tenantry.tenancy.scope
from tenantry.tenancy.isolation import Isolate


class Migration(migrations.Migration):

    initial = True

    dependencies = [('tenancy', '0001_initial'), ('organizations', '0001_initial')]

    operations = [
        migrations.CreateModel(
            name='ScimError',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId()),
                ('request_id', models.CharField(max_length=100)),
                ('token_name', models.CharField(blank=True, max_length=120)),
                ('method', models.CharField(max_length=10)),
                ('path', models.CharField(max_length=300)),
                ('user_name', models.CharField(blank=True, max_length=254)),
                ('status', models.PositiveSmallIntegerField()),
                ('scim_type', models.CharField(blank=True, max_length=20)),
                ('code', models.CharField(max_length=60)),
                ('detail', models.TextField()),
                ('sent', models.JSONField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'organization_id', '-id'], name='scim_error_latest')],
            },
        ),
        Isolate("ScimError"),
        migrations.CreateModel(
            name='ScimGroupMapping',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId()),
                ('group', models.CharField(max_length=255)),
                ('group_key', models.CharField(max_length=780)),
                ('role', models.CharField(max_length=20)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'organization_id', 'group_key'), name='scim_mapping_one')],
            },
        ),
        Isolate("ScimGroupMapping"),
        migrations.CreateModel(
            name='ScimSettings',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId()),
                ('enabled', models.BooleanField(default=True)),
                ('provision', models.BooleanField(default=True)),
                ('deprovision', models.BooleanField(default=True)),
                ('update_profile', models.BooleanField(default=True)),
                ('default_role', models.CharField(default='learner', max_length=20)),
                ('seats_told_at', models.DateTimeField(null=True)),
                ('last_owner_told_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'organization_id'), name='scim_settings_one'), models.CheckConstraint(condition=models.Q(('default_role__in', ['owner', 'maintainer', 'billing_admin']), _negated=True), name='scim_default_role_harmless')],
            },
        ),
        Isolate("ScimSettings"),
    ]
