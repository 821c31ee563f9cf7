from django.db import migrations, models

# The queue's own tables have no index for what a person looks for: one tenant's jobs that are not over.
FORWARDS = """
alter table jobs_failure add constraint jobs_failure_job foreign key (job_id) references procrastinate_jobs (id) on delete cascade;
grant select, insert, update, delete on jobs_failure to tenantry_app;
create index jobs_of_tenant on procrastinate_jobs ((args->>'tenant_id'), id) where status in ('todo', 'doing', 'failed');
create index jobs_by_queue on procrastinate_jobs (queue_name, status) where status in ('todo', 'doing', 'failed');
"""
BACKWARDS = "drop index jobs_of_tenant; drop index jobs_by_queue; alter table jobs_failure drop constraint jobs_failure_job"


class Migration(migrations.Migration):
    initial = True
    dependencies = [("procrastinate", "0041_post_retry_failed_job")]
    operations = [
        migrations.CreateModel(
            name="Failure",
            fields=[
                ("job_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("attempt", models.PositiveIntegerField()),
                ("kind", models.CharField(max_length=120)),
                ("message", models.TextField()),
                ("traceback", models.TextField()),
                ("lost", models.PositiveIntegerField(default=0)),
                ("failed_at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
