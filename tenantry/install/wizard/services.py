"""Taking charge of an installation: the first tenant (or ``default``), its program, its mail, its admin.

Everything is rehearsed in a transaction that is rolled back; then the mail with the sign-in link leaves; and only when the
mail server took it, the same is done for good. So a server that refuses leaves nobody half installed, and no network call
happens inside a scope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from tenantry.access import limits
from tenantry.audit.services import Actor
from tenantry.kit import crypto
from tenantry.kit.problems import Problem, invalid
from tenantry.mail import letters, routes, transports
from tenantry.mail import settings as mail_settings
from tenantry.mail.letters import Written
from tenantry.mail.routes import Route
from tenantry.mail.settings import Wanted
from tenantry.people.links import make_link
from tenantry.people.models import User
from tenantry.tenancy.addresses import address_in
from tenantry.tenancy.services import DEFAULT_SLUG, check_form
from tenantry.workspaces import installation, program
from tenantry.workspaces.founding import Founder, found_first, rehearse_first
from tenantry.workspaces.signup import founder_of, slug_of

AS_ENVIRONMENT = Wanted(routes.ENVIRONMENT)


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall be installed, every part of it valid by itself."""

    slug: str
    founder: Founder
    program: dict[str, str]
    mail: Wanted


@dataclass(frozen=True, slots=True)
class Installed:
    """The tenant that can be used now; ``link`` signs its admin in, once."""

    slug: str
    url: str
    email: str
    link: str


def plan(*, email: str, name: str, program_values: Mapping[str, Any], slug: str, mail: Wanted = AS_ENVIRONMENT) -> Plan:
    """Judge everything that can be judged before anything is done. Raises Problem 422, the program's with ``/program/…``."""
    founder, values = founder_of(email=email, name=name), clean_program(program_values)
    return Plan(slug_for(slug, values["name"]), founder, values, mail)


def clean_program(values: Mapping[str, Any]) -> dict[str, str]:
    """``program.clean`` with pointers that begin with ``/program``. Raises Problem 422."""
    try:
        return program.clean(values)
    except Problem as problem:
        raise problem.pointing(lambda pointer: f"/program{pointer}") from problem


def slug_for(slug: str, name: str) -> str:
    """The first tenant's slug: ``default`` where there is one tenant only. Raises Problem 422."""
    if not settings.ENVIRONMENT.multi:
        return DEFAULT_SLUG
    found = slug_of(slug, name)
    check_form(found)
    return found


def install(wanted: Plan, *, source: str) -> Installed:
    """Take charge, over the web. Raises Problem 409 ``already_installed``, 422, 429, 502 ``mail_failed`` with the server's words."""
    installation.refuse_installed()
    limits.count("install", "all")
    actor, token = Actor("system", None, "First-run set-up", source), crypto.new_token()
    mail, route = _rehearse(wanted, actor, token)
    _send(route, wanted.founder.email, mail)
    return _carry_out(wanted, actor, token)


def install_quietly(wanted: Plan, *, actor: Actor) -> Installed:
    """Take charge at the command line, which shows the link itself. Raises Problem 409 ``already_installed``, 422."""
    installation.refuse_installed()
    return _carry_out(wanted, actor, crypto.new_token())


def _rehearse(wanted: Plan, actor: Actor, token: str) -> tuple[Written, Route]:
    """Try it and undo it; returns the mail that it would send and the way which that would take. Raises whatever can't be done."""
    learnt: list[tuple[Written, Route]] = []

    def write(admin: User) -> None:
        _choose(wanted, actor)
        context = {"url": _link(wanted.slug, token), "user": admin, "address": address_in(wanted.slug, "home")}
        mail = letters.write("welcome", subject=f"{wanted.program['name']} is ready", context=context)
        learnt.append((mail, routes.present()))

    rehearse_first(slug=wanted.slug, founder=wanted.founder, program=wanted.program, actor=actor, within=write)
    return learnt[0]


def _choose(wanted: Plan, actor: Actor) -> None:
    """Save the choice of a mail server. Raises Problem 422 with pointers that begin with ``/mail``."""
    if wanted.mail == AS_ENVIRONMENT:
        return
    try:
        mail_settings.change(wanted=wanted.mail, actor=actor)
    except Problem as problem:
        raise problem.pointing(lambda pointer: f"/mail{pointer}") from problem


def _send(route: Route, to: str, mail: Written) -> None:
    if route.transport == routes.NONE:
        raise invalid("Choose a mail server: without one nobody can sign in.", pointer="/mail/transport")
    try:
        transports.send(route, to=to, mail=mail)
    except transports.Undelivered as refused:
        words = f"{transports.WORDS.get(refused.code, '')} Nothing was installed."
        raise Problem(502, "mail_failed", words.strip(), reason=refused.code, server_said=refused.said) from refused


def _carry_out(wanted: Plan, actor: Actor, token: str) -> Installed:
    def let_in(admin: User) -> None:
        _choose(wanted, actor)
        make_link(user=admin, token=token)

    found_first(slug=wanted.slug, founder=wanted.founder, program=wanted.program, actor=actor, within=let_in)
    return Installed(wanted.slug, address_in(wanted.slug, "home"), wanted.founder.email, _link(wanted.slug, token))


def _link(slug: str, token: str) -> str:
    return address_in(slug, "sign_in_link", token=token)
