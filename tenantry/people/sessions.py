"""Sessions: made at sign-in, found by cookie, listed, ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from tenantry.access.principal import NOBODY, Belonging, Principal
from tenantry.audit.services import Actor, record
from tenantry.kit import crypto, metrics
from tenantry.kit.clock import now
from tenantry.kit.context import request_info
from tenantry.kit.cookies import cookie_name
from tenantry.kit.problems import not_found
from tenantry.tenancy.scope import aside

from . import history, steps
from .factors import passing
from .impersonation import present
from .models import Session, Staff, User
from .rules import rules_of

COOKIE: Final[str] = cookie_name("tenantry_session", path="/t/" if settings.ENVIRONMENT.multi else "")
LIFETIME = timedelta(days=14)
IDLE = timedelta(days=3)
TOUCH_EVERY = timedelta(minutes=1)
LOOK_AGAIN: Final = 0  # a session's generation when its organizations' rules have changed: its next request looks at them, and tells nobody
UNFINISHED = timedelta(hours=1)  # how long somebody may take for the steps that remain
# What shows that a mailbox is the person's: a password or a passkey doesn't, it stays when the account's address becomes another.
# A provider shows it for the domains for which it speaks; sso/joining.py says so then.
BY_MAIL = frozenset({"link", "invitation", "recovery", "workspaces"})

Veto = Callable[[User, str, UUID | None], None]
_belongings: Callable[[UUID], Sequence[Belonging]] = lambda user_id: ()  # noqa: E731  # replaced at start-up
_vetoes: list[Veto] = []


def use_memberships(loader: Callable[[UUID], Sequence[Belonging]]) -> None:
    """The organizations room hands in how to find a person's live memberships."""
    global _belongings
    _belongings = loader


def add_veto(veto: Veto) -> None:
    """Let a room refuse a session: it is asked (person, method, connection) wherever one is made, and raises a Problem."""
    _vetoes.append(veto)


def acknowledge(user_id: UUID) -> None:
    """Who has just changed their own access (founded, joined) needn't be told so on the next page."""
    generation = User.objects.values_list("generation", flat=True).get(id=user_id)
    Session.objects.filter(user_id=user_id, ended_at__isnull=True).update(generation=generation, **_bounds(user_id))


def memberships_of(user_id: UUID) -> Sequence[Belonging]:
    """A person's live memberships, as far as the open scope reaches: for staff, all."""
    return tuple(_belongings(user_id))


def start_session(*, user: User, method: str, connection_id: UUID | None = None, until: datetime | None = None) -> tuple[Session, str]:
    """Sign a person in; returns the session and its cookie's token. The one place where a session is made.

    Whatever a room has against it is asked here (an organization that enforces its identity provider), so no path leads around
    it. ``connection_id``: the provider that vouched; ``until``: when its own session ends, and ours with it at the latest. Steps
    that remain stand in ``awaits``. Raises the Problem of a veto.
    """
    for veto in _vetoes:
        veto(user, method, connection_id)
    token, info, moment = crypto.new_token(), request_info.get(), now()
    end = moment + LIFETIME
    session = Session(
        user=user, token_hash=crypto.digest(token), generation=user.generation, method=method, device=device_of(info.user_agent),
        user_agent=info.user_agent, ip=info.ip, last_used_at=moment, expires_at=min(until or end, end), proved_at=moment,
        connection_id=connection_id, **_bounds(user.id),
    )  # fmt: skip
    steps.settle(session, user)
    session.save(force_insert=True)
    history.began(session, user)
    proven = user.email_verified_at or (moment if method in BY_MAIL else None)
    User.objects.filter(id=user.id).update(last_seen_at=moment, email_verified_at=proven)
    metrics.sign_ins.labels(method, "succeeded").inc()
    record("user.signed_in", actor=Actor("user", user.id, user.email, "portal"), target=user, label=user.email,
           reason=f"{method}, awaits {session.awaits}" if session.awaits else method)  # fmt: skip
    return session, token


def _bounds(user_id: UUID) -> dict[str, int | None]:
    """How long a person's sessions last and may lie unused, by the strictest of their organizations, in seconds."""
    rules = rules_of(user_id)
    return {
        "lifetime_seconds": int(rules.lifetime.total_seconds()) if rules.lifetime else None,
        "idle_seconds": int(rules.idle.total_seconds()) if rules.idle else None,
    }


def is_over(session: Session, moment: datetime) -> bool:
    """Whether a session has run out by the rules of its person's organizations."""
    if session.lifetime_seconds is not None and session.created_at + timedelta(seconds=session.lifetime_seconds) <= moment:
        return True
    return session.idle_seconds is not None and session.last_used_at + timedelta(seconds=session.idle_seconds) <= moment


def awaited(token: str) -> str:
    """The step that stands before a session which was made a moment ago, or ``""``."""
    return Session.objects.values_list("awaits", flat=True).get(token_hash=crypto.digest(token))


