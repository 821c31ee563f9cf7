"""Making a tenant that somebody can use: the tenant, its program, its first admin, and the way in for that admin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from tenantry.audit.services import Actor, record
from tenantry.people.models import User
from tenantry.people.staff import add_staff
from tenantry.tenancy.scope import scope
from tenantry.tenancy.services import create_tenant, discard_tenant, exists

from . import installation
from .program import change_program


@dataclass(frozen=True, slots=True)
class Founder:
    """The person who becomes the first admin, by an address that is normalized already."""

    email: str
    name: str


def found(*, slug: str, founder: Founder, program: dict[str, str], actor: Actor, within: Callable[[User], Any]) -> None:
    """Make a tenant with its first admin, all of it or nothing.

    ``within`` is called with the admin inside the tenant's scope, last, for what goes with it: a link, a mail, settings.
    Raises Problem 409 ``slug_taken``, 422.
    """
    with _taken_back() as made:
        made.append(create_tenant(slug=slug, name=program["name"]))
        _furnish(made[0], slug, founder, program, actor, within)


def found_first(*, slug: str, founder: Founder, program: dict[str, str], actor: Actor, within: Callable[[User], Any]) -> None:
    """The same for an installation without any admin: of two at once one wins. Raises also Problem 409 ``already_installed``.

    A tenant that is there already (``default``, or one made at the command line) is taken as it is.
    """
    with _taken_back() as made, transaction.atomic(using="default"):
        _first(made, slug, founder, program, actor, within)


def rehearse_first(*, slug: str, founder: Founder, program: dict[str, str], actor: Actor, within: Callable[[User], Any]) -> None:
    """Do all of ``found_first`` and undo it: what ``within`` has learnt is all that stays. Raises whatever that raises."""
    with suppress(_Enough), _taken_back() as made, transaction.atomic(using="default"):
        _first(made, slug, founder, program, actor, within)
        raise _Enough


class _Enough(Exception):
    """The rehearsal is over."""


def _first(made: list[UUID], slug: str, founder: Founder, program: dict[str, str], actor: Actor, within: Callable[[User], Any]) -> None:
    installation.one_at_a_time()
    installation.refuse_installed()
    if not exists(slug):
        made.append(create_tenant(slug=slug, name=program["name"]))
    _furnish(slug, slug, founder, program, actor, within)


@contextmanager
def _taken_back() -> Iterator[list[UUID]]:
    """Tenants are made by another role on another connection, which the roll-back doesn't reach: what failed is taken back after it."""
    made: list[UUID] = []
    try:
        yield made
    except BaseException:
        for tenant_id in made:
            discard_tenant(tenant_id)
        raise


def _furnish(tenant: UUID | str, slug: str, founder: Founder, program: dict[str, str], actor: Actor, within: Callable[[User], Any]) -> None:
    with scope(tenant):
        admin = add_staff(email=founder.email, name=founder.name, role="admin", actor=actor)
        record("tenant.created", actor=actor, label=slug)
        change_program(values=program, actor=actor)
        within(admin.user)
