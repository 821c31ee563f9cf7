"""A backup holds everything, comes back as it was, and never takes the place of anything by accident."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from config.database import role_dsn
from config.environment import Environment
from tenantry.install import archive
from tenantry.install.restore import check, restore
from tenantry.install.sealed import reseal
from tenantry.kit import crypto

from ..servers import ROOT, empty_database, migrated_database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # brings databases of its own
KEY = secrets.token_urlsafe(32)
# What a database is, besides its rows: by whom what may be read, and what is refused whom.
SHAPE = """
select 'table', oid::regclass::text, concat_ws(' ', relowner::regrole, relpersistence, relrowsecurity, relforcerowsecurity, relacl)
  from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'S')
union all
select 'policy', tablename || '.' || policyname, concat_ws(' ', roles, cmd, permissive, qual, with_check) from pg_policies
union all
select 'function', oid::regprocedure::text, concat_ws(' ', proowner::regrole, prosecdef, proacl, proconfig, md5(prosrc))
  from pg_proc where pronamespace = 'public'::regnamespace
union all
select 'trigger', tgrelid::regclass || '.' || tgname, concat_ws(' ', tgenabled, pg_get_triggerdef(oid))
  from pg_trigger where not tgisinternal
union all  -- a check is written with other brackets once it was read again
select 'constraint', conrelid::regclass || '.' || conname, case contype when 'c' then contype::text else pg_get_constraintdef(oid) end
  from pg_constraint where connamespace = 'public'::regnamespace
union all
select 'index', oid::regclass::text, regexp_replace(pg_get_indexdef(oid), ' WHERE .*', '')
  from pg_class where relnamespace = 'public'::regnamespace and relkind = 'i'
union all
select 'schema', 'public', (select string_agg(entry::text, ',' order by entry::text) from unnest(nspacl) entry)
  from pg_namespace where nspname = 'public'
order by 1, 2
"""


def _run(*arguments: str, database: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
    settings = {"DATABASE_URL": database, "TENANTRY_SECRETS_KEY": key, "TENANTRY_TENANCY": "single"}
    command = [sys.executable, "-m", "tenantry.install.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, timeout=120)


def _settings(database: str, key: str = KEY) -> Environment:
    return Environment(DATABASE_URL=database, secrets_key=key)


def _contents(database: str) -> dict[str, object]:
    """The shape, and how many rows of what checksum each table has."""
    with psycopg.connect(role_dsn(_settings(database), "owner"), autocommit=True) as connection:
        found: dict[str, object] = {f"{kind} {name}": text for kind, name, text in connection.execute(SHAPE)}
        for (table,) in connection.execute(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        ).fetchall():
            count = sql.SQL("select count(*), coalesce(sum(hashtextextended(row::text, 0)), 0) from {} row").format(sql.Identifier(table))
            found[f"rows of {table}"] = connection.execute(count).fetchone()
    del found["rows of audit_link"]  # the checks after backup and restore add links; that they are the same, the chain's head tells
    return found


@contextlib.contextmanager
def _refused(words: str) -> Iterator[None]:
    with pytest.raises(SystemExit, match=words):
        yield


def test_a_backup_comes_back_as_it_was(tmp_path: Path) -> None:
    server, file = os.environ["DATABASE_URL"], tmp_path / "tenantry.dump"
    with migrated_database(TENANTRY_TENANCY="single", TENANTRY_SECRETS_KEY=KEY) as first, empty_database(server) as second:
        assert _run("demo", database=first).returncode == 0
        _seal_two(first)
        made = _run("backup", str(file), database=first)
        assert made.returncode == 0, made.stderr
        assert "default: the chain holds" in made.stdout
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [file]
        before = _contents(first)

        again = _run("restore", str(file), database=second)
        assert again.returncode == 0, again.stderr
        assert made.stdout.splitlines()[-1] == again.stdout.splitlines()[-1]  # the same head of the same chain
        assert _contents(second) == before

        _nothing_by_accident(file, second)
        _other_keys(file, second)
        _newer_and_broken(first, tmp_path)


def _seal_two(database: str) -> None:
    with psycopg.connect(role_dsn(_settings(database), "owner"), autocommit=True) as owner:
        for name in ("mail", "program"):
            row = uuid4()
            sealed = crypto.seal(b"{}", keys=[KEY], context=f"setting {row}")
            owner.execute(
                "insert into tenancy_setting (id, tenant_id, created_at, name, values, sealed_secrets, version)"
                " select %s, id, now(), %s, '{}', %s, 1 from tenancy_tenant",
                [row, name, sealed],
            )


def _nothing_by_accident(file: Path, database: str) -> None:
    before, settings = _contents(database), _settings(database)
    with _refused("The database isn't empty: it has .* say --yes"):
        check(settings, file, yes=False, lose_secrets=False)
    with psycopg.connect(role_dsn(settings, "app")), _refused("Stop web and worker"):
        check(settings, file, yes=True, lose_secrets=False)
    for name, words in [("none", "There is no file"), (__file__, "is not a backup that can be read")]:
        with _refused(words):
            check(settings, Path(name), yes=True, lose_secrets=False)
    cut = file.with_name("cut.dump")
    cut.write_bytes(file.read_bytes()[:-100])
    with _refused("is damaged"):
        check(settings, cut, yes=True, lose_secrets=False)
    with _refused("Nothing has changed"):  # though it had not been looked at before
        restore(settings, archive.read(cut))
    refused = _run("backup", str(file), database=database)
    assert (refused.returncode, "A backup never overwrites anything" in refused.stderr) == (1, True)
    assert _contents(database) == before


def _other_keys(file: Path, database: str) -> None:
    """The wrong key is noticed before anything is done; a new one in front of the old one takes over."""
    new = secrets.token_urlsafe(32)
    with _refused(r"5 of 5 sealed values in this backup don't open.*--lose-secrets"):
        check(_settings(database, new), file, yes=True, lose_secrets=False)
    check(_settings(database, new), file, yes=True, lose_secrets=True)
    check(_settings(database, f"{new},{KEY}"), file, yes=True, lose_secrets=False)

    found = reseal(_settings(database, f"{new},{KEY}"))
    assert (found.seen, found.renewed, found.closed) == (5, 5, 0)
    found = reseal(_settings(database, new))
    assert (found.seen, found.renewed, found.closed) == (5, 0, 0)
    lost = _run("secrets", "reseal", database=database)
    assert (lost.returncode, lost.stdout) == (1, "5 sealed values; 0 sealed anew, 5 that no key opens.\n")


def _newer_and_broken(database: str, folder: Path) -> None:
    """A broken chain is told by the exit code, hidden rows and a newer version's database by a refusal."""
    file = folder / "broken.dump"
    with psycopg.connect(role_dsn(_settings(database), "owner"), autocommit=True) as owner:
        owner.execute("create table hiding (a int); alter table hiding enable row level security, force row level security")
        hidden = _run("backup", str(file), database=database)
        assert (hidden.returncode, "Rows of hiding are hidden" in hidden.stderr, file.exists()) == (1, True, False)
        owner.execute("drop table hiding")
        owner.execute("insert into django_migrations (app, name, applied) values ('people', '0999_later', now())")
        owner.execute("alter table audit_event disable trigger user")
        owner.execute("update audit_event set reason = 'another' where id = (select min(id::text)::uuid from audit_event)")
    broken = _run("backup", str(file), database=database)
    assert (broken.returncode, "default: the chain IS BROKEN" in broken.stdout, file.exists()) == (1, True, True)
    with _refused("made by a newer Tenantry: it has the migration people.0999_later"):
        check(_settings(database), file, yes=True, lose_secrets=False)
