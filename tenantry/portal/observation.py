"""What is noted of every request once it is answered: one line in the log, the counts, and the span of its trace."""

from __future__ import annotations

import re
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponseBase

from tenantry.access.principal import principal_of
from tenantry.kit import metrics, tracing

log = structlog.get_logger("tenantry.request")
METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())
# What is asked for every few seconds by machines would drown everything else.
_UNLOGGED = ("/static/", "/health", "/metrics")


def observe(request: HttpRequest, response: HttpResponseBase, *, seconds: float) -> None:
    """Count and log one answered request. ``seconds``: how long it took, from the first middleware to the last."""
    method, route = request.method if request.method in METHODS else "other", route_of(request)
    who = identifiers(request)
    metrics.requests.labels(method, route, str(response.status_code)).inc()
    metrics.request_seconds.labels(method, route).observe(seconds)
    tracing.describe_request(method=str(method), route=route, status=response.status_code, **who)
    if not request.path_info.startswith(_UNLOGGED):
        # The path without its query: a token in a link must not reach the log.
        path = re.sub(r"(/(?:link|invitations)/)[A-Za-z0-9_-]{20,}", r"\1…", request.path)
        log.info("request", method=request.method, path=path, status=response.status_code, ms=round(seconds * 1000, 1), **who)


def route_of(request: HttpRequest) -> str:
    """The address as it is written in the urls, so that there are only so many of them."""
    if request.path_info.startswith("/static/"):
        return "/static/"
    match = request.resolver_match
    return f"/{match.route}" if match is not None else "none"


def identifiers(request: Any) -> dict[str, str]:
    """The ids of the tenant and of who asks, as far as known: what a line may say about a person."""
    tenant, principal = getattr(request, "tenant", None), principal_of(request)
    return {
        name: value
        for name, value in (("tenant", str(tenant.tenant_id) if tenant is not None else ""), ("actor", principal.public_id))
        if value
    }
