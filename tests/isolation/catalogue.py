"""Reads the catalogue of the live database and names every table that stands outside the wall."""

from __future__ import annotations

import re
from typing import Any

import psycopg

APP, OWNER, PLATFORM = "tenantry_app", "tenantry_owner", "tenantry_platform"
# What is not a tenant's: the tenants themselves (checked apart), Django's list of migrations, the job queue
# and why its jobs failed, what is counted before a workspace is entered.
ALLOWED = re.compile(r"tenancy_tenant|django_migrations|procrastinate_\w+|jobs_failure|access_doorstep|maintenance_platformwindow")
# What is the installation's own: who has proven an address to it (a person may be in several tenants). The application's
# role can't reach it.
PLATFORM_ONLY = re.compile(r"workspaces_(visit|entry)")
ALWAYS_APPEND_ONLY = {"audit_event", "audit_link"}
# Rows that outlive what they speak of name an organization without referring to it.
WITHOUT_REFERENCE = {"audit_event"}
# Functions with their owner's rights, and why.
DEFINER_FUNCTIONS = {
    "workspaces_installed",  # whether any tenant has an admin: one bit, asked before there is a tenant
    "maintenance_near",  # asked with tenancy_enter, before it is known who asks: windows of one tenant and of the platform
    "tenancy_enter",  # asked before it is known which tenant it is
    "webhooks_subscribers",  # whoever acts within an organization fires the tenant's endpoints too, which they may not see
    "webhooks_tenants_due",  # ids of tenants with something to deliver: for the platform's role alone
}
# Whoever may not read a row may yet be the cause of one: a delivery to an endpoint of the tenant.
WRITTEN_BLINDLY = {"webhooks_delivery"}
# Rows of no organization are the tenant's, and everybody in it may read them.
READ_BY_ALL = {"maintenance_window"}

_TENANT = r"\(tenant_id = \( SELECT \(NULLIF\(current_setting\('app\.tenant_id'::text, true\), ''::text\)\)::uuid AS \"?nullif\"?\)\)"
_SCOPE = (
    r"\(\(\( SELECT current_setting\('app\.org_scope'::text, true\) AS current_setting\) = '\*'::text\) OR \({column} = ANY "
    r"\(\( SELECT \(string_to_array\(NULLIF\(current_setting\('app\.org_scope'::text, true\), '\*'::text\), ','::text\)\)::uuid\[\] "
    r"AS string_to_array\)::uuid\[\]\)\)\)"
)


def _expected(column: str | None, *, or_none: bool = False) -> re.Pattern[str]:
    """How PostgreSQL writes the condition of a policy back; ``column`` says whose organization a row is (``or_none``: if anybody's)."""
    if column and or_none:
        return re.compile(rf"\({_TENANT} AND \(\({column} IS NULL\) OR {_SCOPE.format(column=column)}\)\)")
    return re.compile(rf"\({_TENANT} AND {_SCOPE.format(column=column)}\)" if column else _TENANT)


def faults(connection: psycopg.Connection[Any]) -> list[str]:
    """Every breach of the rules of docs/security/isolation.md that the catalogue shows; empty when the wall is whole."""
    found = [*_roles(connection), *_functions(connection)]
    tables = connection.execute(
        "select oid, relname, relkind::text, relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) from pg_class "
        "where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f') order by relname"
    ).fetchall()
    for oid, name, kind, enabled, forced, owner in tables:
        if owner != OWNER:
            found.append(f"{name}: belongs to {owner}, not to {OWNER}")
        if kind not in "rp":
            found.append(f"{name}: views and foreign tables see more than their reader; there are none in this house")
        elif PLATFORM_ONLY.fullmatch(name):
            held = _held(connection, oid)
            if set(held) != {PLATFORM}:
                found.append(f"{name}: is for {PLATFORM} alone, and {sorted(held)} hold rights")
        elif not ALLOWED.fullmatch(name):
            if not (enabled and forced):
                found.append(f"{name}: row-level security is not enabled and forced")
            found += [f"{name}: {fault}" for fault in _table(connection, oid, name)]
    found += [f"tenancy_tenant: {fault}" for fault in _tenants(connection)]
    (rights,) = connection.execute(
        "select array_agg(privilege_type::text) from information_schema.role_table_grants where table_name = %s and grantee = %s",
        ["maintenance_platformwindow", APP],
    ).fetchone() or (None,)
    if rights != ["SELECT"]:
        found.append(f"maintenance_platformwindow: {APP} holds {rights}: windows of the platform are the operator's to make")
    return found


