"""Traces by OpenTelemetry, when its own variables name a receiver (``OTEL_EXPORTER_OTLP_ENDPOINT``); otherwise nothing of it is imported.

``start`` once in every serving process. Whoever does something that a trace should show wraps it: ``with span("mail.send"):``.
Attributes hold ids and words of few values, no personal data: traces leave the house.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

Kind = Literal["server", "client", "consumer", "internal"]
_provider: Any = None
_tracer: Any = None


def configured() -> bool:
    """Whether the environment names a receiver (OpenTelemetry specification, OTLP exporter)."""
    named = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return bool(named) and os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"


def start(service: str) -> None:
    """Send this process's spans from now on; ``service`` is its name unless ``OTEL_SERVICE_NAME`` says another."""
    global _provider, _tracer
    if _provider is not None or not configured():
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME") or service
    _provider = TracerProvider(resource=Resource.create({"service.name": name}))
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("tenantry")


def stop() -> None:
    """Send what is left. Takes as long as the receiver does, at most a few seconds."""
    global _provider, _tracer
    if _provider is not None:
        _provider.shutdown()
        _provider = _tracer = None


@contextmanager
def span(
    name: str, *, kind: Kind = "internal", headers: Mapping[str, str] | None = None, attributes: Mapping[str, str | int] | None = None
) -> Iterator[None]:
    """One step of a trace. ``headers`` are those of an incoming request, which may continue another's trace (W3C trace context).
    An exception marks the step as failed, by its type alone."""
    if _tracer is None:
        yield
        return
    from opentelemetry import propagate, trace

    with _tracer.start_as_current_span(
        name,
        context=propagate.extract(headers) if headers is not None else None,
        kind=trace.SpanKind[kind.upper()],
        attributes=attributes,
        record_exception=False,  # its message and its traceback may hold what nobody should see
        set_status_on_exception=False,
    ) as opened:
        try:
            yield
        except Exception as error:
            opened.set_attribute("error.type", type(error).__name__)
            opened.set_status(trace.StatusCode.ERROR)
            raise


def describe(attributes: Mapping[str, str | int]) -> None:
    """Say more of the present span."""
    if _tracer is not None:
        from opentelemetry import trace

        trace.get_current_span().set_attributes(attributes)


def describe_request(*, method: str, route: str, status: int, tenant: str = "", actor: str = "") -> None:
    """Name the present span after its route, once that is known."""
    if _tracer is None:
        return
    from opentelemetry import trace

    present = trace.get_current_span()
    present.update_name(f"{method} {route}")
    found: dict[str, str | int] = {
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": status,
        "tenantry.tenant": tenant,
        "tenantry.actor": actor,
    }
    present.set_attributes({name: value for name, value in found.items() if value})
    if status >= 500:
        present.set_status(trace.StatusCode.ERROR)
