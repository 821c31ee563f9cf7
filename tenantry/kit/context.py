"""What is known about the request that is being served, for the audit row and the log line."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from .ids import new_id

_GIVEN = re.compile(r"^[A-Za-z0-9_.-]{8,64}$")


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """Where an action came from. All empty outside a request (CLI, jobs)."""

    request_id: str = ""
    ip: str | None = None
    user_agent: str = ""
    country: str = ""  # two letters, where a trusted proxy says so


request_info: ContextVar[RequestInfo] = ContextVar("request_info", default=RequestInfo())  # noqa: B039  # frozen


def request_id_of(given: str) -> str:
    """The id that the client or a proxy gave the request (``X-Request-Id``), if it has the form of one, else a new one."""
    return given if _GIVEN.fullmatch(given) else new_id().hex


def caller_address(peer: str | None, forwarded: str, *, proxies: int) -> str | None:
    """The network address of whoever calls: the peer, or what the outermost of our own ``proxies`` saw (``X-Forwarded-For``).

    An IPv4 address in IPv6 form (RFC 4291 §2.5.5.2) is told as the IPv4 address it is; None for what is no address.
    """
    chain = [part.strip() for part in forwarded.split(",") if part.strip()]
    try:
        found = ip_address(chain[-proxies] if proxies and len(chain) >= proxies else peer or "")
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        return str(found.ipv4_mapped or found).partition("%")[0]
    return str(found)
