"""Keys that are replaced, keys for some networks only, and when a refusal was last recorded."""

import django.contrib.postgres.fields
from django.db import migrations, models

import tenantry.tenancy.fields

REFERENCE = """
alter table access_apikey add constraint access_apikey_replaced_by_id foreign key (tenant_id, replaced_by_id)
    references access_apikey (tenant_id, id) deferrable initially immediate
"""


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0001_initial'),
        ('people', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='allowed_ips',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=43), null=True, size=None),
        ),
        migrations.AddField(
            model_name='apikey',
            name='refused_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='replaced_by',
            field=tenantry.tenancy.fields.TenantForeignKey(
                db_constraint=False, db_index=False, null=True, on_delete=models.PROTECT, related_name='+', to='access.apikey'
            ),
        ),
        migrations.RunSQL(REFERENCE, "alter table access_apikey drop constraint access_apikey_replaced_by_id"),
        migrations.AddIndex(
            model_name='apikey',
            index=models.Index(fields=['tenant_id', 'organization_id'], name='access_key_organization'),
        ),
    ]
