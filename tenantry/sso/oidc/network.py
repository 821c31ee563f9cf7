"""Calls to a provider, as the rest of this folder makes them: through a function that is handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tenantry.kit import destinations, outgoing
from tenantry.kit.outgoing import Answer
from tenantry.sso.refused import Refused

from .documents import LARGEST, read_object

# (method, address, headers, body) → what was answered. It follows no redirects, bounds time and size, and raises
# ``outgoing.Unreachable`` or ``destinations.Refused``.
Fetch = Callable[[str, str, Mapping[str, str], bytes], Answer]

CONNECT_SECONDS, TOTAL_SECONDS = 5, 10


def guarded(*, allow_loopback: bool) -> Fetch:
    """The guarded client as a Fetch: one connection per call, 10 seconds at most. Never use it inside a scope."""

    def fetch(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        return outgoing.call_now(
            method,
            url,
            headers=headers,
            body=body,
            allow_loopback=allow_loopback,
            connect_timeout=CONNECT_SECONDS,
            total_timeout=TOTAL_SECONDS,
            keep=LARGEST + 1,
        )

    return fetch


def call(fetch: Fetch, method: str, url: str, *, what: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
    """What the provider answered, whatever its status but a redirect. Raises Refused, in sentences that begin with ``what``."""
    try:
        answer = fetch(method, url, {"Accept": "application/json", **(headers or {})}, body)
    except destinations.Refused as refused:
        raise Refused("oidc_address_refused", f"{what} is not at an address that we call. {refused.reason}") from refused
    except outgoing.Unreachable as unreachable:
        raise Refused("oidc_unreachable", f"{what} can't be reached. {unreachable.reason}") from unreachable
    if 300 <= answer.status < 400:
        raise Refused("oidc_answer_redirected", f"{what} answered with a redirect, which is not followed. Enter the final address.")
    if len(answer.body) > LARGEST:
        raise Refused("oidc_answer_too_large", f"{what} answered more than {LARGEST // 1024} KB.")
    return answer


def read(fetch: Fetch, url: str, *, what: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The JSON object at an address. Raises Refused, also for every status but 200."""
    answer = call(fetch, "GET", url, what=what, headers=headers)
    if answer.status != 200:
        raise Refused("oidc_answer_status", f"{what} answered with status {answer.status}.")
    return read_object(answer.body, kind="answer", what=what)
