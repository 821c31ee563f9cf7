"""Bring the database to the state this code expects: roles, schema, rights, and the default tenant."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import psycopg

from config.database import admin_dsn, role_dsn
from config.environment import Environment
from tenantry.tenancy import roles

LOCK = "select {} (hashtext('tenantry migrate'))"
QUEUE_SECONDS = 600


@dataclass
class Migrated:
    """What one run did. ``applied`` holds ``room.migration`` names, in order."""

    applied: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        if not self.applied:
            return f"The database is up to date ({self.seconds:.1f} s)."
        rooms = {name.split(".")[0] for name in self.applied}
        return f"Applied {len(self.applied)} migrations in {len(rooms)} rooms ({self.seconds:.1f} s), the last one {self.applied[-1]}."


def migrate(settings: Environment) -> Migrated:
    """Migrate as ``tenantry_owner``. Idempotent; two at once queue. Needs ``prepare.django()`` first.

    Raises SystemExit with a sentence when the server can't be reached, is too old, refuses the roles, holds a newer
    Tenantry's schema, or a table stays locked by others for longer than the owner's ``lock_timeout`` (10 s).
    """
    started = time.monotonic()
    _roles(settings)
    owner = role_dsn(settings, "owner")
    with _connect(owner) as queue:
        # The wait for another migration is not the wait for a table.
        queue.execute(f"set lock_timeout = '{QUEUE_SECONDS}s'")
        try:
            queue.execute(LOCK.format("pg_advisory_lock"))
        except psycopg.errors.LockNotAvailable as error:
            raise SystemExit("Another migration of this database has been running for ten minutes. See what it is doing first.") from error
        try:
            applied = _apply()
            queue.execute("set lock_timeout = '10s'")
            queue.execute(roles.AFTER_MIGRATE)
        finally:
            if not queue.closed:
                queue.execute(LOCK.format("pg_advisory_unlock"))
    if not settings.multi:
        from tenantry.tenancy.services import ensure_default

        ensure_default()
    return Migrated(applied, time.monotonic() - started)


def up_to_date(settings: Environment) -> bool:
    """True when there is nothing for ``migrate`` to do. Refuses a newer database as ``migrate`` does."""
    try:
        with psycopg.connect(role_dsn(settings, "owner"), autocommit=True) as connection:
            ours, present = known(), _present(connection)
            _refuse_newer(ours, present)
            if ours != present:
                return False
            default = settings.multi or connection.execute("select 1 from tenancy_tenant where slug = 'default'").fetchone()
            return bool(default)
    except psycopg.Error:
        return False


def drift(settings: Environment) -> list[str]:
    """What is left to do, as sentences: migrations not applied, and changes of models that no migration makes."""
    import io

    from django.core.management import call_command

    found = []
    if not up_to_date(settings):
        found.append("The database lacks migrations of this version. Run: bin/tenantry migrate")
    report = io.StringIO()
    try:
        call_command("makemigrations", check_changes=True, dry_run=True, verbosity=1, stdout=report, stderr=report, skip_checks=True)
    except SystemExit:
        found.append("Models have changed without a migration:\n" + report.getvalue().strip())
    return found


def _roles(settings: Environment) -> None:
    password = settings.database_password.get_secret_value() if settings.database_password else None
    try:
        roles.ensure_roles(admin_dsn(settings), password=password)
    except roles.Unusable as error:
        raise SystemExit(str(error)) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise SystemExit(
            f"The user of DATABASE_URL may not set up Tenantry's roles ({_first_line(error)}). Use a superuser or the database's "
            "owner with CREATEROLE; it is only needed for migrations and checks. See docs/operations.md, “Roles”."
        ) from error
    except psycopg.OperationalError as error:
        raise SystemExit(f"The database of DATABASE_URL can't be reached: {_first_line(error)}") from error


def _connect(dsn: str) -> psycopg.Connection[tuple[object, ...]]:
    try:
        return psycopg.connect(dsn, autocommit=True)
    except psycopg.OperationalError as error:
        raise SystemExit(
            f"The role tenantry_owner can't sign in: {_first_line(error)}\nSet TENANTRY_DATABASE_PASSWORD (the password of Tenantry's "
            "three roles), or let pg_hba.conf admit them. See docs/operations.md, “Roles”."
        ) from error


def _apply() -> list[str]:
    """Run Django's migrations on ``owner``; returns the names of the new ones, in order."""
    from django.core.management import call_command
    from django.db import OperationalError, connections

    connection = connections["owner"]
    connection.ensure_connection()
    before = _present(connection.connection)
    _refuse_newer(known(), before)
    try:
        call_command("migrate", database="owner", verbosity=0, interactive=False, skip_checks=True)
        after = _present(connection.connection)
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise SystemExit(
                "A table stayed locked by somebody else for longer than 10 s, so nothing of this migration was changed. Find the long "
                "transaction (select pid, query from pg_stat_activity where state <> 'idle'), end it, and migrate again."
            ) from error
        raise
    finally:
        connection.close()
    return [name for name in after if name not in before]


def known() -> dict[str, None]:
    """The migrations of this code."""
    from django.db.migrations.loader import MigrationLoader

    return dict.fromkeys(sorted(f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations))


def _present(connection: psycopg.Connection) -> dict[str, None]:
    """The migrations of the database, in the order of their application."""
    if connection.execute("select to_regclass('django_migrations')").fetchone() == (None,):
        return {}
    return dict.fromkeys(row[0] for row in connection.execute("select app || '.' || name from django_migrations order by id"))


def _refuse_newer(known: dict[str, None], present: dict[str, None]) -> None:
    unknown = [name for name in present if name not in known]
    if unknown:
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise SystemExit(
            f"This database belongs to a newer Tenantry: it has the migration {unknown[0]}{more}, which this version doesn't know. "
            "Start that version, or restore the backup made before the upgrade. Nothing was changed."
        )


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]
