"""What became of a mail, and the addresses that get none."""

from django.db import migrations, models

import tenantry.kit.clock
import tenantry.kit.ids
import tenantry.tenancy.scope
from tenantry.tenancy.isolation import Isolate


class Migration(migrations.Migration):

    dependencies = [
        ('mail', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ('created_at', models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ('address', models.CharField(max_length=254)),
                ('reason', models.CharField(choices=[('bounce', 'Bounce'), ('complaint', 'Complaint')], max_length=10)),
                ('provider', models.CharField(max_length=20)),
                ('detail', models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='message',
            name='mail_status_known',
        ),
        migrations.AddField(
            model_name='message',
            name='about',
            field=models.CharField(blank=True, max_length=60),
        ),
        migrations.AddField(
            model_name='message',
            name='code',
            field=models.CharField(blank=True, max_length=30),
        ),
        migrations.AddField(
            model_name='message',
            name='provider_id',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AlterField(
            model_name='message',
            name='status',
            field=models.CharField(choices=[('queued', 'Queued'), ('sent', 'Sent'), ('failed', 'Failed'), ('suppressed', 'Suppressed'), ('bounced', 'Bounced')], default='queued', max_length=12),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('about', ''), _negated=True), fields=['tenant_id', 'about', '-id'], name='mail_message_about'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('status__in', ['failed', 'suppressed', 'bounced'])), fields=['tenant_id', '-id'], name='mail_message_lost'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('provider_id', ''), _negated=True), fields=['tenant_id', 'provider_id'], name='mail_message_provider'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'sent', 'failed', 'suppressed', 'bounced'])), name='mail_status_known'),
        ),
        migrations.AddConstraint(
            model_name='suppression',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'address'), name='mail_suppression_address'),
        ),
        migrations.AddConstraint(
            model_name='suppression',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['bounce', 'complaint'])), name='mail_suppression_reason_known'),
        ),
        Isolate('Suppression'),
    ]
