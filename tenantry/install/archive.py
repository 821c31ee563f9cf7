"""What a backup's file holds, read without restoring it."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from . import postgres_tools

_PLAIN = {"\\b": "\b", "\\f": "\f", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\v": "\v", "\\\\": "\\"}


@dataclass(frozen=True, slots=True)
class Archive:
    """A file of pg_dump's custom format; the major versions of the server and of the program that it is from."""

    path: Path
    server: int
    program: int

    def list(self) -> list[str]:
        """The table of contents, one line each, as ``pg_restore --use-list`` takes it."""
        done = subprocess.run([self._restore(), "--list", self.path], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(postgres_tools.last_words(done.stderr, "pg_restore"))
        return [line for line in done.stdout.splitlines() if line and not line.startswith(";")]

    def read_through(self) -> None:
        """Read all of it, as a restore would. Raises SystemExit where it is damaged or cut off."""
        done = subprocess.run([self._restore(), "--file=/dev/null", self.path], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{self.path} is damaged. " + postgres_tools.last_words(done.stderr, "pg_restore"))

    def rows(self, table: str) -> Iterator[dict[str, str | None]]:
        """The rows of one table, as texts by column; none when the archive hasn't got the table."""
        command = [str(self._restore()), "--data-only", "--schema=public", f"--table={table}", "--file=-", str(self.path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reading:
            assert reading.stdout is not None
            columns: list[str] | None = None
            for line in io.TextIOWrapper(reading.stdout, "utf-8", newline="\n"):
                if columns is None:
                    if head := re.match(r"COPY public\.\S+ \((.*)\) FROM stdin;", line):
                        columns = [name.strip('"') for name in head[1].split(", ")]
                elif line == "\\.\n":
                    columns = None
                else:
                    yield dict(zip(columns, map(_value, line.rstrip("\n").split("\t")), strict=True))

    def _restore(self) -> Path:
        return postgres_tools.folder(self.program) / "pg_restore"


def read(path: Path) -> Archive:
    """Open a backup's file. Raises SystemExit when it is none of Tenantry's, or can't be read."""
    if not path.is_file():
        raise SystemExit(f"There is no file {path}.")
    newest = postgres_tools.newest() / "pg_restore"
    done = subprocess.run([newest, "--list", path], capture_output=True, text=True)
    server, program = (
        re.search(rf"^; +Dumped {words} version: (\d+)", done.stdout, re.MULTILINE) for words in ("from database", "by pg_dump")
    )
    if done.returncode or not server or not program:
        why = done.stderr.strip().splitlines()
        raise SystemExit(f"{path} is not a backup that can be read" + (f" ({why[-1]})." if why else "."))
    if "TABLE public django_migrations " not in done.stdout:
        raise SystemExit(f"{path} is a backup of something else than Tenantry.")
    return Archive(path, int(server[1]), int(program[1]))


@dataclass(slots=True)
class Sealed:
    """How many sealed values an archive has, and how many of them no key opens."""

    seen: int = 0
    closed: int = 0


def sealed(archive: Archive, keys: list[str]) -> Sealed:
    """Try the keys on every sealed value. Needs ``prepare.django()`` first, which knows the columns."""
    from .sealed import columns

    found = Sealed()
    tables: dict[str, list] = {}
    for column in columns():
        tables.setdefault(column.table, []).append(column)
    for table, sealed_columns in tables.items():
        for row in archive.rows(table):
            for column in sealed_columns:
                if value := row.get(column.name):
                    found.seen += 1
                    found.closed += column.opens(UUID(row["id"]), bytes.fromhex(value.removeprefix("\\x")), keys) is None
    return found


def _value(text: str) -> str | None:
    if text == "\\N":
        return None
    return re.sub(r"\\.", lambda escape: _PLAIN.get(escape[0], escape[0][1:]), text) if "\\" in text else text
