"""The installation's own tables, for the platform's role alone, and two questions that no tenant can answer."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import tenantry.kit.clock
import tenantry.kit.ids

SQL = """
grant select, insert, update, delete on workspaces_visit, workspaces_entry to tenantry_platform;

-- Whether anybody has taken charge of this installation: one bit about all tenants, and nothing else.
create function workspaces_installed() returns boolean
    language sql stable security definer set search_path = public as $$
    select exists (select from people_staff where role = 'admin') or exists (select from access_apikey where staff_role = 'admin')
$$;
revoke all on function workspaces_installed() from public;
grant execute on function workspaces_installed() to tenantry_app;

-- In which of these tenants somebody has proven this address. It runs with the caller's rights: each look-up is behind the
-- wall of the one tenant whose turn it is. One statement, where a scope for each tenant would be four round trips each.
create function workspaces_of(mail text, tenants uuid[]) returns setof uuid
    language plpgsql volatile as $$
declare
    one uuid;
begin
    foreach one in array tenants loop
        perform set_config('app.tenant_id', one::text, true);
        if exists (select from people_user u
                    where u.tenant_id = one and u.email = mail and u.status = 'active' and u.email_verified_at is not null) then
            return next one;
        end if;
    end loop;
    perform set_config('app.tenant_id', '', true);
end $$;
revoke all on function workspaces_of(text, uuid[]) from public;
grant execute on function workspaces_of(text, uuid[]) to tenantry_app;
"""
BACK = "drop function workspaces_of(text, uuid[]); drop function workspaces_installed();"


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ("access", "0001_initial"),
        ("people", "0001_initial"),
        ("tenancy", "0004_enter_tells_the_program"),
    ]

    operations = [
        migrations.CreateModel(
            name="Visit",
            fields=[
                ("id", models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("email", models.CharField(max_length=254)),
                ("link_hash", models.BinaryField(max_length=32, unique=True)),
                ("link_expires_at", models.DateTimeField()),
                ("token_hash", models.BinaryField(max_length=32, null=True, unique=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))), name="workspaces_visit_email_lower"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("token_hash__isnull", True), ("expires_at__isnull", False), _connector="OR"),
                        name="workspaces_visit_proven",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField()),
                ("session_id", models.UUIDField()),
                (
                    "visit",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="entries", to="workspaces.visit"),
                ),
            ],
        ),
        migrations.RunSQL(SQL, BACK),
    ]
