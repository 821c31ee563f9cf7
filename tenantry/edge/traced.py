"""The outermost ASGI layer: one span for each request, when traces are sent at all."""

from __future__ import annotations

import asyncio
from typing import Any

from tenantry.kit import tracing

from .hot import ASGI


class Traced:
    """Begins a span, or continues the caller's; what the request was is said once it is answered (``tracing.describe_request``)."""

    def __init__(self, application: ASGI, *, service: str) -> None:
        self.application, self.service = application, service

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            tracing.start(self.service)  # in the process that serves, not in the one that started it
            await self.application(scope, receive, send)
            await asyncio.to_thread(tracing.stop)
        elif scope["type"] == "http" and tracing.configured():
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            with tracing.span(scope["method"], kind="server", headers=headers):
                await self.application(scope, receive, send)
        else:
            await self.application(scope, receive, send)
