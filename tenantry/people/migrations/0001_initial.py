import django.db.models.deletion
import django.db.models.functions.text
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
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('email', models.CharField(max_length=254)),
                ('name', models.CharField(blank=True, max_length=120)),
                ('status', models.CharField(choices=[('active', 'Active'), ('suspended', 'Suspended'), ('erased', 'Erased')], default='active', max_length=10)),
                ('status_reason', models.TextField(blank=True)),
                ('email_verified_at', models.DateTimeField(null=True)),
                ('password', models.CharField(blank=True, max_length=200)),
                ('generation', models.PositiveIntegerField(default=1)),
                ('last_seen_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'email'), name='people_user_email'), models.CheckConstraint(condition=models.Q(('status__in', ['active', 'suspended', 'erased'])), name='people_user_status_known'), models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='people_user_email_lower')],
            },
        ),
        migrations.CreateModel(
            name='Staff',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('role', models.CharField(max_length=10)),
                ('status', models.CharField(choices=[('active', 'Active'), ('revoked', 'Revoked')], default='active', max_length=8)),
                ('reason', models.TextField(blank=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('user', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='staff', to='people.user')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'user'), name='people_staff_user'), models.CheckConstraint(condition=models.Q(('status__in', ['active', 'revoked'])), name='people_staff_status_known'), models.CheckConstraint(condition=models.Q(('role__in', ['admin', 'finance', 'csm', 'support', 'auditor'])), name='people_staff_role_known')],
            },
        ),
        migrations.CreateModel(
            name='SignInLink',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('token_hash', models.BinaryField(max_length=32)),
                ('method', models.CharField(default='link', max_length=12)),
                ('next_path', models.CharField(blank=True, max_length=400)),
                ('expires_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(null=True)),
                ('user', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='links', to='people.user')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'user'], name='people_link_user')],
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'token_hash'), name='people_link_token')],
            },
        ),
        migrations.CreateModel(
            name='Session',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('token_hash', models.BinaryField(max_length=32)),
                ('generation', models.PositiveIntegerField()),
                ('method', models.CharField(max_length=12)),
                ('device', models.CharField(blank=True, max_length=120)),
                ('user_agent', models.CharField(blank=True, max_length=300)),
                ('ip', models.GenericIPAddressField(null=True)),
                ('last_used_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('user', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='people.user')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'user', '-id'], name='people_session_user')],
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'token_hash'), name='people_session_token')],
            },
        ),
        Isolate("User"),
        Isolate("Staff"),
        Isolate("Session"),
        Isolate("SignInLink"),
    ]
