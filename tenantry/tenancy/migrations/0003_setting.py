"""The tenant's own settings, group by group."""

from django.db import migrations, models

import tenantry.kit.clock
import tenantry.kit.ids
import tenantry.tenancy.scope
from tenantry.tenancy.isolation import Isolate


class Migration(migrations.Migration):

    dependencies = [
        ('tenancy', '0002_enter_keeps_its_plan'),
    ]

    operations = [
        migrations.CreateModel(
            name='Setting',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('name', models.CharField(max_length=40)),
                ('values', models.JSONField(default=dict)),
                ('sealed_secrets', models.BinaryField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'name'), name='tenancy_setting_name')],
            },
        ),
        Isolate('Setting'),
    ]
