"""What is known about the request that is being served, for the audit row and the log line."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """Where an action came from. All empty outside a request (CLI, jobs)."""

    request_id: str = ""
    ip: str | None = None
    user_agent: str = ""


request_info: ContextVar[RequestInfo] = ContextVar("request_info", default=RequestInfo())  # noqa: B039  # frozen
