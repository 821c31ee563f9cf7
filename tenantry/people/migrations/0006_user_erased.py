"""An index of the erased, whom directories must not see again."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0005_impersonation'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='user',
            index=models.Index(condition=models.Q(('status', 'erased')), fields=['tenant_id', 'id'], name='people_user_erased'),
        ),
    ]
