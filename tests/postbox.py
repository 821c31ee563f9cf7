"""A mail server on this machine that keeps what it is given, for tests that let mails really leave."""

from __future__ import annotations

import asyncio
import email
import logging
import threading
import time
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from .servers import free_port

SECONDS = 15


@dataclass(frozen=True)
class Mail:
    """One that arrived."""

    to: str
    sender: str
    subject: str
    text: str


class Postbox:
    """What arrives at ``url``, an SMTP server without TLS. While ``gate`` is shut, senders wait for its answer."""

    def __init__(self) -> None:
        self.port, self.mails = free_port(), list[Mail]()
        self.gate = threading.Event()
        self.gate.set()
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        self._server = Controller(self, hostname="127.0.0.1", port=self.port)
        self._server.start()

    @property
    def url(self) -> str:
        """As TENANTRY_MAIL_URL wants it."""
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """aiosmtpd calls this with each mail."""
        found = email.message_from_bytes(envelope.content, _class=EmailMessage, policy=policy.default)
        body = found.get_body(("plain",))
        self.mails.append(Mail(envelope.rcpt_tos[0], str(found["from"]), str(found["subject"]), body.get_content() if body else ""))
        await asyncio.to_thread(self.gate.wait, SECONDS)
        return "250 OK"

    def to(self, address: str) -> list[Mail]:
        """What came for somebody so far."""
        return [mail for mail in self.mails if mail.to == address]

    def wait(self, address: str, *, count: int = 1) -> Mail:
        """The latest mail for somebody, once there are ``count``."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            if len(found := self.to(address)) >= count:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError(f"no {count} mails for {address} within {SECONDS} s: {self.mails}")

    def close(self) -> None:
        self._server.stop()
