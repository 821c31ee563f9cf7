"""The scope: one transaction that can touch one tenant, and in it one set of organizations.

``scope(tenant_id)`` opens a transaction on the app role's connection and sets ``app.tenant_id`` and
``app.org_scope`` for its duration. Row-level security reads them. Nothing can be read or written outside one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from uuid import UUID

from django.db import connections, transaction
from psycopg.pq import TransactionStatus
from structlog.contextvars import bound_contextvars

from tenantry.kit import clock
from tenantry.kit.problems import Problem

from .windows import NearWindow, near

Everything = Literal["*"]
EVERYTHING: Everything = "*"


@dataclass(slots=True)
class Scope:
    """What the open transaction can touch. ``organizations`` is ``"*"`` or a set of organization ids.

    ``name``, ``support_email`` and ``colour`` are what pages and mails say of the tenant (workspaces/program.py).
    """

    tenant_id: UUID
    slug: str
    name: str
    using: str
    clock_offset: timedelta = timedelta(0)
    organizations: set[UUID] | Everything = field(default_factory=set)
    support_email: str = ""
    colour: str = ""
    windows: tuple[NearWindow, ...] = ()  # of maintenance: under way, or beginning within a day
    interrupted: bool = False  # by ``outside()``: what came before it is committed, whatever becomes of the rest


def _setting(organizations: set[UUID] | Everything) -> str:
    """The value of ``app.org_scope``."""
    return EVERYTHING if organizations == EVERYTHING else ",".join(sorted(map(str, organizations)))


_current: ContextVar[Scope | None] = ContextVar("scope", default=None)


def current() -> Scope:
    """The open scope. Raises RuntimeError outside one: a defect, never an answer to a client."""
    scope = _current.get()
    if scope is None:
        raise RuntimeError("No tenant scope is open: wrap this in tenancy.scope.scope(…).")
    return scope


def current_tenant_id() -> UUID:
    """The default of every ``tenant_id`` column. Raises RuntimeError outside a scope."""
    return current().tenant_id


@contextmanager
def scope(
    tenant: UUID | str, *, organizations: Iterable[UUID] | Everything = EVERYTHING, using: str = "default", suspended: bool = False
) -> Iterator[Scope]:
    """Open a transaction for one tenant, given by id or slug.

    An exception, or ``transaction.set_rollback(True)`` inside, undoes all of it. Opening another one inside
    on the same connection is a savepoint that gives the outer scope its settings back when it ends
    (``SET LOCAL`` outlives a savepoint). Raises Problem 404 ``tenant_not_found`` and 403 ``tenant_suspended``,
    the latter unless ``suspended`` says that it may be (its record can be proven all the same).
    """
    outer = _current.get()
    with transaction.atomic(using=using):
        entered = _enter(tenant, EVERYTHING if organizations == EVERYTHING else set(organizations), using, suspended=suspended)
        token, offset = _current.set(entered), clock.set_offset(entered.clock_offset)
        try:
            with bound_contextvars(tenant=str(entered.tenant_id)):
                yield entered
        finally:
            _current.reset(token)
            clock.set_offset(offset)
            if outer is not None and outer.using == using and _usable(using):
                _apply(outer)


@contextmanager
def entered(tenant_id: UUID, slug: str, clock_offset: timedelta) -> Iterator[None]:
    """For what is made in memory of a statement that has entered the tenant by itself (``edge/``): tells the clock and the rows' defaults
    whose they are. No connection is in this scope.
    """
    opened = Scope(tenant_id, slug, "", "", clock_offset)
    token, offset = _current.set(opened), clock.set_offset(clock_offset)
    try:
        yield
    finally:
        _current.reset(token)
        clock.set_offset(offset)


_ENTER = """
select id, slug, name, status, clock_offset, support_email, colour, maintenance_near(id::text),
       set_config('app.tenant_id', id::text, true), set_config('app.org_scope', %s, true)
  from tenancy_enter(%s)
"""


def _enter(tenant: UUID | str, organizations: set[UUID] | Everything, using: str, *, suspended: bool) -> Scope:
    with connections[using].cursor() as cursor:
        cursor.execute(_ENTER, [_setting(organizations), str(tenant)])
        row = cursor.fetchone()
    if row is None:
        raise Problem(404, "tenant_not_found", "There is no workspace at this address.")
    tenant_id, slug, name, status, offset, support_email, colour, windows, *_ = row
    if status == "suspended" and not suspended:
        raise Problem(403, "tenant_suspended", "This workspace is suspended. Its operator can lift that.")
    return Scope(tenant_id, slug, name, using, offset, organizations, support_email, colour, near(windows))


def _usable(using: str) -> bool:
    """False after an SQL error: until the roll-back the transaction takes no statement."""
    connection = connections[using]
    return not connection.needs_rollback and connection.connection.info.transaction_status != TransactionStatus.INERROR


def _apply(scope: Scope) -> None:
    with connections[scope.using].cursor() as cursor:
        cursor.execute(
            "select set_config('app.tenant_id', %s, true), set_config('app.org_scope', %s, true)",
            [str(scope.tenant_id), _setting(scope.organizations)],
        )


def narrow(organizations: Iterable[UUID] | Everything) -> None:
    """From now on in this transaction only these organizations' rows can be seen or written."""
    scope, wanted = current(), EVERYTHING if organizations == EVERYTHING else set(organizations)
    if wanted != scope.organizations:
        scope.organizations = wanted
        _apply(scope)


def admit(organization_id: UUID) -> None:
    """Add one organization to the scope: one just made, or one just joined."""
    scope = current()
    if scope.organizations != EVERYTHING:
        narrow({*scope.organizations, organization_id})


@contextmanager
def everywhere() -> Iterator[None]:
    """See all organizations of the tenant for a few statements.

    For what is asked before it is known who asks (an invitation's token, a person's own memberships).
    The places that may use it are listed in tests/house/test_scope.py.
    """
    scope = current()
    before = scope.organizations
    narrow(EVERYTHING)
    try:
        yield
    finally:
        if _usable(scope.using):
            narrow(before)
        else:
            scope.organizations = before


@contextmanager
def aside() -> Iterator[Scope]:
    """A transaction of its own within a request, for what must outlive a refusal (a failed sign-in).

    It runs on a second connection of the same role and tenant, and commits by itself. Never touch rows in
    it that the main transaction has locked.
    """
    with scope(current().tenant_id, using="aside") as opened:
        yield opened


@contextmanager
def outside() -> Iterator[None]:
    """Commit what was done so far, hold no transaction and no connection within, then go on in the same scope.

    For a call to another server whose outcome this request answers with (a test mail, a test event). Locks are released and
    rows that were loaded may have changed meanwhile; a refusal or a failure afterwards undoes only what came after. Nothing of
    the tenant can be touched within. Raises RuntimeError inside a scope in a scope or any other savepoint, whose promise to
    undo everything could not be kept. The places that may use it are listed in tests/house/test_scope.py.
    """
    opened = current()
    connection = connections[opened.using]
    blocks = [block for each in connections.all(initialized_only=True) for block in each.atomic_blocks]
    if len(blocks) != 1 or connection.needs_rollback:
        raise RuntimeError("The transaction can't be interrupted here: it is one within another, or is to be rolled back.")
    block = blocks[0]
    block.__exit__(None, None, None)
    connection.close()  # back to the pool: whoever is called may take his time
    opened.interrupted = True
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)
        block.__enter__()
        _apply(opened)
