"""Mail servers that speak for real: SMTP by aiosmtpd, and Postmark's API by a small HTTP server."""

from __future__ import annotations

import json
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from ..people import MAIL_SECONDS
from ..servers import free_port

USER, PASSWORD, TOKEN = "northwind", "plum-basket-73", "a1b2c3d4-server-token"
GONE, FULL = "gone@contoso.example", "full@contoso.example"


@dataclass
class Received:
    """What a server took. ``wait(n)`` is the first n mails, once they are there."""

    mails: list[Any] = field(default_factory=list)
    before: Callable[[], None] = lambda: None  # called before a mail is taken

    def wait(self, count: int = 1) -> list[Any]:
        until = time.monotonic() + MAIL_SECONDS
        while len(self.mails) < count and time.monotonic() < until:
            time.sleep(0.02)
        assert len(self.mails) >= count, f"{len(self.mails)} mails came, not {count}"
        return self.mails


class _Handler:
    """Takes mails for everybody but ``GONE``, who isn't there, and ``FULL``, who is asked to come later."""

    def __init__(self, received: Received) -> None:
        self.received = received

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address == GONE:
            return "550 5.1.1 The mailbox you tried to reach does not exist"
        if address == FULL:
            return "452 4.2.2 The mailbox is full, come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.received.before()
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.received.mails.append(mail)
        return "250 OK queued as 17"


def _login(server: Any, session: Any, envelope: Any, mechanism: str, auth_data: Any) -> AuthResult:
    right = auth_data is not None and (auth_data.login, auth_data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False, message=None if right else "535 5.7.8 Username and Password not accepted")


class Smtp(Received):
    """An SMTP server on loopback, without TLS. ``settings`` are what leads to it."""

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        self.controller = Controller(
            _Handler(self), hostname="127.0.0.1", port=self.port, authenticator=_login, auth_require_tls=False, auth_required=True
        )

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "transport": "smtp", "host": "127.0.0.1", "port": self.port, "tls": "none", "username": USER, "password": PASSWORD,
            "from_email": "hello@northwind.example",
        }  # fmt: skip


@contextmanager
def smtp() -> Iterator[Smtp]:
    """A running SMTP server that wants a login."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a login without TLS: it is a server on loopback
        server = Smtp()
        server.controller.start()
    try:
        yield server
    finally:
        server.controller.stop()


class Postmark(Received):
    """Postmark's ``/email`` (https://postmarkapp.com/developer/api/email-api), its token and its inactive recipients."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[str] = []
        received = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                received.tokens.append(self.headers.get("X-Postmark-Server-Token", ""))
                status, answer = received.answer(self.path, body)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                """Nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.tokens[-1] != TOKEN:
            return 401, {"ErrorCode": 10, "Message": "The Server Token you provided in the request was invalid."}
        if body["To"] in (GONE, FULL):
            inactive = f"Found inactive addresses: {body['To']}. Inactive recipients are ones that have generated a hard bounce."
            said = f"You tried to send to recipient(s) that have been marked as inactive. {inactive}"
            return 422, {"ErrorCode": 406, "Message": said if body["To"] == GONE else "Words that nobody has seen before."}
        assert path == "/email", path
        sent = {"To": body["To"], "MessageID": str(uuid4()), "ErrorCode": 0, "Message": "OK", "SubmittedAt": "2026-01-01T00:00:00Z"}
        self.mails.append({**body, "MessageID": sent["MessageID"]})
        return 200, sent

    @property
    def settings(self) -> dict[str, Any]:
        options = {"api_url": f"http://127.0.0.1:{self.http.server_port}/"}
        return {"transport": "postmark", "token": TOKEN, "from_email": "hello@northwind.example", "options": options}


@contextmanager
def postmark() -> Iterator[Postmark]:
    """A running server that speaks Postmark's API."""
    server = Postmark()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
