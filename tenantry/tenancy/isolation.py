"""``Isolate("Model")``: the one line by which a room's table becomes a tenant's.

From the model alone it makes, in the database:

* the primary key ``(tenant_id, id)``, though Django goes on seeing ``id``;
* a foreign key ``(tenant_id, x_id)`` for each ``TenantForeignKey``, and ``(tenant_id, organization_id)``
  where there is such a column, so that no row can refer to another tenant's row;
* FORCEd row-level security, default deny, with one policy per role: ``tenantry_app`` sees the rows of
  ``app.tenant_id`` and, where rows belong to one organization, of ``app.org_scope``;
* the grants; without UPDATE, DELETE and TRUNCATE, and with a trigger, for an append-only table.

Why the conditions are sub-selects: PostgreSQL then evaluates them once per query instead of once per
row (docs/security/isolation.md).
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation

from .fields import OrganizationId, TenantForeignKey

OF_TENANT = "tenant_id = (select nullif(current_setting('app.tenant_id', true), '')::uuid)"
OF_ORGANIZATION = (
    "((select current_setting('app.org_scope', true)) = '*' or {column} = any "
    "((select string_to_array(nullif(current_setting('app.org_scope', true), '*'), ',')::uuid[])::uuid[]))"
)
ORGANIZATION = "organizations.Organization"


def organization_column(model: Any) -> str | None:
    """The column that says whose organization a row is, or None for a table of the tenant as a whole."""
    if model._meta.label == ORGANIZATION:
        return "id"
    return "organization_id" if any(f.column == "organization_id" for f in model._meta.concrete_fields) else None


class Isolate(Operation):
    """Put one model's table behind the wall. Goes right after its CreateModel; reversible by dropping the table.

    ``append_only``: rows are only ever inserted. ``private_inserts=False``: a row may be written for an
    organization outside the present scope (the audit row of an outsider's refused act), but not read.
    ``shared_reads``: a row of no organization is of the tenant as a whole, and everybody in it may read it (only who has
    the whole tenant in scope can write it).
    """

    reduces_to_sql = True
    reversible = True
    elidable = False

    def __init__(self, model: str, *, append_only: bool = False, private_inserts: bool = True, shared_reads: bool = False) -> None:
        self.model = model
        self.options = {"append_only": append_only, "private_inserts": private_inserts, "shared_reads": shared_reads}

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (self.__class__.__name__, [self.model], dict(self.options))

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Django's picture of the model does not change."""

    def database_forwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model)
        for statement in statements(model, **self.options):
            schema_editor.execute(statement)

    def database_backwards(self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any) -> None:
        """The table itself goes next; its keys and policies go with it."""

    def describe(self) -> str:
        return f"Isolate {self.model} by tenant"


def statements(model: Any, *, append_only: bool = False, private_inserts: bool = True, shared_reads: bool = False) -> list[str]:
    """The SQL for one model, in order."""
    table = model._meta.db_table
    of_organization = organization_column(model)
    sql = [
        f'alter table "{table}" drop constraint "{table}_pkey"',
        f'alter table "{table}" add primary key (tenant_id, id)',
        f'alter table "{table}" add constraint "{table}_tenant" foreign key (tenant_id) references tenancy_tenant (id)',
    ]
    sql += [_reference(table, column, target) for column, target in _references(model)]
    visible = OF_TENANT
    if of_organization:
        visible += " and " + OF_ORGANIZATION.format(column=of_organization)
    writable = visible if private_inserts else OF_TENANT
    readable = visible
    if shared_reads:
        readable = f"{OF_TENANT} and ({of_organization} is null or {OF_ORGANIZATION.format(column=of_organization)})"
    sql += [
        f'alter table "{table}" enable row level security',
        f'alter table "{table}" force row level security',
        f'create policy owner_all on "{table}" for all to tenantry_owner using (true) with check (true)',
        f'create policy app_select on "{table}" for select to tenantry_app using ({readable})',
        f'create policy app_insert on "{table}" for insert to tenantry_app with check ({writable})',
        f'grant select, insert on "{table}" to tenantry_app',
    ]
    if append_only:
        sql += [
            f'create trigger append_only before update or delete on "{table}" for each row execute function tenancy_refuse_change()',
            f'create trigger append_only_truncate before truncate on "{table}" execute function tenancy_refuse_change()',
        ]
    else:
        sql += [
            f'create policy app_update on "{table}" for update to tenantry_app using ({visible}) with check ({visible})',
            f'create policy app_delete on "{table}" for delete to tenantry_app using ({visible})',
            f'grant update, delete on "{table}" to tenantry_app',
        ]
    return sql


def _references(model: Any) -> list[tuple[str, str]]:
    fields = model._meta.concrete_fields
    found = [(str(f.column), f.related_model._meta.db_table) for f in fields if isinstance(f, TenantForeignKey)]
    by_id = [(str(f.column), "organizations_organization") for f in fields if isinstance(f, OrganizationId)]
    return found + by_id


def _reference(table: str, column: str, target: str) -> str:
    return (
        f'alter table "{table}" add constraint "{table}_{column}" foreign key (tenant_id, "{column}") '
        f'references "{target}" (tenant_id, id) deferrable initially immediate'
    )
