"""Which way a tenant's mails take: by what it saved, else by the environment, else to the log of development."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formataddr, parseaddr
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings

from tenantry.tenancy.settings import Group, read_group

from .letters import program
from .providers import PROVIDERS

GROUP = "mail"
SMTP, CONSOLE, ENVIRONMENT, NONE = "smtp", "console", "environment", "none"
Source = Literal["tenant", "environment", "development", "none"]


@dataclass(frozen=True, slots=True)
class Route:
    """Everything that sending needs, secrets included, so that no database is asked while a server is.

    ``transport`` is ``smtp``, a provider's name, ``console`` (the log and /dev/mailbox) or ``none``. ``source`` says whose
    choice it is. ``guarded``: the host was typed by somebody who shall not reach the installation's own network.
    """

    source: Source
    transport: str
    sender: str = ""
    reply_to: str = ""
    host: str = ""
    port: int = 587
    tls: str = "starttls"
    username: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    guarded: bool = False

    @property
    def reaches(self) -> bool:
        """Whether mails go to a real server."""
        return self.transport not in (CONSOLE, NONE)

    @property
    def label(self) -> str:
        """How a person calls the transport."""
        if self.transport == SMTP:
            return f"SMTP, {self.host}"
        return PROVIDERS[self.transport].label if self.transport in PROVIDERS else {CONSOLE: "the log", NONE: "nothing"}[self.transport]


def present() -> Route:
    """The way that a mail of the present tenant takes now. Reads the tenant's settings; talks to nobody."""
    return route_of(read_group(GROUP))


def route_of(group: Group) -> Route:
    """The way that these settings mean, saved or only typed."""
    chosen = group.values.get("transport", ENVIRONMENT)
    if chosen == ENVIRONMENT:
        return fallback()
    return _tenants(chosen, group.values, group.secrets)


def _tenants(transport: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> Route:
    named = {name: values[name] for name in ("host", "port", "tls", "username") if transport == SMTP and name in values}
    own = program()
    return Route(
        "tenant", transport,
        sender=formataddr((values.get("from_name") or own["name"], values.get("from_email", ""))),
        reply_to=values.get("reply_to") or own["support_email"],
        options=dict(values.get("options") or {}), secrets=dict(secrets), guarded=guards(), **named,
    )  # fmt: skip


def guards() -> bool:
    """Whether a host that a tenant types is held to the public internet.

    Where many tenants share a production installation, none of them may look round in its network. Who has it alone runs that
    network, and a relay in it is the usual case (docs/mail.md).
    """
    return settings.ENVIRONMENT.multi and not settings.ENVIRONMENT.developing


def fallback() -> Route:
    """The installation's own way: ``TENANTRY_MAIL_URL``; without it the log in development, and nothing in production."""
    url = settings.ENVIRONMENT.mail_url
    if url is not None:
        return from_url(url.get_secret_value(), sender=settings.ENVIRONMENT.mail_from)
    if settings.ENVIRONMENT.developing:
        return Route("development", CONSOLE, sender=settings.ENVIRONMENT.mail_from)
    return Route("none", NONE)


@lru_cache(maxsize=4)
def from_url(url: str, *, sender: str) -> Route:
    """``smtp://user:password@host:port?tls=starttls|implicit|none``, or ``postmark://token@?message_stream=…`` for a provider.

    Raises ValueError for another scheme, an unknown ``tls`` or a sender without an address.
    """
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if "@" not in parseaddr(sender)[1]:
        raise ValueError("TENANTRY_MAIL_FROM has no address")
    if parts.scheme in PROVIDERS:
        return Route("environment", parts.scheme, sender, options=options, secrets={"token": user, "password": password})
    tls = options.get("tls", "starttls")
    if parts.scheme != SMTP or tls not in ("starttls", "implicit", "none") or not parts.hostname:
        raise ValueError("TENANTRY_MAIL_URL is not smtp://user:password@host:port?tls=starttls|implicit|none")
    port = parts.port or (465 if tls == "implicit" else 587)
    return Route("environment", SMTP, sender, host=parts.hostname, port=port, tls=tls, username=user, secrets={"password": password})
