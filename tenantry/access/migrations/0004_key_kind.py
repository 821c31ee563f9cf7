"""Directories have tokens of their own kind (SCIM)."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0003_rate_limits'),
        ('people', '0002_sign_in_steps'),
    ]

    operations = [
        migrations.AddField(
            model_name='apikey',
            name='kind',
            field=models.CharField(choices=[('api', 'Api'), ('scim', 'Scim')], default='api', max_length=4),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('kind', 'api'), models.Q(('kind', 'scim'), ('organization_id__isnull', False), ('scopes__isnull', True)), _connector='OR'), name='access_key_kind'),
        ),
    ]
