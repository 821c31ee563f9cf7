"""Proving anew who one is, before a dangerous act: by password, second factor, mailed link, or the organization's own provider.

A door says ``require_recent(request)`` after its guard (``access.guards``; the rooms below this one need it too). It lets pass
whoever proved themselves within 15 minutes, as everybody has who has just signed in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from tenantry.access.guards import RECENT, is_recent, require_recent, unauthenticated
from tenantry.access.principal import principal_of
from tenantry.audit.services import Actor, record
from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.problems import Problem, invalid
from tenantry.mail import services as mail
from tenantry.tenancy.addresses import address, safe_path
from tenantry.tenancy.scope import aside

from . import links, passwords
from .factors import passing, passkeys
from .models import Session, SignInLink, User

__all__ = ["RECENT", "is_recent", "require_recent", "to_proof", "use_provider"]

Way = Callable[[Session, str], str]
_provider: Way = lambda session, next_path: ""  # noqa: E731  # replaced at start-up


def use_provider(way: Way) -> None:
    """The single sign-on's room hands in where a session of its providers proves anew: (session, next path) to an address."""
    global _provider
    _provider = way


def provider_url(session: Session, next_path: str) -> str:
    """Where the provider that vouched for this session asks its person again, or ``""``."""
    return _provider(session, next_path) if session.connection_id else ""


def to_proof(request: HttpRequest) -> HttpResponse:
    """To the page for it, and back to the page that was refused; for a form that was sent, to the page that it stood on."""
    back = request.get_full_path()
    if request.method != "GET":
        referer = urlsplit(request.headers.get("Referer", ""))
        back = referer.path if referer.netloc == request.get_host() else reverse("home")
    url = f"{reverse('prove')}?{urlencode({'next': safe_path(back)})}"
    if request.headers.get("HX-Request"):
        return HttpResponse("Prove that it is you.", status=403, headers={"HX-Redirect": url})
    return redirect(url)


def own_session(request: HttpRequest) -> Session:
    """The session that proves. Raises Problem 401."""
    session = principal_of(request).session
    if session is None:
        raise unauthenticated()
    return session


def ways(user: User, session: Session) -> list[str]:
    """By what this person can prove themself: ``password``, ``totp``, ``passkey``, ``recovery``, ``link``, ``sso``."""
    found = ["password"] if user.password else []
    found += [*passing.ways(user), "link"]
    return [*found, "sso"] if provider_url(session, "") else found


def by_password(*, session: Session, user: User, password: str, actor: Actor) -> None:
    """With the present password. Raises Problem 422 ``password_wrong``, 429."""
    if not user.password:
        raise invalid("You have no password. Prove it another way.", pointer="/password", code="password_wrong")
    try:
        passwords.require_current(user, password)
    except Problem as problem:
        _refused(user, problem, actor)
        raise problem.pointing(lambda name: "/password" if name == "/current" else name) from problem
    proved(session=session, user=user, way="password", actor=actor)


def by_code(*, session: Session, user: User, code: str, actor: Actor) -> None:
    """With a code of the app, or a recovery code. Raises Problem 422 ``code_wrong``, 429."""
    way = passing.check_code(user, code, actor=actor)
    proved(session=session, user=user, way=way, actor=actor)


def by_passkey(*, session: Session, user: User, credential: Any, place: passkeys.Place, actor: Actor) -> None:
    """With a passkey that verifies its person. Raises Problem 422 ``passkey_refused``."""
    way = passing.check_passkey(user, credential, place=place, purpose=passkeys.PROOF, actor=actor)
    proved(session=session, user=user, way=way, actor=actor)


def mail_link(*, user: User, next_path: str = "") -> None:
    """Mail a link that proves the session of the browser in which it is opened."""
    token = crypto.new_token()
    SignInLink(
        user=user, token_hash=crypto.digest(token), method=links.PROOF, next_path=safe_path(next_path), expires_at=now() + links.LIFETIME
    ).save(force_insert=True)
    url = address("prove_link", token=token)
    mail.queue(to=user.email, subject="Confirm that it is you", template="proof", context={"url": url, "user": user})


def by_link(*, session: Session, user: User, token: str, actor: Actor) -> str:
    """With a mailed link, once, in a session of the person it was mailed to. Returns where to go on. Raises Problem 410."""
    rows = SignInLink.objects.filter(token_hash=crypto.digest(token), method=links.PROOF, user=user, used_at__isnull=True)
    link = rows.filter(expires_at__gt=now()).first()
    if link is None or not rows.update(used_at=now()):
        raise Problem(410, "link_expired", "This link was used, has expired, or is somebody else's. Ask for a new one.")
    proved(session=session, user=user, way="link", actor=actor)
    return link.next_path


def proved(*, session: Session, user: User, way: str, actor: Actor) -> None:
    """The person has proven who they are, at this moment: for 15 minutes dangerous acts are open."""
    session.proved_at = now()
    session.save(update_fields=["proved_at"])
    record("user.proved", actor=actor, target=user, label=user.email, reason=way)


def _refused(user: User, problem: Problem, actor: Actor) -> None:
    with aside():
        record("user.proof_refused", actor=actor, target=user, label=user.email, reason=problem.code)
