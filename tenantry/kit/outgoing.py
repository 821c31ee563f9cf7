"""Calls to addresses that somebody typed: guarded, bounded in time and size, and cheap enough for thousands a second.

``destinations`` says which addresses may be called. Here the name is resolved once, every number of the answer is
judged, and the connection is made to those very numbers: a name that answers differently the next time (DNS rebinding)
gains nothing. The certificate is still checked for the name. Redirects are answers, not directions; proxies of the
environment, cookies and compressed bodies are not known here.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from . import tracing
from .destinations import Refused, is_loopback, is_number, may_call, read_host, read_url
from .problems import invalid

RESOLVED_SECONDS = 30
IDLE_SECONDS = 15
# Whoever looks after a slow name server of theirs can't keep others waiting: so many names are looked up at a time.
LOOKUPS = 64
# What frames the message is the client's own: whoever sets it could send two requests in one.
OWN_HEADERS = frozenset("connection content-length expect host keep-alive proxy-connection te trailer transfer-encoding upgrade".split())


class Unreachable(Exception):
    """The call was made, or tried, and no answer came. ``reason`` is a short sentence that may be shown."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the first bytes of the body, undecoded, and how many milliseconds it took until they were there."""

    status: int
    headers: dict[str, str]
    body: bytes
    ms: int


def check_url(url: str, *, allow_loopback: bool) -> None:
    """Refuse an address at the moment it is saved; asks no network. Raises Problem 422 ``url_refused`` at ``/url``.

    That it passes here promises nothing: a name is judged by the numbers it has at the moment of each call.
    """
    try:
        read_url(url, allow_loopback=allow_loopback)
    except Refused as refused:
        raise invalid(refused.reason, pointer="/url", code="url_refused") from refused


def resolve_now(host: str, port: int, *, allow_loopback: bool = False) -> list[str]:
    """The numbers of a host, every one of them judged: connect to one of these, not to the name. Waits for the network.

    Raises Refused where the host or any of its numbers may not be called, and Unreachable where there is none. With
    ``allow_loopback`` this machine passes when it is named plainly; a name that resolves to it never does.
    """
    name = read_host(host, allow_loopback=allow_loopback)
    if name == "localhost":
        return ["127.0.0.1", "::1"]
    if is_number(name):
        return [name]
    try:
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"The name {name} can't be resolved.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses or not all(may_call(address) for address in addresses):
        raise Refused(f"{name} doesn't lead to the public internet.")
    return addresses


async def resolve_checked(host: str, port: int, *, allow_loopback: bool = False) -> list[str]:
    """``resolve_now`` in a thread of its own."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_lookups(), lambda: resolve_now(host, port, allow_loopback=allow_loopback))


@lru_cache(maxsize=1)
def _lookups() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(LOOKUPS, thread_name_prefix="resolve")


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """The system's authorities (``SSL_CERT_FILE`` names others); made once, that takes some 20 ms."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(("http/1.1",))
    return context


