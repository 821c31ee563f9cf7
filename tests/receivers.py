"""Somebody else's server that receives webhooks: it keeps every request and answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECONDS = 15


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class Receiver:
    """Listens on loopback. ``answer`` gives ``(status, headers, body)`` for each request; None hangs until the end."""

    def __init__(self, answer: Callable[[Received], tuple[int, dict[str, str], bytes] | None] | None = None, *, port: int = 0) -> None:
        self.answer = answer or (lambda request: (204, {}, b""))
        self.received: list[Received] = []
        self.over = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                request = Received(self.path, dict(self.headers), self.rfile.read(length))
                receiver.received.append(request)
                told = receiver.answer(request)
                if told is None:
                    receiver.over.wait(30)
                    self.close_connection = True
                    return
                status, headers, body = told
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def wait(self, count: int, *, seconds: float = SECONDS) -> list[Received]:
        """The requests, once there are so many."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if len(self.received) >= count:
                return list(self.received)
            time.sleep(0.02)
        raise AssertionError(f"{len(self.received)} of {count} deliveries within {seconds} s")

    def close(self) -> None:
        """Whoever hangs is let go."""
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