def _table(connection: psycopg.Connection[Any], oid: int, name: str) -> list[str]:
    columns = dict(
        connection.execute(
            "select attname, attnotnull and atttypid = 'uuid'::regtype from pg_attribute where attrelid = %s and attnum > 0 and not "
            "attisdropped",
            [oid],
        ).fetchall()
    )
    if not columns.get("tenant_id"):
        return ["has no tenant_id of type uuid that is never null"]
    scoped = "id" if name == "organizations_organization" else "organization_id" if "organization_id" in columns else None
    append_only = name in ALWAYS_APPEND_ONLY or bool(
        connection.execute("select 1 from pg_trigger where tgrelid = %s and tgname = 'append_only'", [oid]).fetchone()
    )
    return [
        *_policies(connection, name, scoped, append_only),
        *_grants(connection, oid, append_only),
        *_keys(connection, oid, name, scoped),
        *_triggers(connection, oid, append_only),
    ]


def _policies(connection: psycopg.Connection[Any], name: str, scoped: str | None, append_only: bool) -> list[str]:
    rows = connection.execute(
        "select policyname, permissive, roles::text[], cmd, qual, with_check from pg_policies "
        "where schemaname = 'public' and tablename = %s",
        [name],
    ).fetchall()
    found, tenant, whole = [], _expected(None), _expected(scoped)
    seen: dict[str, tuple[str | None, str | None]] = {}
    for policy, permissive, roles, command, using, check in rows:
        if roles == [APP] and permissive == "PERMISSIVE":
            if command in seen or command == "ALL":
                found.append(f"policy {policy} adds to what another one allows")
            seen[command] = (using, check)
        elif roles != [OWNER]:
            found.append(f"policy {policy} is for {', '.join(roles)} ({permissive.lower()})")
    wanted = {"SELECT", "INSERT"} | (set() if append_only else {"UPDATE", "DELETE"})
    if set(seen) != wanted:
        found.append(f"policies of {APP} are for {sorted(seen)}, not for {sorted(wanted)}")
    for command, (using, check) in seen.items():
        shown = _expected(scoped, or_none=True) if command == "SELECT" and name in READ_BY_ALL else whole
        if command != "INSERT" and not shown.fullmatch(using or ""):
            found.append(f"the policy for {command} shows other rows: {using}")
        # Whoever may only append may write what they can't read: the record of a refused outsider.
        blindly = command == "INSERT" and (append_only or name in WRITTEN_BLINDLY)
        allowed = (whole, tenant) if blindly else (whole,)
        if command in ("INSERT", "UPDATE") and not any(pattern.fullmatch(check or "") for pattern in allowed):
            found.append(f"the policy for {command} lets in other rows: {check}")
    return found


def _grants(connection: psycopg.Connection[Any], oid: int, append_only: bool) -> list[str]:
    held = _held(connection, oid)
    wanted = {"SELECT", "INSERT"} | (set() if append_only else {"UPDATE", "DELETE"})
    found = [f"{role} holds {sorted(privileges)}" for role, privileges in held.items() if role != APP]
    if held.get(APP) != wanted:
        found.append(f"{APP} holds {sorted(held.get(APP, set()))}, not {sorted(wanted)}")
    return found


def _held(connection: psycopg.Connection[Any], oid: int) -> dict[str, set[str]]:
    """The rights that anybody but the owner holds on a table."""
    rows = connection.execute(
        "select case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee) end, array_agg(a.privilege_type order by 1) "
        "from pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a where c.oid = %s group by 1",
        [oid],
    ).fetchall()
    held = {role: set(privileges) for role, privileges in rows}
    held.pop(OWNER, None)
    return held


