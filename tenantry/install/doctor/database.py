"""The doctor's checks of the database itself: server, roles, schema, row-level security."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from config.database import ROLES, admin_dsn, role_dsn
from config.environment import Environment
from tenantry.tenancy import roles

from .findings import Check, Finding, Unreachable

# The tables that are above the tenants, or know none.
# Above the tenants: each has policies of its own.
OF_NO_TENANT = ("tenancy_tenant", "maintenance_platformwindow")
WITHOUT_TENANT = ("django_migrations", "procrastinate_", "jobs_failure", "access_doorstep", "workspaces_")


def server(settings: Environment) -> Iterator[Finding]:
    """Reachable, new enough, and with room for our connections."""
    try:
        with psycopg.connect(admin_dsn(settings), autocommit=True, connect_timeout=10) as connection:
            version = connection.info.server_version
            encoding = connection.info.parameter_status("server_encoding")
            (connections,) = connection.execute("select current_setting('max_connections')::int").fetchone() or (0,)
    except psycopg.OperationalError as error:
        yield Finding("fail", "database", str(error).strip().splitlines()[0], "Check DATABASE_URL, and that the server runs and admits us.")
        raise Unreachable from error
    name = f"PostgreSQL {version // 10000}.{version % 10000}"
    if version < roles.MINIMUM_VERSION:
        yield Finding("fail", "database", f"{name} is too old.", "Move to PostgreSQL 15 or newer.")
    elif encoding != "UTF8":
        yield Finding("fail", "database", f"{name} with encoding {encoding}.", "Create the database with encoding 'UTF8'.")
    else:
        yield Finding("ok", "database", f"{name}, UTF8.")
    pool = settings.database_pool
    needed = settings.workers * (pool + max(2, pool // 2) + 4) + 15
    if needed > connections:
        yield Finding(
            "warn",
            "database",
            f"Web and worker may open {needed} connections; the server allows {connections}.",
            "Raise max_connections, lower TENANTRY_DATABASE_POOL or TENANTRY_WORKERS, or put PgBouncer in between.",
        )


def role_rights(settings: Environment) -> Iterator[Finding]:
    """The three roles exist, can sign in, and none is above row-level security."""
    with psycopg.connect(admin_dsn(settings), autocommit=True) as connection:
        rows = connection.execute(
            "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcanlogin from pg_roles where rolname = any(%s)",
            [[roles.APP, roles.OWNER, roles.PLATFORM]],
        ).fetchall()
    found = {row[0]: row[1:] for row in rows}
    good = True
    for alias, role in ROLES.items():
        if role not in found:
            good = False
            yield Finding("fail", "roles", f"{role} doesn't exist.", "Run: bin/tenantry migrate")
            continue
        is_super, bypasses, creates, signs_in = found[role]
        if is_super or bypasses or creates:
            good = False
            yield Finding(
                "fail",
                "roles",
                f"{role} is above row-level security (superuser, BYPASSRLS or CREATEROLE).",
                f"As a superuser: alter role {role} nosuperuser nobypassrls nocreaterole;",
            )
        try:
            if not signs_in:
                raise psycopg.OperationalError("it has NOLOGIN")
            psycopg.connect(role_dsn(settings, alias), connect_timeout=10).close()
        except psycopg.OperationalError as error:
            good = False
            yield Finding(
                "fail",
                "roles",
                f"{role} can't sign in: {str(error).strip().splitlines()[0]}",
                "Set TENANTRY_DATABASE_PASSWORD and run bin/tenantry migrate, or let pg_hba.conf admit the role.",
            )
    if good:
        yield Finding("ok", "roles", "tenantry_app, tenantry_owner and tenantry_platform exist, and none is above row-level security.")


def schema(settings: Environment) -> Iterator[Finding]:
    """The database has exactly the migrations of this version."""
    from ..migrate import up_to_date
    from ..prepare import django

    django()
    try:
        current = up_to_date(settings)
    except SystemExit as newer:
        yield Finding("fail", "schema", str(newer.code), "Start the newer version.")
        raise Unreachable from newer
    if not current:
        yield Finding("fail", "schema", "The database lacks migrations of this version.", "Run: bin/tenantry migrate")
        raise Unreachable
    yield Finding("ok", "schema", "All migrations of this version are applied.")


def isolation(settings: Environment) -> Iterator[Finding]:
    """Every table but a short list has FORCEd row-level security and a policy for the app role."""
    with psycopg.connect(role_dsn(settings, "owner"), autocommit=True) as connection:
        tables = connection.execute(
            """
            select c.relname, c.relrowsecurity and c.relforcerowsecurity,
                   exists (select 1 from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname
                            and 'tenantry_app' = any(p.roles)),
                   exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id'),
                   pg_get_userbyid(c.relowner)
              from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1
            """
        ).fetchall()
        changeable = connection.execute("select has_table_privilege('tenantry_app', 'audit_event', 'UPDATE, DELETE, TRUNCATE')").fetchone()
    walled = 0
    for name, forced, policed, has_tenant, owner in tables:
        if str(name).startswith(WITHOUT_TENANT):
            continue
        if forced and policed and (has_tenant or name in OF_NO_TENANT):
            walled += 1
            continue
        lacking = "FORCE ROW LEVEL SECURITY" if not forced else "a policy for tenantry_app" if not policed else "a column tenant_id"
        mend = (
            "Restore what migrations made (alter table … force row level security), or, if it isn't Tenantry's, move it to another schema."
        )
        yield Finding("fail", "isolation", f"The table {name} (of {owner}) lacks {lacking}.", mend)
    if changeable == (True,):
        mend = "revoke update, delete on audit_event from tenantry_app;"
        yield Finding("fail", "isolation", "The app role may change the audit log.", mend)
    if walled == len([name for name, *_ in tables if not str(name).startswith(WITHOUT_TENANT)]):
        yield Finding("ok", "isolation", f"All {walled} tables with tenants' data are behind row-level security.")


CHECKS: list[Check] = [server, role_rights, schema, isolation]
