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
        ('organizations', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Entitlement',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId()),
                ('resource_type', models.CharField(max_length=60)),
                ('source', models.CharField(choices=[('plan', 'Plan'), ('override', 'Override')], max_length=8)),
                ('limit', models.PositiveIntegerField()),
                ('reason', models.TextField(blank=True)),
                ('ends_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'organization_id', 'resource_type', 'source'), name='entitlement_one'), models.CheckConstraint(condition=models.Q(('resource_type__regex', '^[a-z]+:[a-z][a-z0-9_]*$')), name='entitlement_resource_type_form'), models.CheckConstraint(condition=models.Q(('source__in', ['plan', 'override'])), name='entitlement_source_known'), models.CheckConstraint(condition=models.Q(('source', 'override'), ('ends_at__isnull', True), _connector='OR'), name='entitlement_plan_never_ends')],
            },
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId()),
                ('resource_type', models.CharField(max_length=60)),
                ('used', models.PositiveIntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'organization_id', 'resource_type'), name='entitlement_tally_one'), models.CheckConstraint(condition=models.Q(('resource_type__regex', '^[a-z]+:[a-z][a-z0-9_]*$')), name='entitlement_tally_resource_type_form')],
            },
        ),
        migrations.CreateModel(
            name='Usage',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId()),
                ('resource_type', models.CharField(max_length=60)),
                ('resource_id', models.CharField(max_length=200)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'organization_id', 'resource_type', 'resource_id'), name='entitlement_usage_one'), models.CheckConstraint(condition=models.Q(('resource_type__regex', '^[a-z]+:[a-z][a-z0-9_]*$')), name='entitlement_usage_resource_type_form')],
            },
        ),
        Isolate("Entitlement"),
        Isolate("Tally"),
        Isolate("Usage"),
    ]
