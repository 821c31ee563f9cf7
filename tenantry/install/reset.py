"""``tenantry reset``: back to an empty data folder."""

from __future__ import annotations

import shutil
import sys

import typer

from config.environment import Environment

from . import embedded
from .prepare import say


def reset(settings: Environment, *, yes: bool) -> None:
    """Delete what Tenantry put into the data folder, and nothing else that lies there."""
    home = settings.home.expanduser().resolve()
    if settings.mode == "production":
        raise SystemExit("reset deletes everything; it doesn't work with TENANTRY_MODE=production.")
    if settings.database_url is not None:
        raise SystemExit("DATABASE_URL names a database of your own, which reset doesn't touch. Drop and create it yourself, or unset it.")
    busy = embedded.users(home)
    if busy:
        raise SystemExit(f"Tenantry is running on {home} (process {', '.join(map(str, busy))}). Stop it first.")
    doomed = [home / name for name in ("postgres", "postgres.lock", "secrets.key")] + sorted(home.glob("demo*.key"))
    doomed = [path for path in doomed if path.exists()]
    if not doomed:
        say(f"There is nothing of Tenantry in {home}.")
        return
    if not yes:
        if not sys.stdin.isatty():
            raise SystemExit("Not asking without a terminal: say --yes.")
        typer.confirm(f"Delete the database and the keys in {home}?", abort=True, err=True)
    if embedded.alive(home):  # left over from a killed process
        embedded.start(home)
        embedded.stop(home)
    for path in doomed:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    say(f"{home} is empty. bin/dev starts anew.")
