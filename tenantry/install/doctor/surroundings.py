"""The doctor's checks of what surrounds the database: keys, mail, clock, address, disk."""

from __future__ import annotations

import shutil
import stat
import time
from collections.abc import Iterator

import psycopg

from config.database import role_dsn
from config.environment import Environment

from .findings import Check, Finding, State

KEY_LENGTH = 32
CLOCK_SECONDS = 5.0


def secrets(settings: Environment) -> Iterator[Finding]:
    """There is a master secret, long enough, and nobody else can read its file."""
    if settings.secrets_key is None:
        if not settings.developing:
            yield Finding("fail", "keys", "TENANTRY_SECRETS_KEY is not set.", "Make one with: openssl rand -base64 32")
            return
        path = settings.home / "secrets.key"
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Finding("warn", "keys", f"Others can read {path}.", f"chmod 600 {path}")
            return
        yield Finding("ok", "keys", f"Development's own key in {path}.")
        return
    short = [key for key in settings.secrets_keys() if len(key) < KEY_LENGTH]
    if short or not settings.secrets_keys():
        yield Finding(
            "fail",
            "keys",
            f"A key of TENANTRY_SECRETS_KEY is shorter than {KEY_LENGTH} characters.",
            "Put a new one first (openssl rand -base64 32) and keep the old behind it, separated by a comma.",
        )
    else:
        yield Finding("ok", "keys", f"TENANTRY_SECRETS_KEY has {len(settings.secrets_keys())} key(s) of sufficient length.")


def mail(settings: Environment) -> Iterator[Finding]:
    """The mail server answers and lets us in; nothing is sent."""
    if settings.mail_url is None:
        if settings.developing:
            yield Finding("ok", "mail", "No server is set: mails go to the log and to /dev/mailbox.")
        else:
            mend = "Set TENANTRY_MAIL_URL=smtp://user:password@host:587 (docs/operations.md)."
            yield Finding("fail", "mail", "No mail server is set, so nobody gets a sign-in link or an invitation.", mend)
        return
    from tenantry.mail import routes, transports

    mend = "Check host, port, user and ?tls= of TENANTRY_MAIL_URL."
    try:
        route = routes.fallback()
        if route.transport == routes.SMTP:
            transports.greet(route)
    except transports.Undelivered as undelivered:
        yield Finding("fail", "mail", f"{transports.WORDS[undelivered.code]} {undelivered.said}", mend)
    except ValueError as error:
        yield Finding("fail", "mail", f"{error}.", mend)
    else:
        let_in = "The mail server lets us in" if route.transport == routes.SMTP else f"Mails go by {route.label}, which can't be tried here"
        yield Finding("ok", "mail", f"{let_in}; mails come from {settings.mail_from}.")


def clock(settings: Environment) -> Iterator[Finding]:
    """This machine and the database agree about the time."""
    with psycopg.connect(role_dsn(settings, "app"), autocommit=True) as connection:
        before = time.time()
        (theirs,) = connection.execute("select extract(epoch from clock_timestamp())::float8").fetchone() or (0.0,)
        apart = abs(float(theirs) - (before + time.time()) / 2)
    if apart > CLOCK_SECONDS:
        mend = "Let both machines keep time by NTP: links, sessions and keys expire by the clock."
        yield Finding("fail", "clock", f"The database's clock is {apart:.0f} s away from ours.", mend)
    else:
        yield Finding("ok", "clock", f"The database's clock is {apart * 1000:.0f} ms away from ours.")


def address(settings: Environment) -> Iterator[Finding]:
    """In production links need the address under which people come, and cookies need https."""
    if settings.developing:
        return
    if not settings.public_url:
        mend = "Set TENANTRY_PUBLIC_URL=https://… to the address that people use."
        yield Finding("fail", "address", f"Links in mails point to {settings.base_url}.", mend)
    elif not settings.public_url.startswith("https://"):
        mend = "Put a proxy with a certificate in front, and set TENANTRY_PUBLIC_URL and TENANTRY_TRUSTED_PROXIES."
        yield Finding("warn", "address", "TENANTRY_PUBLIC_URL is not https, so cookies travel in the open.", mend)
    else:
        yield Finding("ok", "address", settings.base_url)


def disk(settings: Environment) -> Iterator[Finding]:
    """The data folder has room."""
    if not settings.home.exists():
        return
    free = shutil.disk_usage(settings.home).free / 1e9
    state: State = "ok" if free > 1 else "warn"
    yield Finding(state, "disk", f"{free:.1f} GB are free for {settings.home}.", "Make room, or move TENANTRY_HOME.")


CHECKS: list[Check] = [secrets, mail, clock, address, disk]
