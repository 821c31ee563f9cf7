"""Connections to identity providers, whom they vouch for, and how an organization's people sign in."""

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
        ('organizations', '0006_domain'),
        ('people', '0003_factors'),
    ]

    operations = [
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('kind', models.CharField(choices=[('saml', 'SAML'), ('oidc', 'OpenID Connect')], max_length=4)),
                ('preset', models.CharField(default='generic', max_length=12)),
                ('name', models.CharField(max_length=80)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('ready', 'Ready')], default='draft', max_length=8)),
                ('idp_entity_id', models.CharField(blank=True, max_length=1024)),
                ('sso_url', models.CharField(blank=True, max_length=2000)),
                ('sso_binding', models.CharField(blank=True, max_length=100)),
                ('slo_url', models.CharField(blank=True, max_length=2000)),
                ('slo_binding', models.CharField(blank=True, max_length=100)),
                ('metadata_url', models.CharField(blank=True, max_length=2000)),
                ('idp_initiated', models.BooleanField(default=False)),
                ('require_signed_response', models.BooleanField(default=False)),
                ('sign_requests', models.BooleanField(default=True)),
                ('own_certificate', models.TextField(blank=True)),
                ('sealed_own_key', models.BinaryField(null=True)),
                ('issuer', models.CharField(blank=True, max_length=1024)),
                ('client_id', models.CharField(blank=True, max_length=300)),
                ('sealed_client_secret', models.BinaryField(null=True)),
                ('endpoints', models.JSONField(default=dict)),
                ('single_logout', models.BooleanField(default=True)),
                ('mapping', models.JSONField(default=dict)),
                ('group_roles', models.JSONField(default=list)),
                ('refreshed_at', models.DateTimeField(null=True)),
                ('refresh_error', models.CharField(blank=True, max_length=300)),
                ('tested_at', models.DateTimeField(null=True)),
                ('last_test', models.JSONField(null=True)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sso_connections', to='organizations.organization')),
            ],
        ),
        Isolate('Connection'),
        migrations.CreateModel(
            name='Certificate',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('pem', models.TextField()),
                ('fingerprint', models.CharField(max_length=95)),
                ('subject', models.CharField(blank=True, max_length=500)),
                ('not_before', models.DateTimeField()),
                ('not_after', models.DateTimeField()),
                ('warned', models.PositiveSmallIntegerField(default=0)),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sso_certificates', to='organizations.organization')),
                ('connection', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='certificates', to='sso.connection')),
            ],
        ),
        Isolate('Certificate'),
        migrations.CreateModel(
            name='Flow',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('purpose', models.CharField(choices=[('sign_in', 'Sign In'), ('test', 'Test'), ('link', 'Link'), ('prove', 'Prove')], max_length=8)),
                ('session_id', models.UUIDField(null=True)),
                ('state_hash', models.BinaryField(max_length=32)),
                ('binding_hash', models.BinaryField(max_length=32, null=True)),
                ('finish_hash', models.BinaryField(max_length=32, null=True)),
                ('request_id', models.CharField(blank=True, max_length=80)),
                ('next_path', models.CharField(blank=True, max_length=400)),
                ('expires_at', models.DateTimeField()),
                ('begun_at', models.DateTimeField(null=True)),
                ('begun_real', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('proof', models.JSONField(null=True)),
                ('outcome', models.JSONField(null=True)),
                ('connection', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='flows', to='sso.connection')),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sso_flows', to='organizations.organization')),
                ('user', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sso_flows', to='people.user')),
            ],
        ),
        Isolate('Flow'),
        migrations.CreateModel(
            name='Identity',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('subject', models.CharField(max_length=512)),
                ('by_person', models.BooleanField(default=False)),
                ('newcomer', models.BooleanField(default=False)),
                ('custom', models.JSONField(default=dict)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('connection', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='identities', to='sso.connection')),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sso_identities', to='organizations.organization')),
                ('user', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sso_identities', to='people.user')),
            ],
        ),
        Isolate('Identity'),
        migrations.CreateModel(
            name='Policy',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('mode', models.CharField(choices=[('off', 'Off'), ('test', 'Test'), ('enforced', 'Enforced')], default='off', max_length=8)),
                ('default_role', models.CharField(default='learner', max_length=20)),
                ('jit', models.BooleanField(default=True)),
                ('enforced_at', models.DateTimeField(null=True)),
                ('codes_made_at', models.DateTimeField(null=True)),
                ('seatless_told_at', models.DateTimeField(null=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sso_policy_rows', to='organizations.organization')),
                ('primary', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='primary_of', to='sso.connection')),
            ],
        ),
        Isolate('Policy'),
        migrations.CreateModel(
            name='RecoveryCode',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('code_hash', models.BinaryField(max_length=32)),
                ('used_at', models.DateTimeField(null=True)),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sso_recovery_codes', to='organizations.organization')),
                ('used_by', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sso_recovery_codes', to='people.user')),
            ],
        ),
        Isolate('RecoveryCode'),
        migrations.CreateModel(
            name='SeenAssertion',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('assertion_hash', models.BinaryField(max_length=32)),
                ('expires_at', models.DateTimeField()),
                ('connection', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='seen', to='sso.connection')),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sso_seen', to='organizations.organization')),
            ],
        ),
        Isolate('SeenAssertion'),
        migrations.CreateModel(
            name='SingleSession',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('session_id', models.UUIDField()),
                ('subject', models.CharField(max_length=512)),
                ('name_id_format', models.CharField(blank=True, max_length=200)),
                ('session_index', models.CharField(blank=True, max_length=300)),
                ('connection', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='sso.connection')),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sso_sessions', to='organizations.organization')),
                ('user', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sso_sessions', to='people.user')),
            ],
        ),
        Isolate('SingleSession'),
        migrations.CreateModel(
            name='BreakGlass',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('opened_label', models.CharField(max_length=254)),
                ('reason', models.CharField(max_length=500)),
                ('until', models.DateTimeField()),
                ('opened_by', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sso_windows', to='people.user')),
                ('organization', tenantry.tenancy.fields.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='sso_windows', to='organizations.organization')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'organization', 'until'], name='sso_window_organization')],
            },
        ),
        Isolate('BreakGlass'),
        migrations.AddIndex(
            model_name='connection',
            index=models.Index(fields=['tenant_id', 'organization', 'id'], name='sso_connection_owner'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['saml', 'oidc'])), name='sso_connection_kind'),
        ),
        migrations.AddConstraint(
            model_name='connection',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'ready'])), name='sso_connection_state'),
        ),
        migrations.AddIndex(
            model_name='certificate',
            index=models.Index(fields=['tenant_id', 'not_after'], name='sso_certificate_end'),
        ),
        migrations.AddConstraint(
            model_name='certificate',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'connection', 'fingerprint'), name='sso_certificate_once'),
        ),
        migrations.AddIndex(
            model_name='flow',
            index=models.Index(fields=['tenant_id', 'expires_at'], name='sso_flow_age'),
        ),
        migrations.AddIndex(
            model_name='flow',
            index=models.Index(fields=['tenant_id', 'request_id'], name='sso_flow_request'),
        ),
        migrations.AddConstraint(
            model_name='flow',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'state_hash'), name='sso_flow_state'),
        ),
        migrations.AddConstraint(
            model_name='flow',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'finish_hash'), name='sso_flow_finish'),
        ),
        migrations.AddIndex(
            model_name='identity',
            index=models.Index(fields=['tenant_id', 'user'], name='sso_identity_user'),
        ),
        migrations.AddConstraint(
            model_name='identity',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'connection', 'subject'), name='sso_identity_subject'),
        ),
        migrations.AddConstraint(
            model_name='policy',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'organization'), name='sso_policy_one'),
        ),
        migrations.AddConstraint(
            model_name='policy',
            constraint=models.CheckConstraint(condition=models.Q(('mode__in', ['off', 'test', 'enforced'])), name='sso_policy_mode'),
        ),
        migrations.AddConstraint(
            model_name='policy',
            constraint=models.CheckConstraint(condition=models.Q(('default_role__in', ['manager', 'expert', 'learner', 'support'])), name='sso_policy_default_role'),
        ),
        migrations.AddConstraint(
            model_name='recoverycode',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'organization', 'code_hash'), name='sso_recovery_code_once'),
        ),
        migrations.AddIndex(
            model_name='seenassertion',
            index=models.Index(fields=['tenant_id', 'expires_at'], name='sso_assertion_age'),
        ),
        migrations.AddConstraint(
            model_name='seenassertion',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'connection', 'assertion_hash'), name='sso_assertion_once'),
        ),
        migrations.AddIndex(
            model_name='singlesession',
            index=models.Index(fields=['tenant_id', 'connection', 'subject'], name='sso_session_subject'),
        ),
        migrations.AddConstraint(
            model_name='singlesession',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'session_id'), name='sso_session_one'),
        ),
    ]
