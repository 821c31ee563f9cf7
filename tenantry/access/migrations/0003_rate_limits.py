"""Rate limits: a sliding window in one row and one statement, and the limits that an organization has of its own.

``access_count`` counts one request, or says that there is no room for it; Redis has the same in Lua (``counters.py``). The
time of a row is cut into 32 slots. A slot holds how many were counted in it and the moment of the last of them; all of them
are forgotten when that moment has left the window. So no window of any position ever holds more than the limit, and what
comes evenly is forgotten at most a 32nd of the time late. Refused requests aren't counted: whoever waits as long as they are
told gets in.

It enters the tenant itself, so that one autocommitted statement does everything; the row is locked for as long as that takes.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

import tenantry.kit.clock
import tenantry.kit.ids
import tenantry.tenancy.fields
import tenantry.tenancy.scope
from tenantry.tenancy.isolation import Isolate

# moments, counts: what a row holds; moments in microseconds since 1970. The row as it is to be written comes back, whether or not this one was admitted.
ADMIT = """
create function access_admit(inout moments bigint[], inout counts integer[], present bigint, most integer, seconds integer,
                             cost integer, out admitted boolean, out used integer, out wait float8)
    language plpgsql immutable as $$
declare
    first integer := 1;
    last integer := cardinality(moments);
    period bigint := seconds * 1000000::bigint;
    slot bigint := period / 32;
    free integer;
begin
    while first <= last and moments[first] <= present - period loop
        first := first + 1;
    end loop;
    if first > 1 then
        moments := moments[first:last];
        counts := counts[first:last];
        last := last - first + 1;
    end if;
    used := 0;
    for i in 1 .. last loop
        used := used + counts[i];
    end loop;
    admitted := used + cost <= most;
    if admitted and cost > 0 then
        used := used + cost;
        if last > 0 and moments[last] / slot = present / slot then
            moments[last] := present;
            counts[last] := counts[last] + cost;
        else
            last := last + 1;
            moments[last] := present;
            counts[last] := cost;
        end if;
    end if;
    wait := case when last > 0 then (moments[1] + period - present) / 1e6 else 0 end;
    if not admitted then
        free := most - used;
        wait := seconds;
        for i in 1 .. last loop
            free := free + counts[i];
            if free >= cost then
                wait := (moments[i] + period - present) / 1e6;
                exit;
            end if;
        end loop;
    end if;
end $$;
"""
# cost 0 only looks. ahead: how many seconds the tenant's clock runs ahead.
COUNT = """
create function access_count(tenant uuid, counted text, most integer, seconds integer, ahead float8, cost integer)
    returns table (admitted boolean, used integer, wait float8)
    language plpgsql volatile as $$
declare
    present bigint;
    held_moments bigint[];
    held_counts integer[];
    known boolean;
    answer record;
begin
    perform set_config('app.tenant_id', tenant::text, true);
    loop
        if cost = 0 then
            select a.moments, a.counts into held_moments, held_counts from access_attempt a where a.tenant_id = tenant and a.key = counted;
        else
            select a.moments, a.counts into held_moments, held_counts
              from access_attempt a where a.tenant_id = tenant and a.key = counted for update;
        end if;
        known := found;
        present := (extract(epoch from clock_timestamp()) + ahead) * 1000000;
        answer := access_admit(coalesce(held_moments, '{}'), coalesce(held_counts, '{}'), present, most, seconds, cost);
        if answer.admitted and cost > 0 then
            if known then
                update access_attempt a
                   set moments = answer.moments, counts = answer.counts, expires_at = to_timestamp(present / 1e6 + seconds)
                 where a.tenant_id = tenant and a.key = counted;
            else
                insert into access_attempt (tenant_id, id, created_at, key, moments, counts, expires_at)
                values (tenant, gen_random_uuid(), to_timestamp(present / 1e6), counted, answer.moments, answer.counts,
                        to_timestamp(present / 1e6 + seconds))
                on conflict (tenant_id, key) do nothing;
                continue when not found;  -- somebody else was the first: count upon theirs
            end if;
        end if;
        return query select answer.admitted, answer.used, answer.wait;
        return;
    end loop;
