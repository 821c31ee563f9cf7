"""Hand one mail to one server, and say in one word why it wasn't taken. No database is touched here."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import make_msgid, parseaddr

import requests
import structlog
from anymail.exceptions import AnymailError, AnymailRecipientsRefused
from anymail.message import AnymailMessage
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

from tenantry.kit.destinations import Refused

from . import guard
from .letters import Written
from .providers import TIMEOUT_SECONDS, backend
from .routes import CONSOLE, NONE, SMTP, Route

log = structlog.get_logger("tenantry.mail")
LONGEST_ERROR = 1000
# What went wrong, as pages say it.
WORDS = {
    "not_configured": "No mail server is set.",
    "login_refused": "The server refuses the user name, password or token.",
    "sender_refused": "The server refuses the sender's address.",
    "recipient_refused": "The server refuses the recipient's address.",
    "mail_refused": "The server refuses the mail.",
    "busy": "The server takes no mail at the moment.",
    "timed_out": "The server doesn't answer in time.",
    "tls_failed": "No encrypted connection to the server came about.",
    "unreachable": "The server can't be reached.",
    "host_refused": "The server's address is none that this installation connects to.",
}


_NOT_TAKEN = {"invalid", "rejected", "failed"}


class Undelivered(Exception):
    """A mail wasn't taken. ``code`` is one of ``WORDS``, ``said`` the server's own words, ``final`` says that trying again is vain.

    Its text is the code alone: what servers say has addresses in it, and exceptions end up in logs.
    """

    def __init__(self, code: str, said: str, *, final: bool = False) -> None:
        super().__init__(code)
        self.code, self.said, self.final = code, said[:LONGEST_ERROR], final


def send(route: Route, *, to: str, mail: Written) -> str:
    """Hand a mail over; returns what the provider calls it, if it does. Waits for the network. Raises Undelivered."""
    if route.transport == NONE:
        raise Undelivered("not_configured", "", final=True)
    if route.transport == CONSOLE:
        log.info("mail (no server is set: shown here and at /dev/mailbox)", to=to, subject=mail.subject, text="\n" + mail.text)
        return ""
    with _told(route):
        message = _message(route, to, mail)
        message.send()
    status = getattr(message, "anymail_status", None)
    if status is None:
        return ""
    refused = getattr(status.esp_response, "status_code", 200) >= 400
    if refused or not status.status or status.status <= _NOT_TAKEN:
        # Anymail reads some outcomes from sentences; one that it doesn't know is “unknown” to it, and no success.
        raise Undelivered("recipient_refused", _without(_answered(status.esp_response), route), final=True)
    return str(status.message_id or "")[:200]


def greet(route: Route) -> None:
    """Connect to an SMTP server and sign in, without sending anything. Raises Undelivered."""
    with _told(route):
        connection = _smtp(route)
        connection.open()
        connection.close()


def _message(route: Route, to: str, mail: Written) -> EmailMultiAlternatives:
    kind = EmailMultiAlternatives if route.transport == SMTP else AnymailMessage
    domain = parseaddr(route.sender)[1].rpartition("@")[2]
    message = kind(
        mail.subject, mail.text, route.sender, [to], connection=_connection(route),
        reply_to=[route.reply_to] if route.reply_to else None,
        # RFC 3834: nobody's holiday answers it. The identifier names the sender's domain, not this machine.
        headers={"Auto-Submitted": "auto-generated", "Message-ID": make_msgid(domain=domain)} if kind is EmailMultiAlternatives else None,
    )  # fmt: skip
    message.attach_alternative(mail.html, "text/html")
    return message


def _connection(route: Route) -> BaseEmailBackend:
    if route.transport == SMTP:
        return _smtp(route)
    made = backend(route.transport, secrets=dict(route.secrets), options=dict(route.options))
    if route.guarded and route.options.get("api_url"):
        make = made.create_session  # type: ignore[attr-defined]  # of anymail's backends, which have no types
        made.create_session = lambda: guard.guard_session(make())  # type: ignore[attr-defined]  # as above
    return made


def _smtp(route: Route) -> EmailBackend:
    return (guard.GuardedSmtp if route.guarded else EmailBackend)(
        host=route.host,
        port=route.port,
        username=route.username,
        password=route.secrets.get("password", ""),
        use_tls=route.tls == "starttls",
        use_ssl=route.tls == "implicit",
        timeout=TIMEOUT_SECONDS,
        fail_silently=False,
    )


@contextmanager
def _told(route: Route) -> Iterator[None]:
    """Whatever goes wrong, as Undelivered. It doesn't carry the original along: that quotes addresses and credentials."""
    try:
        yield
    except Exception as error:
        code, said, final = _judged(error)
        if code is None:
            raise
        raise Undelivered(code, _without(said, route), final=final) from None


