"""The three database roles, and the rights that are not one table's.

``tenantry_owner`` owns the schema and migrates. ``tenantry_app`` serves under row-level security.
``tenantry_platform`` lists and makes tenants. None is a superuser, none has BYPASSRLS.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

APP, OWNER, PLATFORM = "tenantry_app", "tenantry_owner", "tenantry_platform"
MINIMUM_VERSION = 15_00_00


class Unusable(Exception):
    """The database can't be used as it is; the message is for the operator and says what to do."""


def ensure_roles(admin_dsn: str, *, password: str | None) -> None:
    """Make the roles and let the owner create tables. Idempotent, safe to run from two places at once."""
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        if connection.info.server_version < MINIMUM_VERSION:
            raise Unusable(f"PostgreSQL 15 or newer is needed; this server is {connection.info.server_version // 10000}.")
        # Roles belong to the whole cluster, which other databases' installations may be setting up too.
        connection.execute("select pg_advisory_lock(hashtext('tenantry roles'))")
        for role in (OWNER, APP, PLATFORM):
            exists = connection.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
            if not exists:
                connection.execute(
                    sql.SQL("create role {} login nosuperuser nobypassrls nocreaterole nocreatedb").format(sql.Identifier(role))
                )
            if password:
                connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password)))
        for role in (APP, PLATFORM):
            for setting, value in (("statement_timeout", "60s"), ("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "120s")):
                connection.execute(
                    sql.SQL("alter role {} set {} = {}").format(sql.Identifier(role), sql.Identifier(setting), sql.Literal(value))
                )
        connection.execute(sql.SQL("alter role {} set lock_timeout = '10s'").format(sql.Identifier(OWNER)))
        connection.execute("revoke create on schema public from public")
        connection.execute(sql.SQL("grant create, usage on schema public to {}").format(sql.Identifier(OWNER)))
        for role in (APP, PLATFORM):
            connection.execute(sql.SQL("grant usage on schema public to {}").format(sql.Identifier(role)))
        connection.execute("select pg_advisory_unlock(hashtext('tenantry roles'))")


AFTER_MIGRATE = """
grant select on django_migrations to tenantry_app;
grant select, insert, update, delete
   on procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers, procrastinate_workers to tenantry_app;
grant usage on all sequences in schema public to tenantry_app;
"""
