"""Connections to mail servers that somebody typed: where many tenants share an installation, to the public internet alone.

The name is resolved once, every number of the answer is judged, and the connection is made to such a number; the certificate is
still checked for the name (``kit.outgoing``).
"""

from __future__ import annotations

import smtplib
import socket
from typing import Any

import requests
from django.core.mail.backends.smtp import EmailBackend
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

from tenantry.kit.destinations import Refused, read_host
from tenantry.kit.outgoing import Unreachable, resolve_now


def refusal(host: str) -> str:
    """Why a typed host can't be used, as far as that can be told without asking the network; else an empty text."""
    try:
        read_host(host, allow_loopback=False)
    except Refused as refused:
        return refused.reason
    return ""


def connect(host: str, port: int, timeout: float | None) -> socket.socket:
    """A connection to one of the host's numbers. Raises Refused, or OSError with the last one's reason."""
    try:
        numbers = resolve_now(host, port)
    except Unreachable as unreachable:
        raise OSError(unreachable.reason) from unreachable
    for number in numbers[:-1]:
        try:
            return socket.create_connection((number, port), timeout)
        except OSError:
            continue
    return socket.create_connection((numbers[-1], port), timeout)


class _Plain(smtplib.SMTP):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connect(host, port, timeout)


class _Encrypted(smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(connect(host, port, timeout), server_hostname=host)


class GuardedSmtp(EmailBackend):
    """Django's, but for where it connects to."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _Encrypted if self.use_ssl else _Plain


class _Connection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return connect(self.host, self.port or 443, self.timeout if isinstance(self.timeout, int | float) else None)


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **more)
        self.poolmanager.pool_classes_by_scheme = {"https": _Pool}


def guard_session(session: requests.Session) -> requests.Session:
    """Let a session connect by ``connect`` alone: https, no redirects, no proxies of the environment."""
    session.trust_env, session.max_redirects = False, 0
    session.mount("https://", _Adapter())
    session.adapters.pop("http://", None)
    return session
