"""Servers at the other end of a wire: one that takes traces (OTLP over HTTP), one for mail that says nothing at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Traces:
    """Spans as they come in: ``(service, name, kind, attributes, trace id, parent id)``."""

    def __init__(self) -> None:
        self.spans: list[dict[str, Any]] = []
        traces = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                traces._take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def _take(self, request: ExportTraceServiceRequest) -> None:
        for resource in request.resource_spans:
            service = next(a.value.string_value for a in resource.resource.attributes if a.key == "service.name")
            for scope in resource.scope_spans:
                for span in scope.spans:
                    attributes = {a.key: a.value.string_value or a.value.int_value for a in span.attributes}
                    self.spans.append(
                        {"service": service, "name": span.name, "kind": span.kind, "attributes": attributes, "id": span.span_id.hex(),
                         "trace": span.trace_id.hex(), "parent": span.parent_span_id.hex()}
                    )  # fmt: skip

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def silent_mail_server() -> Iterator[int]:
    """Takes connections and never greets: whoever sends a mail waits. Gives its port."""
    kept = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    kept.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
    for connection in kept:
        connection.close()
