"""What is known about the request that is being served, for the audit row and the log line."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass

from .ids import new_id

_GIVEN = re.compile(r"^[A-Za-z0-9_.-]{8,64}$")


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """Where an action came from. All empty outside a request (CLI, jobs)."""

    request_id: str = ""
    ip: str | None = None
    user_agent: str = ""


request_info: ContextVar[RequestInfo] = ContextVar("request_info", default=RequestInfo())  # noqa: B039  # frozen


def request_id_of(given: str) -> str:
    """The id that the client or a proxy gave the request (``X-Request-Id``), if it has the form of one, else a new one."""
    return given if _GIVEN.fullmatch(given) else new_id().hex
