"""How a mail leaves: SMTP by TENANTRY_MAIL_URL, or the log and /dev/mailbox in development."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

log = structlog.get_logger("tenantry.mail")


def configured() -> bool:
    """Whether mails reach a real server."""
    return settings.ENVIRONMENT.mail_url is not None


def send(*, to: str, subject: str, text: str, html: str) -> None:
    """Hand one mail over. Raises OSError or smtplib.SMTPException with the server's own words."""
    if not configured():
        log.info("mail (no server is set: shown here and at /dev/mailbox)", to=to, subject=subject, text="\n" + text)
        return
    mail = EmailMultiAlternatives(subject, text, settings.ENVIRONMENT.mail_from, [to], connection=smtp())
    mail.attach_alternative(html, "text/html")
    mail.send()


def smtp() -> EmailBackend:
    """The SMTP connection that TENANTRY_MAIL_URL describes; ``?tls=`` is starttls (default), implicit or none."""
    url = settings.ENVIRONMENT.mail_url
    assert url is not None
    parts = urlsplit(url.get_secret_value())
    tls = parse_qs(parts.query).get("tls", ["starttls"])[0]
    return EmailBackend(
        host=parts.hostname,
        port=parts.port or (465 if tls == "implicit" else 587),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        use_tls=tls == "starttls",
        use_ssl=tls == "implicit",
        timeout=15,
        fail_silently=False,
    )