def principal_of_cookie(token: str) -> tuple[Principal, bool, Session | None]:
    """The person behind a cookie, whether what they may do changed since their last request, and the session of somebody who
    isn't through with signing in: for all but the steps that remain they are nobody.

    Memberships and roles are read anew each time, so a change counts from the very next request on. The whole tenant must
    be in scope.
    """
    moment = now()
    session = (
        Session.objects.select_related("user")
        .filter(token_hash=crypto.digest(token), ended_at__isnull=True, expires_at__gt=moment, last_used_at__gt=moment - IDLE)
        .first()
    )
    if session is None or session.user.status != User.Status.ACTIVE or is_over(session, moment):
        return NOBODY, False, None
    if session.awaits and not _is_excused(session):
        return NOBODY, False, session if moment - session.last_used_at < UNFINISHED else None
    stale = session.generation != session.user.generation
    changed = stale and session.generation != LOOK_AGAIN
    if stale or moment - session.last_used_at > TOUCH_EVERY:
        bounds = _bounds(session.user_id) if stale else {}  # they may belong to other organizations than at the last request
        for name, value in bounds.items():
            setattr(session, name, value)
        if is_over(session, moment):  # not noted as used, or it would be young again at the next request
            return NOBODY, False, None
        with aside():
            # The person before their sessions, as whoever revokes a person does: the other way round the two would wait in a circle.
            User.objects.filter(id=session.user_id).update(last_seen_at=moment)
            overdue = passing.set_up_stands_before(session.user, session)  # the time of grace ended while they were signed in
            session.awaits = passing.SETUP if overdue else ""
            Session.objects.filter(id=session.id).update(
                last_used_at=moment, generation=session.user.generation, awaits=session.awaits, **bounds
            )
        if overdue:
            return NOBODY, False, session
    staff_role = Staff.objects.filter(user_id=session.user_id, status=Staff.Status.ACTIVE).values_list("role", flat=True).first()
    memberships = tuple(_belongings(session.user_id))
    acting, over = present.acting(session, staff_role, _belongings) if staff_role else (None, "")
    principal = acting or Principal(
        via="session", user=session.user, session=session, staff_role=staff_role or "", memberships=memberships, over=over
    )
    return principal, changed, None


def _is_excused(session: Session) -> bool:
    """Whether it waited for a second factor to be set up, and nobody asks for one any more: the step is behind it then."""
    if session.awaits != passing.SETUP or passing.set_up_stands_before(session.user, session):
        return False
    with aside():
        return not steps.advance(session, session.user)


def live_sessions(user_id: UUID) -> list[Session]:
    """The sessions that still work, the latest used first."""
    moment = now()
    rows = Session.objects.filter(user_id=user_id, ended_at__isnull=True, expires_at__gt=moment, last_used_at__gt=moment - IDLE)
    return [session for session in rows.order_by("-last_used_at") if not is_over(session, moment)]


def end_session(*, session_id: UUID, user: User, actor: Actor) -> None:
    """End one session of a person. Raises Problem 404."""
    if not end_all(Session.objects.filter(id=session_id, user=user)):
        raise not_found("session")
    record("session.revoked", actor=actor, target=user, label=user.email)


def end_sessions(*, user: User, actor: Actor, reason: str = "", but: UUID | None = None, vouched: bool = False) -> int:
    """End all sessions of a person, perhaps but the present one, perhaps only those ``vouched`` for by a provider; returns how many."""
    rows = Session.objects.filter(user=user)
    if but:
        rows = rows.exclude(id=but)
    if vouched:
        rows = rows.filter(connection_id__isnull=False)
    ended = end_all(rows)
    if ended:
        record("session.revoked", actor=actor, target=user, label=f"{user.email}: {ended} sessions", reason=reason)
    return ended


def end_all(rows: QuerySet[Session]) -> int:
    """End those of these sessions that haven't ended, and what they do as somebody else with them; returns how many. The caller records
    it."""
    ids = list(rows.filter(ended_at__isnull=True).values_list("id", flat=True))
    present.over(ids)
    return Session.objects.filter(id__in=ids, ended_at__isnull=True).update(ended_at=now())


def signed_in(user_ids: Collection[UUID]) -> set[UUID]:
    """Those of some people who have a session that hasn't ended."""
    return set(Session.objects.filter(user_id__in=user_ids, ended_at__isnull=True).values_list("user_id", flat=True))


def sign_out(*, session: Session, user: User, everywhere: bool = False, actor: Actor) -> None:
    """End the present session, or all of the person's."""
    if everywhere:
        end_sessions(user=user, actor=actor, reason="signed out everywhere")
    else:
        end_all(Session.objects.filter(id=session.id))
    record("user.signed_out", actor=actor, target=user, label=user.email, reason="everywhere" if everywhere else "")


_SYSTEMS = [("iPhone|iPad", "iOS"), ("Android", "Android"), ("Mac OS X", "macOS"), ("Windows", "Windows"), ("Linux|X11", "Linux")]
_BROWSERS = [
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/|HeadlessChrome", "Chrome"),
    ("Safari/", "Safari"),
    ("curl|python|httpx", "a program"),
]


def device_of(user_agent: str) -> str:
    """“Firefox on Linux”: enough for a person to recognise their own device."""

    def first(table: list[tuple[str, str]], otherwise: str) -> str:
        return next((label for pattern, label in table if re.search(pattern, user_agent)), otherwise)

    return f"{first(_BROWSERS, 'A browser')} on {first(_SYSTEMS, 'an unknown system')}"