end $$;
revoke all on function access_count(uuid, text, integer, integer, float8, integer) from public;
grant execute on function access_count(uuid, text, integer, integer, float8, integer) to tenantry_app;
"""
# Where no workspace is entered yet (making one, installing).
DOORSTEP = """
alter table access_doorstep set unlogged;
grant select, insert, update, delete on access_doorstep to tenantry_app;
create function access_count_outside(counted text, most integer, seconds integer, cost integer)
    returns table (admitted boolean, used integer, wait float8)
    language plpgsql volatile as $$
declare
    present bigint;
    held access_doorstep%rowtype;
    answer record;
begin
    insert into access_doorstep (key, moments, counts, expires_at) values (counted, '{}', '{}', clock_timestamp()) on conflict do nothing;
    select * into held from access_doorstep d where d.key = counted for update;
    present := extract(epoch from clock_timestamp()) * 1000000;
    answer := access_admit(held.moments, held.counts, present, most, seconds, cost);
    if answer.admitted then
        update access_doorstep d set moments = answer.moments, counts = answer.counts, expires_at = to_timestamp(present / 1e6 + seconds)
         where d.key = counted;
    end if;
    return query select answer.admitted, answer.used, answer.wait;
end $$;
revoke all on function access_count_outside(text, integer, integer, integer) from public;
grant execute on function access_count_outside(text, integer, integer, integer) to tenantry_app;
"""
GONE = """
drop function access_count_outside(text, integer, integer, integer);
drop function access_count(uuid, text, integer, integer, float8, integer);
drop function access_admit(bigint[], integer[], bigint, integer, integer, integer);
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0002_key_rotation"), ("organizations", "0004_access_check")]

    operations = [
        # What was counted lately is forgotten: the new counts begin at nothing.
        migrations.RunSQL("delete from access_attempt", migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="attempt", name="access_attempt_window"),
        migrations.RemoveField(model_name="attempt", name="window_start"),
        migrations.RemoveField(model_name="attempt", name="count"),
        migrations.AddField(
            "attempt", "moments", django.contrib.postgres.fields.ArrayField(models.BigIntegerField(), default=list), preserve_default=False
        ),
        migrations.AddField(
            "attempt", "counts", django.contrib.postgres.fields.ArrayField(models.IntegerField(), default=list), preserve_default=False
        ),
        migrations.AddField("attempt", "expires_at", models.DateTimeField(default=tenantry.kit.clock.now), preserve_default=False),
        migrations.AddConstraint("attempt", models.UniqueConstraint(fields=("tenant_id", "key"), name="access_attempt_key")),
        migrations.CreateModel(
            name="Allowance",
            fields=[
                ("id", models.UUIDField(default=tenantry.kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(default=tenantry.tenancy.scope.current_tenant_id, editable=False)),
                ("created_at", models.DateTimeField(default=tenantry.kit.clock.now, editable=False)),
                ("organization_id", tenantry.tenancy.fields.OrganizationId()),
                ("limits", models.JSONField(default=dict)),
                ("bounds", models.JSONField(default=dict)),
                ("version", models.PositiveIntegerField(default=1)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("tenant_id", "organization_id"), name="access_allowance_one")],
            },
        ),
        Isolate("Allowance"),
        migrations.CreateModel(
            name="Doorstep",
            fields=[
                ("key", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("moments", django.contrib.postgres.fields.ArrayField(models.BigIntegerField())),
                ("counts", django.contrib.postgres.fields.ArrayField(models.IntegerField())),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        # The row of a busy key is written with every request: leave room in its page, so that no index is touched.
        migrations.RunSQL("alter table access_attempt set (fillfactor = 70)", migrations.RunSQL.noop),
        migrations.RunSQL(ADMIT + COUNT + DOORSTEP, GONE),
    ]
