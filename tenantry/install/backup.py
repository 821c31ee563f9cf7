"""``tenantry backup``: the database as one file of pg_dump's custom format, looked through once it is made.

It is taken as ``tenantry_owner``, who owns everything and sees every row; a table that would hide rows from the owner is
refused, for a backup that lacks rows is worse than none. The file holds no key: TENANTRY_SECRETS_KEY is kept elsewhere.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg

from config.database import role_dsn
from config.environment import Environment
from tenantry.kit import crypto

from . import archive, postgres_tools
from .archive import Archive

# Tables under row-level security whose rows the owner doesn't see all of.
_HIDDEN = """
select c.relname from pg_class c
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relrowsecurity
   and not exists (select 1 from pg_policies p
                    where p.schemaname = 'public' and p.tablename = c.relname and 'tenantry_owner' = any (p.roles)
                      and p.permissive = 'PERMISSIVE' and p.cmd in ('ALL', 'SELECT') and p.qual = 'true')
    or exists (select 1 from pg_policies p
                where p.schemaname = 'public' and p.tablename = c.relname and p.permissive = 'RESTRICTIVE')
 order by 1
"""


def backup(settings: Environment, path: Path) -> Archive:
    """Write the database to a new file that only this user can read, and look into it. Needs ``prepare.django()`` first.

    Raises SystemExit with a sentence; then there is no file, neither whole nor half.
    """
    if path.exists():
        raise SystemExit(f"{path} exists. A backup never overwrites anything: choose another name.")
    owner = role_dsn(settings, "owner")
    programs = postgres_tools.folder(postgres_tools.server_major(owner))
    _refuse_hidden(owner)
    half = path.with_name(path.name + ".part")
    try:
        _dump(programs, owner, half)
        made = archive.read(half)
        made.read_through()
        half.rename(path)
    except OSError as error:
        raise SystemExit(f"{path} can't be written: {error.strerror}.") from error
    finally:
        half.unlink(missing_ok=True)
    return Archive(path, made.server, made.program)


def fingerprints(settings: Environment) -> str:
    """Which keys are in use, newest first, in a form that may be written down beside a backup."""
    return ", ".join(crypto.derive(key, "fingerprint").hex()[:8] for key in settings.secrets_keys())


def _refuse_hidden(owner: str) -> None:
    with psycopg.connect(owner, autocommit=True) as connection:
        hidden = [row[0] for row in connection.execute(_HIDDEN)]
    if hidden:
        raise SystemExit(
            f"Rows of {', '.join(hidden)} are hidden from tenantry_owner, so a backup would lack them. Run: bin/tenantry doctor"
        )


def _dump(programs: Path, owner: str, half: Path) -> None:
    target, environment = postgres_tools.arguments(owner)
    # Unlogged tables hold counters of the moment. Only our schema: what an administrator added is not ours to restore.
    command = [
        str(programs / "pg_dump"),
        "--format=custom",
        "--enable-row-security",
        "--schema=public",
        "--no-unlogged-table-data",
        *target,
    ]
    os.close(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # before there is anything in it to be read
    # By its name, not as an open stream: pg_dump goes back in it to note where each table begins.
    done = subprocess.run([*command, f"--file={half}"], env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise SystemExit(postgres_tools.last_words(done.stderr, "pg_dump"))
    with half.open("rb") as file:
        os.fsync(file.fileno())