def _keys(connection: psycopg.Connection[Any], oid: int, name: str, scoped: str | None) -> list[str]:
    found = []
    indexes = connection.execute(
        "select i.relname, x.indisprimary, array(select coalesce(a.attname, '') from unnest(x.indkey) with ordinality k(n, place) "
        "left join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.n order by place) "
        "from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = %s",
        [oid],
    ).fetchall()
    for index, primary, columns in indexes:
        if primary and columns != ["tenant_id", "id"]:
            found.append(f"the primary key is {columns}")
        if columns[0] != "tenant_id":
            found.append(f"index {index} begins with {columns[0]}")
    if not any(primary for _, primary, _ in indexes):
        found.append("there is no primary key")
    references = connection.execute(
        "select c.conname, c.confrelid::regclass::text, c.convalidated, "
        "array(select attname from unnest(c.conkey) with ordinality k(n, p) "
        "join pg_attribute on attrelid = c.conrelid and attnum = n order by p), "
        "array(select attname from unnest(c.confkey) with ordinality k(n, p) "
        "join pg_attribute on attrelid = c.confrelid and attnum = n order by p) "
        "from pg_constraint c where c.conrelid = %s and c.contype = 'f'",
        [oid],
    ).fetchall()
    for constraint, target, valid, columns, targets in references:
        whole = (columns[0], targets[0]) == ("tenant_id", "tenant_id") or (target, columns) == ("tenancy_tenant", ["tenant_id"])
        if not whole or not valid:
            found.append(f"foreign key {constraint} to {target} is {columns} → {targets}{'' if valid else ', not validated'}")
    if not any(target == "tenancy_tenant" for _, target, *_ in references):
        found.append("tenant_id refers to no tenant")
    to_organization = any(columns == ["tenant_id", "organization_id"] for *_, columns, _ in references)
    if scoped == "organization_id" and name not in WITHOUT_REFERENCE and not to_organization:
        found.append("organization_id refers to no organization")
    return found


def _triggers(connection: psycopg.Connection[Any], oid: int, append_only: bool) -> list[str]:
    """Nobody, not even the owner, changes a row of an append-only table while its triggers are on."""
    if not append_only:
        return []
    rows = connection.execute("select tgname, tgenabled::text from pg_trigger where tgrelid = %s and not tgisinternal", [oid]).fetchall()
    state = dict(rows)
    return [f"trigger {name} is missing or off" for name in ("append_only", "append_only_truncate") if state.get(name) not in ("O", "A")]


def _tenants(connection: psycopg.Connection[Any]) -> list[str]:
    enabled, forced = connection.execute(
        "select relrowsecurity, relforcerowsecurity from pg_class where oid = 'tenancy_tenant'::regclass"
    ).fetchone() or (False, False)
    found = [] if enabled and forced else ["row-level security is not enabled and forced"]
    rows = connection.execute(
        "select policyname, roles::text[], cmd, qual from pg_policies where schemaname = 'public' and tablename = 'tenancy_tenant'"
    ).fetchall()
    own = re.compile(_TENANT.replace("tenant_id =", "id =", 1))
    for policy, roles, command, using in rows:
        if roles == [APP] and (command != "SELECT" or not own.fullmatch(using)):
            found.append(f"policy {policy} of {APP}: {command} {using}")
        elif roles not in ([APP], [OWNER], [PLATFORM]):
            found.append(f"policy {policy} is for {', '.join(roles)}")
    return found


def _roles(connection: psycopg.Connection[Any]) -> list[str]:
    rows = connection.execute(
        "select rolname from pg_roles where rolname = any(%s) "
        "and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)",
        [[APP, OWNER, PLATFORM]],
    ).fetchall()
    found = [f"role {name} has more than a plain role" for (name,) in rows]
    members = connection.execute(
        "select pg_get_userbyid(member), pg_get_userbyid(roleid) from pg_auth_members where pg_get_userbyid(member) = any(%s)",
        [[APP, OWNER, PLATFORM]],
    ).fetchall()
    found += [f"role {member} is a member of {role}" for member, role in members]
    if connection.execute("select has_schema_privilege('public', 'public', 'create')").fetchone() == (True,):
        found.append("anybody may create tables in the schema public")
    return found


def _functions(connection: psycopg.Connection[Any]) -> list[str]:
    rows = connection.execute(
        "select proname, proconfig, proacl::text from pg_proc where pronamespace = 'public'::regnamespace and prosecdef"
    ).fetchall()
    found = [f"function {name} runs with its owner's rights" for name, _, _ in rows if name not in DEFINER_FUNCTIONS]
    for name, config, rights in rows:
        if not any(setting.startswith("search_path=") for setting in config or ()):
            found.append(f"function {name} doesn't fix its search_path")
        if re.search(r"[{,]=X", rights or "{=X"):
            found.append(f"function {name} may be called by anybody")
    return found
