"""One-time links by e-mail: 15 minutes, single use; looking at one doesn't burn it."""

from __future__ import annotations

from datetime import timedelta

from tenantry.audit.services import CLI, record
from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem, not_found
from tenantry.mail import services as mail
from tenantry.tenancy.addresses import address, safe_path

from .models import SignInLink, User
from .sessions import start_session
from .users import suspended

LIFETIME = timedelta(minutes=15)
PROOF = "proof"  # the method of links that sign nobody in: proof.py


def make_link(*, user: User, next_path: str = "", method: str = "link", token: str = "") -> str:
    """A fresh sign-in address for a person; the token is in it and nowhere else (unless the caller gave it one)."""
    token = token or crypto.new_token()
    SignInLink(user=user, token_hash=crypto.digest(token), method=method, next_path=safe_path(next_path), expires_at=now() + LIFETIME).save(
        force_insert=True
    )
    return address("sign_in_link", token=token)


def send_link(*, email: str, next_path: str = "") -> None:
    """Mail a sign-in link, if there is such a person. Called by a job, so that the asker's answer and its time tell nothing."""
    user = User.objects.filter(email=normalize(email), status=User.Status.ACTIVE).first()
    if user is None:
        return
    url = make_link(user=user, next_path=next_path)
    mail.queue(to=user.email, subject="Your sign-in link", template="sign_in", context={"url": url, "user": user})


def recovery_url(*, email: str) -> str:
    """A link made at the command line, for somebody who can't get mail. Raises Problem 404."""
    user = User.objects.filter(email=normalize(email)).first()
    if user is None:
        raise not_found("user")
    record("link.made", actor=CLI, target=user, label=user.email)
    return make_link(user=user, method="recovery")


def peek(token: str) -> SignInLink:
    """The link behind a token, if it still works. Raises Problem 410 ``link_expired``. Changes nothing."""
    link = SignInLink.objects.select_related("user").filter(token_hash=crypto.digest(token)).exclude(method=PROOF).first()
    if link is None or link.used_at or link.expires_at <= now():
        raise Problem(410, "link_expired", "This sign-in link was used or has expired. Ask for a new one.")
    return link


def use_link(*, token: str) -> tuple[User, str, str]:
    """Burn a link and sign its person in; returns the user, the session's token and where to go next.

    Of two clicks at once one wins: the update is conditional. Raises Problem 410, 403 ``user_suspended``.
    """
    link = peek(token)
    if not SignInLink.objects.filter(id=link.id, used_at__isnull=True).update(used_at=now()):
        raise Problem(410, "link_expired", "This sign-in link was used a moment ago. Ask for a new one.")
    if link.user.status != User.Status.ACTIVE:
        raise suspended(link.user)
    _, session_token = start_session(user=link.user, method=link.method)
    return link.user, session_token, link.next_path