class _Resolver(AbstractResolver):
    """Hands aiohttp judged numbers only. aiohttp keeps them as they are and connects to them."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        addresses = await resolve_checked(host, port, allow_loopback=self._allow_loopback)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


class Outgoing:
    """A client with a pool of kept connections, for one event loop: ``async with Outgoing(...) as client``.

    It bounds no number of calls at a time; whoever calls does, per receiver. ``allow_loopback`` is the setting
    ``TENANTRY_ALLOW_LOOPBACK_WEBHOOKS`` and for development.
    """

    def __init__(self, *, allow_loopback: bool = False) -> None:
        self._allow_loopback = allow_loopback
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        connect_timeout: float = 5,
        total_timeout: float = 15,
        keep: int = 4096,
    ) -> Answer:
        """Call, and read at most ``keep`` bytes of the answer. Times are in seconds; the total includes the connecting.

        Any status is an answer, 3xx too. Raises Refused (nothing was sent) and Unreachable (something may have been).
        """
        destination = read_url(url, allow_loopback=self._allow_loopback)
        _check_headers(headers)
        timeout = _timeout(connect_timeout, total_timeout)
        began = time.monotonic()
        described = {"http.request.method": method, "server.address": destination.host}
        with _told(destination.host, connect_timeout, total_timeout), tracing.span(method, kind="client", attributes=described):
            async with self._opened().request(
                method, destination.url, headers=headers, data=body or None, timeout=timeout, allow_redirects=False
            ) as answer:
                kept = await _first(answer, keep)
                tracing.describe({"http.response.status_code": answer.status})
                return Answer(answer.status, _readable(answer.headers), kept, round((time.monotonic() - began) * 1000))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = self._open()
        return self._session

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=_Resolver(allow_loopback=self._allow_loopback),
            ttl_dns_cache=RESOLVED_SECONDS,
            dns_cache_max_size=16384,
            limit=0,
            keepalive_timeout=IDLE_SECONDS,
            ssl=_certificates(),
            socket_factory=self._socket,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers={"User-Agent": "Tenantry", "Accept": "*/*", "Accept-Encoding": "identity"},
        )

    def _socket(self, info: Any) -> socket.socket:
        """The last word: every connection is made on a socket from here, whatever way its number has come."""
        family, kind, protocol, _, address = info
        if not may_call(address[0]) and not (self._allow_loopback and is_loopback(address[0])):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return socket.socket(family, kind, protocol)


def call_now(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"", allow_loopback: bool = False, **bounds: Any
) -> Answer:
    """One call from code that isn't asynchronous, with a connection of its own; as ``Outgoing.request``."""

    async def call() -> Answer:
        async with Outgoing(allow_loopback=allow_loopback) as client:
            return await client.request(method, url, headers=headers, body=body, **bounds)

    return asyncio.run(call())


async def _first(answer: aiohttp.ClientResponse, keep: int) -> bytes:
    """At most so many bytes of the body. One more tells whether there are more: the connection is then closed, not drained."""
    kept = bytearray()
    while len(kept) <= keep and (chunk := await answer.content.read(keep + 1 - len(kept))):
        kept += chunk
    if len(kept) > keep:
        answer.close()
    return bytes(kept[:keep])


def _readable(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers that a database takes: bytes that are no UTF-8 come as lone surrogates."""
    return {name: value if value.isascii() else value.encode(errors="replace").decode() for name, value in headers.items()}


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if name.lower() in OWN_HEADERS:
            raise Refused(f"The header {name} can't be set.")
        if "\n" in value or "\r" in value or "\0" in value or "\n" in name or "\r" in name:
            raise Refused("A header has a line break.")


@lru_cache(maxsize=64)
def _timeout(connect: float, total: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total, connect=connect, ceil_threshold=60)


@contextmanager
def _told(host: str, connect_timeout: float, total_timeout: float) -> Iterator[None]:
    """Whatever goes wrong on the way, as Unreachable with a sentence that says what and nothing of our network."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise Unreachable(f"No connection to {host} within {connect_timeout:g} seconds.") from error
    except TimeoutError as error:
        raise Unreachable(f"No answer from {host} within {total_timeout:g} seconds.") from error
    except aiohttp.ClientConnectorCertificateError as error:
        why = getattr(error.certificate_error, "verify_message", "") or "not valid"
        raise Unreachable(f"The certificate of {host} was not accepted: {why}.") from error
    except aiohttp.ClientSSLError as error:
        raise Unreachable(f"No TLS connection to {host} came about.") from error
    except aiohttp.ClientConnectorError as error:
        why = os.strerror(error.os_error.errno).lower() if error.os_error.errno else "it failed"
        raise Unreachable(f"No connection to {host}: {why}.") from error
    except aiohttp.ServerDisconnectedError as error:
        raise Unreachable(f"{host} closed the connection without an answer.") from error
    except (aiohttp.ClientOSError, aiohttp.ClientPayloadError) as error:
        raise Unreachable(f"The connection to {host} broke off.") from error
    except (aiohttp.ClientResponseError, ValueError) as error:
        raise Unreachable(f"What {host} answered is not HTTP.") from error
    except aiohttp.ClientError as error:
        raise Unreachable(f"The call to {host} failed.") from error
