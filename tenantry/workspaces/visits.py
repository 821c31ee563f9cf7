"""``/workspaces``: one proven address, every tenant that knows it.

The proof is a link that the installation itself mails, never a tenant: whoever runs a tenant's mail server could read it
and would be let into all the others. A tenant is entered through its own door (``people.entry``), which may refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connections

from tenantry.access import limits
from tenantry.audit.services import Actor
from tenantry.kit import crypto
from tenantry.kit.clock import now
from tenantry.kit.cookies import cookie_name
from tenantry.kit.emails import normalize
from tenantry.kit.problems import Problem
from tenantry.people import entry, sessions
from tenantry.people.models import Session, User
from tenantry.tenancy.addresses import address
from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import tenant_ids

from .models import Entry, Visit

COOKIE = cookie_name("tenantry_workspaces", path="/workspaces")
LIFETIME = sessions.LIFETIME  # as long as the sessions that it may have to end
LINK_LIFETIME = timedelta(minutes=15)
METHOD = "workspaces"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant as its user sees it in the list."""

    slug: str
    name: str
    url: str
    last_seen_at: datetime | None


def ask(email: str) -> str:
    """Have a link mailed if any tenant knows this address; returns it as it was read. Raises Problem 422, 429.

    A job looks, so that neither the answer nor its time tells whether there is one.
    """
    from .tasks import mail_link

    found = normalize(email)
    limits.count("workspaces_email", crypto.digest(found).hex())
    limits.count("workspaces")
    mail_link.defer(email=found)
    return found


def make_link(email: str) -> str:
    """A fresh token for a proven address's link; it stands in the mail and nowhere else."""
    token = crypto.new_token()
    Visit(email=email, link_hash=crypto.digest(token), link_expires_at=now() + LINK_LIFETIME).save(using="platform", force_insert=True)
    return token


def tenants_of(email: str) -> Sequence[UUID]:
    """The active tenants in which an active user has proven this address. Call it outside of any scope."""
    with connections["default"].cursor() as cursor:
        cursor.execute("select * from workspaces_of(%s, %s)", [email, tenant_ids(even_held=True)])
        return [row[0] for row in cursor.fetchall()]


def peek(token: str) -> Visit:
    """The visit behind a mailed link that still works. Raises Problem 410 ``link_expired``. Changes nothing."""
    visit = _visits().filter(link_hash=crypto.digest(token), token_hash__isnull=True, link_expires_at__gt=now()).first()
    if visit is None:
        raise Problem(410, "link_expired", "This link was used or has expired. Ask for a new one.")
    return visit


def begin(token: str) -> str:
    """Burn a link; returns the cookie's token. Of two clicks at once one wins. Raises Problem 410 ``link_expired``."""
    visit, secret = peek(token), crypto.new_token()
    values = {"token_hash": crypto.digest(secret), "expires_at": now() + LIFETIME}
    if not _visits().filter(id=visit.id, token_hash__isnull=True).update(**values):
        raise Problem(410, "link_expired", "This link was used a moment ago. Ask for a new one.")
    return secret


def visit_of(token: str) -> Visit | None:
    """The visit behind a cookie, if it still goes on."""
    if not token:
        return None
    return _visits().filter(token_hash=crypto.digest(token), ended_at__isnull=True, expires_at__gt=now()).first()


def workspaces(visit: Visit) -> list[Workspace]:
    """Where this person may enter, by name; looked up anew each time."""
    found = []
    for tenant_id in tenants_of(visit.email):
        with scope(tenant_id) as opened:
            seen = User.objects.filter(email=visit.email).values_list("last_seen_at", flat=True).first()
            found.append(Workspace(opened.slug, opened.name, address("home"), seen))
    return sorted(found, key=lambda one: one.name.casefold())


def enter(*, visit: Visit, slug: str) -> str:
    """Start a session in a tenant; returns its cookie's token.

    What this visit started there before is ended. Raises Problem 403 ``user_suspended`` / ``tenant_suspended``, 404.
    """
    with scope(slug) as opened:
        user, session, token = entry.by_proof(email=visit.email, method=METHOD)
        _end(user, [row.session_id for row in _entries(visit) if row.tenant_id == opened.tenant_id], visit)
        # Noted on its own connection before the session is there: one that can't be ended from here must not come into being.
        Entry(visit_id=visit.id, tenant_id=opened.tenant_id, session_id=session.id).save(using="platform", force_insert=True)
    return token


def sign_out(visit: Visit) -> None:
    """End the visit and every session that it started, in suspended tenants as well."""
    _visits().filter(id=visit.id).update(ended_at=now())
    started: dict[UUID, list[UUID]] = {}
    for row in _entries(visit):
        started.setdefault(row.tenant_id, []).append(row.session_id)
    for tenant_id, session_ids in started.items():
        with scope(tenant_id, suspended=True):
            user = User.objects.filter(email=visit.email).first()
            if user:
                _end(user, session_ids, visit)


def _end(user: User, session_ids: list[UUID], visit: Visit) -> None:
    for session_id in Session.objects.filter(id__in=session_ids, user=user, ended_at__isnull=True).values_list("id", flat=True):
        sessions.end_session(session_id=session_id, user=user, actor=Actor("user", user.id, visit.email, "portal"))


def _visits():  # type: ignore[no-untyped-def]  # a manager of a model without a tenant
    return Visit.objects.using("platform")


def _entries(visit: Visit) -> list[Entry]:
    return list(Entry.objects.using("platform").filter(visit_id=visit.id))