def _judged(error: Exception) -> tuple[str | None, str, bool]:
    """``(code, what was said, final)``; no code for what is a defect of ours."""
    if isinstance(error, Refused):
        return "host_refused", error.reason, True
    if isinstance(error, AnymailError | requests.RequestException):
        return _of_provider(error)
    if isinstance(error, smtplib.SMTPException):
        return _of_smtp(error)
    if isinstance(error, ssl.SSLError):
        return "tls_failed", getattr(error, "verify_message", "") or error.reason or str(error), False
    if isinstance(error, TimeoutError):
        return "timed_out", str(error), False
    if isinstance(error, OSError):
        return "unreachable", error.strerror or str(error), False
    if isinstance(error, UnicodeError | ValueError):  # an address or a header that can't be written as one
        return "mail_refused", str(error), True
    return None, "", False


def _of_smtp(error: smtplib.SMTPException) -> tuple[str, str, bool]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        number, said = next(iter(error.recipients.values()))
        return ("recipient_refused" if number >= 500 else "busy"), _line(number, said), number >= 500
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "tls_failed" if "STARTTLS" in str(error) else "login_refused", str(error), False
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return ("timed_out" if "timed out" in str(error) else "unreachable"), str(error), False
    if isinstance(error, smtplib.SMTPResponseException):
        number = error.smtp_code
        code = "mail_refused"
        if isinstance(error, smtplib.SMTPAuthenticationError):
            return "login_refused", _line(number, error.smtp_error), False
        if isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError):
            return "unreachable", _line(number, error.smtp_error), False
        if isinstance(error, smtplib.SMTPSenderRefused):
            code = "sender_refused"
        return (code if number >= 500 else "busy"), _line(number, error.smtp_error), number >= 500
    return "login_refused" if "auth" in str(error).lower() else "mail_refused", str(error), False


def _line(number: int, said: bytes | str) -> str:
    return f"{number} {said.decode(errors='replace') if isinstance(said, bytes) else said}"


def _of_provider(error: Exception) -> tuple[str, str, bool]:
    response = getattr(error, "response", None)
    if response is None:
        if isinstance(error, requests.exceptions.SSLError):
            return "tls_failed", "The server's certificate was not accepted.", False
        if isinstance(error, requests.Timeout):
            return "timed_out", "No answer in time.", False
        if isinstance(error, requests.RequestException):
            refused = _cause(error)
            return ("host_refused", refused.reason, True) if refused else ("unreachable", "No connection to the API.", False)
        return "mail_refused", str(error).partition("\n")[0], True
    said = _answered(response)
    if isinstance(error, AnymailRecipientsRefused):
        return "recipient_refused", said, True
    if response.status_code in (401, 403):
        return "login_refused", said, False
    if response.status_code in (408, 429) or response.status_code >= 500:
        return "busy", said, False
    return "mail_refused", said, True


def _answered(response: requests.Response | None) -> str:
    return f"{response.status_code} {_sentence(response)}".strip() if isinstance(response, requests.Response) else ""


def _cause(error: BaseException | None) -> Refused | None:
    """The guard's refusal, however deep the HTTP client has wrapped it."""
    while error is not None:
        if isinstance(error, Refused):
            return error
        error = error.__cause__ or error.__context__
    return None


def _sentence(response: requests.Response) -> str:
    """What a provider's answer says, in whichever member it says it."""
    try:
        body = response.json()
    except ValueError:
        return response.text[:300]
    if isinstance(body, dict):
        for name in ("Message", "message", "error", "detail", "errors", "ErrorMessage"):
            found = body.get(name)
            if isinstance(found, list) and found:
                found = found[0].get("message") if isinstance(found[0], dict) else found[0]
            if isinstance(found, dict):
                found = found.get("message")
            if isinstance(found, str) and found:
                return found
    return response.text[:300]


def _without(said: str, route: Route) -> str:
    """The server's words without our secrets, should it have repeated one, and on one line."""
    for secret in route.secrets.values():
        if len(secret) >= 4:
            said = said.replace(secret, "•••")
    return re.sub(r"\s+", " ", said).strip()
