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
    ]

    operations = [
        migrations.CreateModel(
            name='Organization',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('name', models.CharField(max_length=120)),
                ('slug', models.CharField(max_length=60)),
                ('state', models.CharField(choices=[('pending_verification', 'Pending verification'), ('active', 'Active'), ('suspended', 'Suspended'), ('deactivated', 'Deactivated')], default='pending_verification', max_length=20)),
                ('state_reason', models.TextField(blank=True)),
                ('rejected_at', models.DateTimeField(null=True)),
                ('deleted_at', models.DateTimeField(null=True)),
                ('legal_name', models.CharField(blank=True, max_length=200)),
                ('size', models.CharField(blank=True, max_length=12)),
                ('industry', models.CharField(blank=True, max_length=60)),
                ('country', models.CharField(max_length=2)),
                ('time_zone', models.CharField(default='UTC', max_length=60)),
                ('default_currency', models.CharField(max_length=3)),
                ('can_sponsor', models.BooleanField(default=True)),
                ('can_host', models.BooleanField(default=False)),
                ('plan', models.CharField(blank=True, max_length=20)),
                ('public', models.BooleanField(default=False)),
                ('version', models.PositiveIntegerField(default=1)),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'state', 'id'], name='organization_by_state'), models.Index(fields=['tenant_id', 'name', 'id'], name='organization_by_name')],
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'slug'), name='organization_slug'), models.CheckConstraint(condition=models.Q(('slug__regex', '^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$')), name='organization_slug_form'), models.CheckConstraint(condition=models.Q(('state__in', ['pending_verification', 'active', 'suspended', 'deactivated'])), name='organization_state_known')],
            },
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('data', models.JSONField(default=dict)),
                ('logo', models.BinaryField(null=True)),
                ('banner', models.BinaryField(null=True)),
                ('expires_at', models.DateTimeField()),
                ('user', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='drafts', to='people.user')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'user'), name='organization_draft_one')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('role', models.CharField(max_length=20)),
                ('status', models.CharField(choices=[('active', 'Active'), ('suspended', 'Suspended'), ('removed', 'Removed'), ('erased', 'Erased')], default='active', max_length=10)),
                ('service', models.BooleanField(default=False)),
                ('team', models.CharField(blank=True, max_length=120)),
                ('reason', models.TextField(blank=True)),
                ('seat_assigned_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('user', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='people.user')),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='organizations.organization')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('status__in', ['removed', 'erased']), _negated=True), fields=['tenant_id', 'organization', 'id'], name='membership_page'), models.Index(fields=['tenant_id', 'user'], name='membership_user'), models.Index(condition=models.Q(('role', 'owner'), ('status', 'active')), fields=['tenant_id', 'organization'], name='membership_owners')],
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'organization', 'user'), name='membership_one'), models.CheckConstraint(condition=models.Q(('status__in', ['active', 'suspended', 'removed', 'erased'])), name='membership_status_known'), models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'maintainer', 'billing_admin', 'manager', 'expert', 'learner', 'support'])), name='membership_role_known'), models.CheckConstraint(condition=models.Q(models.Q(('seat_assigned_at__isnull', False), ('service', False), ('status', 'active')), models.Q(models.Q(models.Q(('status', 'active'), _negated=True), ('service', True), _connector='OR'), ('seat_assigned_at__isnull', True)), _connector='OR'), name='membership_seat_when_active')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('email', models.CharField(max_length=254)),
                ('name', models.CharField(blank=True, max_length=120)),
                ('team', models.CharField(blank=True, max_length=120)),
                ('role', models.CharField(max_length=20)),
                ('status', models.CharField(choices=[('pending', 'Pending'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('revoked', 'Revoked'), ('expired', 'Expired')], default='pending', max_length=10)),
                ('token_hash', models.BinaryField(max_length=32)),
                ('expires_at', models.DateTimeField()),
                ('inviter_id', models.UUIDField(null=True)),
                ('inviter_label', models.CharField(blank=True, max_length=254)),
                ('last_sent_at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(null=True)),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='organizations.organization')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'organization', '-id'], name='invitation_page'), models.Index(condition=models.Q(('status', 'pending')), fields=['tenant_id', 'expires_at'], name='invitation_expiring')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'pending')), fields=('tenant_id', 'organization', 'email'), name='invitation_one_pending'), models.UniqueConstraint(fields=('tenant_id', 'token_hash'), name='invitation_token'), models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'accepted', 'declined', 'revoked', 'expired'])), name='invitation_status_known')],
            },
        ),
        migrations.CreateModel(
            name='BillingAccount',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('funding_mode', models.CharField(default='personal', max_length=10)),
                ('billing_email', models.CharField(blank=True, max_length=254)),
                ('payment_terms_days', models.PositiveSmallIntegerField(default=30)),
                ('requires_purchase_order', models.BooleanField(default=False)),
                ('tax_ids', models.JSONField(default=dict)),
                ('address', models.JSONField(default=dict)),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='billing_rows', to='organizations.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'organization'), name='organization_billing_one'), models.CheckConstraint(condition=models.Q(('funding_mode__in', ['personal', 'wallet', 'invoice', 'license'])), name='organization_funding_known')],
            },
        ),
        migrations.CreateModel(
            name='Profile',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('description', models.TextField(blank=True)),
                ('website', models.CharField(blank=True, max_length=200)),
                ('brand_colour', models.CharField(blank=True, max_length=7)),
                ('logo', models.BinaryField(null=True)),
                ('banner', models.BinaryField(null=True)),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='profile_rows', to='organizations.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'organization'), name='organization_profile_one'), models.CheckConstraint(condition=models.Q(('brand_colour', ''), ('brand_colour__regex', '^#[0-9a-f]{6}$'), _connector='OR'), name='organization_colour_form')],
            },
        ),
        Isolate("Organization"),
        Isolate("Profile"),
        Isolate("BillingAccount"),
        Isolate("Membership"),
        Isolate("Invitation"),
        Isolate("Draft"),
    ]
