"""People and groups of directories."""

import django.db.models.deletion
from django.db import migrations, models

import tenantry.kit.clock
import tenantry.kit.ids
import tenantry.tenancy.fields
import tenantry.tenancy.scope
from tenantry.tenancy.isolation import Isolate


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0002_sign_in_steps'),
        ('scim', '0001_sync_settings'),
    ]

    operations = [
        migrations.CreateModel(
            name='ScimGroup',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId()),
                ('display_name', models.CharField(max_length=255)),
                ('name_key', models.CharField(max_length=780)),
                ('external_id', models.CharField(blank=True, max_length=255)),
                ('version', models.PositiveIntegerField(default=1)),
                ('changed_at', models.DateTimeField(default=tenantry.kit.clock.now)),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'organization_id', 'id'], name='scim_group_page')],
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'organization_id', 'name_key'), name='scim_group_name'), models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('tenant_id', 'organization_id', 'external_id'), name='scim_group_external')],
            },
        ),
        Isolate("ScimGroup"),
        migrations.CreateModel(
            name='ScimUser',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId()),
                ('user_name', models.CharField(max_length=255)),
                ('user_name_key', models.CharField(max_length=780)),
                ('external_id', models.CharField(blank=True, max_length=255)),
                ('address_key', models.CharField(blank=True, max_length=780)),
                ('data', models.JSONField(default=dict)),
                ('active', models.BooleanField(default=True)),
                ('made_user', models.BooleanField(default=False)),
                ('given_role', models.CharField(blank=True, max_length=20)),
                ('suspended_here', models.BooleanField(default=False)),
                ('version', models.PositiveIntegerField(default=1)),
                ('changed_at', models.DateTimeField(default=tenantry.kit.clock.now)),
                ('deleted_at', models.DateTimeField(null=True)),
                ('user', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='scim_rows', to='people.user')),
            ],
        ),
        Isolate("ScimUser"),
        migrations.CreateModel(
            name='ScimGroupMember',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId()),
                ('group', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='scim.scimgroup')),
                ('member', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='group_rows', to='scim.scimuser')),
            ],
        ),
        Isolate("ScimGroupMember"),
        migrations.CreateModel(
            name='ScimAddress',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('organization_id', tenantry.tenancy.fields.OrganizationId()),
                ('key', models.CharField(max_length=780)),
                ('holder', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='addresses', to='scim.scimuser')),
            ],
        ),
        Isolate("ScimAddress"),
        migrations.AddIndex(
            model_name='scimuser',
            index=models.Index(condition=models.Q(('deleted_at__isnull', True)), fields=['tenant_id', 'organization_id', 'id'], name='scim_user_page'),
        ),
        migrations.AddIndex(
            model_name='scimuser',
            index=models.Index(condition=models.Q(('address_key', ''), _negated=True), fields=['tenant_id', 'organization_id', 'address_key'], name='scim_user_address'),
        ),
        migrations.AddIndex(
            model_name='scimuser',
            index=models.Index(fields=['tenant_id', 'user'], name='scim_user_account'),
        ),
        migrations.AddConstraint(
            model_name='scimuser',
            constraint=models.UniqueConstraint(condition=models.Q(('deleted_at__isnull', True)), fields=('tenant_id', 'organization_id', 'user_name_key'), name='scim_user_name'),
        ),
        migrations.AddConstraint(
            model_name='scimuser',
            constraint=models.UniqueConstraint(condition=models.Q(('deleted_at__isnull', True), models.Q(('external_id', ''), _negated=True)), fields=('tenant_id', 'organization_id', 'external_id'), name='scim_user_external'),
        ),
        migrations.AddConstraint(
            model_name='scimuser',
            constraint=models.UniqueConstraint(condition=models.Q(('deleted_at__isnull', True)), fields=('tenant_id', 'organization_id', 'user'), name='scim_user_person'),
        ),
        migrations.AddIndex(
            model_name='scimgroupmember',
            index=models.Index(fields=['tenant_id', 'member'], name='scim_group_of_member'),
        ),
        migrations.AddConstraint(
            model_name='scimgroupmember',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'group', 'member'), name='scim_group_member_one'),
        ),
        migrations.AddIndex(
            model_name='scimaddress',
            index=models.Index(fields=['tenant_id', 'organization_id', 'key'], name='scim_address_key'),
        ),
        migrations.AddIndex(
            model_name='scimaddress',
            index=models.Index(fields=['tenant_id', 'holder'], name='scim_address_holder'),
        ),
    ]
