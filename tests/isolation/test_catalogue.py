"""Every table of the live database stands behind the wall, and the checker notices one that does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings

from config.database import role_dsn
from config.environment import Environment
from tenantry.tenancy.isolation import OF_ORGANIZATION, OF_TENANT

from ..servers import migrated_database
from .catalogue import faults

GOOD = """
create table room_thing (tenant_id uuid not null references tenancy_tenant (id), id uuid not null, organization_id uuid not null,
    name text, primary key (tenant_id, id), foreign key (tenant_id, organization_id) references organizations_organization (tenant_id, id));
alter table room_thing enable row level security; alter table room_thing force row level security;
grant select, insert, update, delete on room_thing to tenantry_app;
create policy owner_all on room_thing for all to tenantry_owner using (true) with check (true);
create policy app_select on room_thing for select to tenantry_app using ({0});
create policy app_insert on room_thing for insert to tenantry_app with check ({0});
create policy app_update on room_thing for update to tenantry_app using ({0}) with check ({0});
create policy app_delete on room_thing for delete to tenantry_app using ({0});
"""


@pytest.fixture
def owner() -> Iterator[psycopg.Connection[Any]]:
    """A connection of the role that owns the schema."""
    with psycopg.connect(role_dsn(settings.ENVIRONMENT, "owner")) as connection:
        yield connection


@pytest.fixture
def elsewhere() -> Iterator[psycopg.Connection[Any]]:
    """The same in a database of its own: changes of tables would wait for, and hold up, what other tests do."""
    with migrated_database() as address, psycopg.connect(role_dsn(Environment(DATABASE_URL=address), "owner")) as connection:
        yield connection


def test_every_table_stands_behind_the_wall(owner: psycopg.Connection[Any]) -> None:
    assert faults(owner) == []


BREACHES = {
    "forgotten": ("create table forgotten (id uuid primary key)", "row-level security is not enabled and forced"),
    "no tenant": ("create table forgotten (id uuid primary key)", "has no tenant_id"),
    "not forced": ("alter table room_thing no force row level security", "not enabled and forced"),
    "disabled": ("alter table room_thing disable row level security", "not enabled and forced"),
    "open policy": ("create policy more on room_thing for select to tenantry_app using (true)", "adds to what another one allows"),
    "policy for all": ("create policy more on room_thing for select to public using (true)", "is for public"),
    "platform policy": ("create policy more on room_thing for select to tenantry_platform using (true)", "is for tenantry_platform"),
    "first level only": (
        "alter policy app_select on room_thing using (tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid))",
        "the policy for SELECT shows other rows",
    ),
    "unchecked write": ("alter policy app_update on room_thing with check (true)", "the policy for UPDATE lets in other rows"),
    "unchecked insert": ("alter policy app_insert on room_thing with check (true)", "the policy for INSERT lets in other rows"),
    "missing policy": ("drop policy app_delete on room_thing", "policies of tenantry_app are for"),
    "truncate": ("grant truncate on room_thing to tenantry_app", "tenantry_app holds"),
    "public grant": ("grant select on room_thing to public", "public holds ['SELECT']"),
    "narrow key": ("alter table room_thing drop constraint room_thing_pkey; alter table room_thing add primary key (id)", "primary key is"),
    "wide unique": ("create unique index on room_thing (name)", "begins with name"),
    "plain index": ("create index on room_thing (organization_id)", "begins with organization_id"),
    "no reference": (
        "alter table room_thing drop constraint room_thing_tenant_id_organization_id_fkey",
        "organization_id refers to no organization",
    ),
    "no tenant reference": ("alter table room_thing drop constraint room_thing_tenant_id_fkey", "tenant_id refers to no tenant"),
    "crossing reference": (
        "alter table room_thing add unique (tenant_id, id, name); create table other_thing (id uuid); "
        "alter table other_thing add unique (id); alter table room_thing add foreign key (id) references other_thing (id)",
        "foreign key",
    ),
    "view": ("create view all_things as select * from room_thing", "views"),
    "definer": ("create function peek() returns bigint language sql security definer as 'select 1::bigint'", "function peek"),
    "record opened": ("grant update on audit_event to tenantry_app", "audit_event: tenantry_app holds"),
    "record unguarded": ("drop trigger append_only on audit_event", "trigger append_only is missing or off"),
    "visits listed": ("grant select on workspaces_visit to tenantry_app", "workspaces_visit: is for tenantry_platform alone"),
    "tenants listed": ("create policy more on tenancy_tenant for select to tenantry_app using (true)", "tenancy_tenant: policy more"),
}


def test_the_checker_accepts_a_table_by_the_rules_and_notices_each_breach(elsewhere: psycopg.Connection[Any]) -> None:
    before = faults(elsewhere)
    elsewhere.execute(GOOD.format(f"{OF_TENANT} and {OF_ORGANIZATION.format(column='organization_id')}"))
    assert faults(elsewhere) == before == []
    unnoticed = {}
    for name, (change, complaint) in BREACHES.items():
        with elsewhere.transaction(force_rollback=True):
            elsewhere.execute(change)
            found = faults(elsewhere)
        if not any(complaint in fault for fault in found):
            unnoticed[name] = found
    assert unnoticed == {}


def test_django_knows_no_table_that_the_database_lacks(owner: psycopg.Connection[Any]) -> None:
    """And the other way round: every tenant's table has a model, so that nothing escapes the other tests."""
    from django.apps import apps

    in_code = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    in_database = {
        name
        for (name,) in owner.execute("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')")
    }
    assert {name for name in in_database - in_code if not name.startswith(("procrastinate_", "django_migrations"))} == set()
    assert in_code - in_database == set()
