"""Whether a session was told that it no longer looks as somebody else."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0006_user_erased'),
    ]

    operations = [
        migrations.AddField(
            model_name='impersonation',
            name='untold',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name='impersonation',
            index=models.Index(condition=models.Q(('untold', True)), fields=['tenant_id', 'session_id'], name='people_impersonation_untold'),
        ),
    ]
