"""What every command needs before its own work: a database to talk to, and Django."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from config.environment import Environment, environment


def settle() -> Environment:
    """Read the settings; a wrong one becomes a sentence."""
    from pydantic import ValidationError

    home = os.environ.get("TENANTRY_HOME")
    if home:  # children may run elsewhere
        os.environ["TENANTRY_HOME"] = os.path.abspath(os.path.expanduser(home))  # noqa: PTH100, PTH111  # as text
    if os.environ.get("DATABASE_URL") == "":
        del os.environ["DATABASE_URL"]
    environment.cache_clear()
    try:
        return environment()
    except ValidationError as error:
        lines = [f"  {_variable(item['loc'])}: {item['msg']}" for item in error.errors()]
        raise SystemExit("These settings can't be used:\n" + "\n".join(lines) + "\nThey are listed in docs/operations.md.") from error


def database() -> Environment:
    """Start or join the embedded server, unless DATABASE_URL names another, and hand its address to children."""
    settings = settle()
    if settings.database_url is None:
        from . import embedded

        signal.signal(signal.SIGTERM, _terminate)  # so that the server is left in order, not by a kill
        os.environ["DATABASE_URL"] = embedded.start(settings.home)
        settings = settle()
    return settings


def django() -> Environment:
    """The database and a Django that is set up."""
    settings = database()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from tenantry.kit.starting import uncollected

    with uncollected():
        import django as package

        package.setup()
    return settings


def leave() -> None:
    """Leave the embedded server, if this process has joined it; the last one to leave stops it."""
    embedded = sys.modules.get(f"{__package__}.embedded")
    if embedded is not None:
        embedded.stop(environment().home)


def say(text: str) -> None:
    """A line for people; stdout is kept for what programs read."""
    print(text, file=sys.stderr, flush=True)


def _terminate(signum: int, frame: object) -> NoReturn:
    raise SystemExit(128 + signum)


def _variable(location: tuple[int | str, ...]) -> str:
    name = str(location[0]) if location else "?"
    return name if name.isupper() else f"TENANTRY_{name.upper()}"
