"""``tenantry restore``: put a backup in the place of what the database holds, wholly or not at all.

It runs as ``tenantry_owner``, whom nothing in the file can raise to more, in one transaction that first drops what the
owner has: a restore that fails leaves everything as it was.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from config.database import admin_dsn, role_dsn
from config.environment import Environment
from tenantry.tenancy import roles

from . import archive, postgres_tools
from .archive import Archive

# Everything of the owner's in our schema, and nothing that an administrator put there.
_CLEAR = """
do $$
declare found record;
begin
    for found in select oid::regclass as name from pg_class
                  where relnamespace = 'public'::regnamespace and relowner = current_user::regrole and relkind in ('r', 'p') loop
        execute format('drop table if exists %s cascade', found.name);
    end loop;
    for found in select oid::regclass as name from pg_class
                  where relnamespace = 'public'::regnamespace and relowner = current_user::regrole and relkind = 'S' loop
        execute format('drop sequence %s cascade', found.name);
    end loop;
    for found in select oid::regprocedure as name from pg_proc
                  where pronamespace = 'public'::regnamespace and proowner = current_user::regrole loop
        execute format('drop routine if exists %s cascade', found.name);
    end loop;
    for found in select oid::regtype as name from pg_type
                  where typnamespace = 'public'::regnamespace and typowner = current_user::regrole and typelem = 0 loop
        execute format('drop type if exists %s cascade', found.name);
    end loop;
end $$;
"""
# Rights on the schema itself and the schema are the administrator's: ``ensure_roles`` sees to them.
_NOT_OURS = (" SCHEMA - public ", " ACL - SCHEMA public ", " COMMENT - SCHEMA public ")


def check(settings: Environment, path: Path, *, yes: bool, lose_secrets: bool) -> Archive:
    """Everything that can be known before anything is changed. Needs ``prepare.django()`` first. Raises SystemExit."""
    found = archive.read(path)
    found.read_through()
    server = postgres_tools.server_major(admin_dsn(settings))
    if server < found.server:
        raise SystemExit(
            f"The backup is from PostgreSQL {found.server}, and this server is {server}. Restore it on {found.server} or newer."
        )
    _refuse_newer(found)
    if not yes:
        _refuse_full(settings)
    _refuse_busy(settings)
    if not lose_secrets:
        sealed = archive.sealed(found, settings.secrets_keys())
        if sealed.closed:
            raise SystemExit(
                f"{sealed.closed} of {sealed.seen} sealed values in this backup don't open with TENANTRY_SECRETS_KEY. Add the key that "
                "was in use then, behind the present one, separated by a comma. Without it, --lose-secrets restores the rest: passwords "
                "of mail servers and webhook secrets have to be made anew."
            )
    return found


def restore(settings: Environment, found: Archive) -> None:
    """Replace the database's contents in one transaction. Raises SystemExit; then nothing has changed."""
    password = settings.database_password.get_secret_value() if settings.database_password else None
    try:
        roles.ensure_roles(admin_dsn(settings), password=password)
    except roles.Unusable as error:
        raise SystemExit(str(error)) from error
    owner = role_dsn(settings, "owner")
    server = postgres_tools.server_major(owner)
    programs = postgres_tools.folder(max(server, found.program))
    with tempfile.NamedTemporaryFile("w", suffix=".list") as contents, tempfile.TemporaryFile() as complaints:
        contents.write("\n".join(line for line in found.list() if not any(words in line for words in _NOT_OURS)))
        contents.flush()
        making = subprocess.Popen(
            [programs / "pg_restore", "--no-owner", "--enable-row-security", f"--use-list={contents.name}", "--file=-", found.path],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints,
        )  # fmt: skip
        assert making.stdout is not None
        target, environment = postgres_tools.arguments(owner)
        with tempfile.TemporaryFile() as words:
            putting = subprocess.Popen(
                [programs / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", *target],
                env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=words,
            )  # fmt: skip
            assert putting.stdin is not None
            broken = _feed(making, putting, server)
            making.wait()
            putting.wait()
            words.seek(0)
            said = words.read()
        complaints.seek(0)
        if making.returncode or putting.returncode or broken:
            raise SystemExit(postgres_tools.last_words(complaints.read() + said, "Restoring") + "\nNothing has changed.")
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("analyze")


def _feed(making: subprocess.Popen[bytes], putting: subprocess.Popen[bytes], server: int) -> bool:
    """From pg_restore to psql, in one transaction that is committed only when pg_restore came to its end. True: it broke."""
    assert making.stdout is not None
    assert putting.stdin is not None
    try:
        putting.stdin.write(b"begin;\n" + _CLEAR.encode())
        head = making.stdout.read(65536)
        if server < 17:  # a newer program's setting, which an older server doesn't know
            head = head.replace(b"SET transaction_timeout = 0;\n", b"", 1)
        putting.stdin.write(head)
        shutil.copyfileobj(making.stdout, putting.stdin, 1 << 20)
        if making.wait() == 0:
            putting.stdin.write(b"\ncommit;\n")
        putting.stdin.close()
    except BrokenPipeError:  # psql has stopped at an error
        making.kill()
        return True
    return False


def _refuse_newer(found: Archive) -> None:
    from .migrate import known

    mine = known()
    unknown = [name for row in found.rows("django_migrations") if (name := f"{row['app']}.{row['name']}") not in mine]
    if unknown:
        raise SystemExit(
            f"The backup was made by a newer Tenantry: it has the migration {unknown[0]}, which this version doesn't know. "
            "Restore it with that one."
        )


def _refuse_full(settings: Environment) -> None:
    with psycopg.connect(admin_dsn(settings), autocommit=True) as connection:
        row = connection.execute(
            "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        ).fetchone()
    if row and row[0]:
        raise SystemExit(f"The database isn't empty: it has {row[0]} tables. Restoring replaces all of it; say --yes if that is meant.")


def _refuse_busy(settings: Environment) -> None:
    with psycopg.connect(admin_dsn(settings), autocommit=True) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and usename = any (%s)",
            [[roles.APP, roles.PLATFORM, roles.OWNER]],
        ).fetchone()
    if row and row[0]:
        raise SystemExit(
            f"Tenantry is at work on this database ({row[0]} connections). Stop web and worker, and PgBouncer if there is one."
        )
